/*
 * What is counted for whom. Unlogged: a decision writes no WAL and waits for no disk, and all that a crash of the server costs is
 * that everybody has a full budget again. A standby has none of it, for the same reason.
 */
CREATE UNLOGGED TABLE limit_states (
  key        text     PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
  -- Bucket: the microsecond at which it is full again. Window: the number of its newest slice.
  at         bigint   NOT NULL,
  -- Counts of the newest slice of a window and of the ten before it; null for a bucket.
  counts     bigint[] CHECK (cardinality(counts) = 11),
  -- In whole ten minutes: what is written with each request is in no index, so that it is changed in place (HOT).
  kept_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- For the sweep.
CREATE INDEX limit_states_kept_until ON limit_states (kept_until);

/* What one check comes to. The same sums as in stores/memory/judge.ts. */
CREATE FUNCTION judge_limit(
  INOUT at bigint, INOUT counts bigint[], is_window boolean, unit bigint, most bigint, cost bigint, now_us bigint,
  -- Before and after it is charged; `at` and `counts` are what to keep then.
  OUT wait_us bigint, OUT remaining bigint, OUT whole_us bigint, OUT charged_remaining bigint, OUT charged_whole_us bigint
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  old_counts bigint[] := counts;
  full_at bigint;
  newest bigint;
  shift bigint;
  total bigint := 0;
  youngest integer;
  over bigint;
BEGIN
  wait_us := 0;
  IF NOT is_window THEN
    full_at := greatest(at, now_us);
    at := full_at + cost * unit;
    counts := NULL;
    wait_us := greatest(0, at - (now_us + most * unit));
    remaining := greatest(0, (now_us + most * unit - full_at) / unit);
    whole_us := full_at - now_us;
    charged_remaining := (now_us + most * unit - at) / unit;
    charged_whole_us := at - now_us;
    RETURN;
  END IF;
  newest := greatest(at, now_us / unit);
  shift := newest - at;
  counts := array_fill(0::bigint, ARRAY[11]);
  FOR place IN 1..11 LOOP
    IF place - shift >= 1 THEN
      counts[place] := coalesce(old_counts[place - shift], 0);
      total := total + counts[place];
      IF youngest IS NULL AND counts[place] > 0 THEN youngest := place; END IF;
    END IF;
  END LOOP;
  over := total + cost - most;
  FOR place IN REVERSE 11..1 LOOP
    EXIT WHEN over <= 0;
    over := over - counts[place];
    wait_us := (newest + 12 - place) * unit - now_us;
  END LOOP;
  at := newest;
  counts[1] := counts[1] + cost;
  remaining := greatest(0, most - total);
  whole_us := coalesce((newest + 12 - youngest) * unit - now_us, 0);
  charged_remaining := most - total - cost;
  charged_whole_us := (newest + 11) * unit - now_us;
END
$$;

/* The state of a key, locked; a new key has one that is whole. */
CREATE FUNCTION lock_limit(of_key text, OUT state limit_states) LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    SELECT * INTO state FROM limit_states WHERE key = of_key FOR UPDATE;
    EXIT WHEN FOUND;
    -- Another decision may make it, and a sweep may take it away, at the same time: hence the loop.
    INSERT INTO limit_states (key, at, counts, kept_until)
    VALUES (of_key, 0, NULL, clock_timestamp() + interval '20 minutes')
    ON CONFLICT DO NOTHING;
  END LOOP;
END
$$;

/* Ten minutes as one number: to the next whole one after this microsecond. */
CREATE FUNCTION limit_kept_until(whole_at_us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT to_timestamp((whole_at_us / 600000000 + 1) * 600)
$$;

/*
 * One decision: every check passes and all are charged, or none is. The rows are locked in the order in which the keys are given, which is
 * sorted, so that two decisions never wait for each other in a circle. The time is read once all of them are locked.
 */
CREATE FUNCTION take_limits(
  keys text[], windows boolean[], units bigint[], mosts bigint[], costs bigint[], given_us bigint
) RETURNS TABLE (remaining float8, wait_us float8, whole_us float8) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  now_us bigint := given_us;
  next_at bigint;
  states limit_states[];
  state limit_states;
  judged record;
  allowed boolean := true;
  waits bigint[];
  remains bigint[];
  wholes bigint[];
  charged_remains bigint[];
  charged_wholes bigint[];
BEGIN
  -- One bucket that has enough, as nearly all have: one write. Everything else takes the long way, and comes to the same.
  IF cardinality(keys) = 1 AND NOT windows[1] THEN
    now_us := coalesce(given_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    UPDATE limit_states AS l
    SET at = greatest(l.at, now_us) + costs[1] * units[1],
        kept_until = limit_kept_until(greatest(l.at, now_us) + costs[1] * units[1])
    WHERE l.key = keys[1] AND greatest(l.at, now_us) + costs[1] * units[1] <= now_us + mosts[1] * units[1]
    RETURNING l.at INTO next_at;
    IF FOUND THEN
      remaining := (now_us + mosts[1] * units[1] - next_at) / units[1];
      wait_us := 0;
      whole_us := next_at - now_us;
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  FOR i IN 1..cardinality(keys) LOOP
    states[i] := lock_limit(keys[i]);
  END LOOP;
  now_us := coalesce(given_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  FOR i IN 1..cardinality(keys) LOOP
    state := states[i];
    judged := judge_limit(state.at, state.counts, windows[i], units[i], mosts[i], costs[i], now_us);
    state.at := judged.at;
    state.counts := judged.counts;
    states[i] := state;
    waits[i] := judged.wait_us;
    remains[i] := judged.remaining;
    wholes[i] := judged.whole_us;
    charged_remains[i] := judged.charged_remaining;
    charged_wholes[i] := judged.charged_whole_us;
    allowed := allowed AND judged.wait_us = 0;
  END LOOP;
  IF NOT allowed THEN
    RETURN QUERY SELECT r::float8, w::float8, u::float8 FROM unnest(remains, waits, wholes) AS t (r, w, u);
    RETURN;
  END IF;
  FOR i IN 1..cardinality(keys) LOOP
    state := states[i];
    UPDATE limit_states SET
      at = state.at, counts = state.counts, kept_until = limit_kept_until(now_us + charged_wholes[i])
    WHERE limit_states.key = keys[i];
  END LOOP;
  RETURN QUERY SELECT r::float8, 0::float8, u::float8 FROM unnest(charged_remains, charged_wholes) AS t (r, u);
END
$$;
