-- One row a key that is or was held. The row is the lock: whoever changes it has locked it.
CREATE TABLE locks (
  key        text        PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
  token      bigint      NOT NULL,
  -- Null: free.
  holder     uuid,
  expires_at timestamptz,
  freed_at   timestamptz,
  CHECK ((holder IS NULL) = (expires_at IS NULL))
) WITH (fillfactor = 70);

-- Swept after a day: tokens come from a sequence, so they rise also where a key was forgotten.
CREATE INDEX locks_free ON locks (freed_at) WHERE holder IS NULL;
CREATE SEQUENCE lock_tokens AS bigint;

-- Those who wait. A place is given under the row lock of the key, so places are in the order of arrival.
CREATE TABLE lock_line (
  key         text        NOT NULL,
  place       bigint      GENERATED ALWAYS AS IDENTITY,
  holder      uuid        NOT NULL,
  alive_until timestamptz NOT NULL,
  PRIMARY KEY (key, place),
  UNIQUE (key, holder)
);

/* The first in line who is alive. */
CREATE FUNCTION next_in_line(of_key text) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT holder FROM lock_line WHERE key = of_key AND alive_until > clock_timestamp() ORDER BY place LIMIT 1
$$;

CREATE FUNCTION wake_next_in_line(of_key text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  next uuid := next_in_line(of_key);
BEGIN
  IF next IS NOT NULL THEN PERFORM pg_notify('labwright_locks', next::text); END IF;
END
$$;

/*
 * Taking and joining the line are one: ON CONFLICT locks the row of the key whether or not its WHERE holds, so a release
 * comes either before, and the key is found free, or after, and finds us in the line.
 */
CREATE FUNCTION take_lock(of_key text, by_holder uuid, ttl_ms float8, line_ms float8)
RETURNS TABLE (token bigint, free_in_ms float8) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  taken bigint;
  first uuid;
BEGIN
  INSERT INTO locks AS l (key, token, holder, expires_at)
  VALUES (of_key, nextval('lock_tokens'), by_holder, clock_timestamp() + make_interval(secs => ttl_ms / 1000))
  ON CONFLICT (key) DO UPDATE
  SET token = nextval('lock_tokens'), holder = by_holder, freed_at = NULL,
      expires_at = clock_timestamp() + make_interval(secs => ttl_ms / 1000)
  WHERE (l.holder IS NULL OR l.expires_at <= clock_timestamp())
    AND coalesce((SELECT w.holder FROM lock_line w WHERE w.key = of_key AND w.alive_until > clock_timestamp()
                  ORDER BY w.place LIMIT 1), by_holder) = by_holder
  RETURNING l.token INTO taken;
  IF taken IS NOT NULL THEN
    DELETE FROM lock_line WHERE key = of_key AND (holder = by_holder OR alive_until <= clock_timestamp());
    RETURN QUERY SELECT taken, NULL::float8;
    RETURN;
  END IF;
  IF line_ms > 0 THEN
    INSERT INTO lock_line AS w (key, holder, alive_until)
    VALUES (of_key, by_holder, clock_timestamp() + make_interval(secs => line_ms / 1000))
    ON CONFLICT (key, holder) DO UPDATE SET alive_until = excluded.alive_until;
  END IF;
  first := next_in_line(of_key);
  RETURN QUERY SELECT NULL::bigint,
    CASE WHEN coalesce(first, by_holder) = by_holder THEN greatest(0, extract(epoch FROM l.expires_at - clock_timestamp()) * 1000)::float8 END
    FROM locks l WHERE l.key = of_key;
END
$$;

CREATE FUNCTION release_lock(of_key text, by_holder uuid, with_token bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE locks SET holder = NULL, expires_at = NULL, freed_at = clock_timestamp()
  WHERE key = of_key AND holder = by_holder AND token = with_token;
  IF NOT FOUND THEN RETURN false; END IF;
  -- A statement of its own: it sees who joined the line before the row was locked.
  PERFORM wake_next_in_line(of_key);
  RETURN true;
END
$$;

CREATE FUNCTION leave_lock(of_key text, by_holder uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM locks WHERE key = of_key FOR UPDATE;
  DELETE FROM lock_line WHERE key = of_key AND holder = by_holder;
  UPDATE locks SET holder = NULL, expires_at = NULL, freed_at = clock_timestamp()
  WHERE key = of_key AND (holder = by_holder OR expires_at <= clock_timestamp());
  IF EXISTS (SELECT FROM locks WHERE key = of_key AND holder IS NULL) THEN
    PERFORM wake_next_in_line(of_key);
  END IF;
END
$$;
