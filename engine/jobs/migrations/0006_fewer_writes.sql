/*
 * A job that is cancelled while it is aside is one of its queue again. After the change and not before it: a trigger before locks each row
 * of every update for itself, which is a record more in the log of PostgreSQL for the end of each job.
 */
DROP TRIGGER jobs_leave_lane ON jobs;
CREATE OR REPLACE FUNCTION leave_job_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE jobs j SET queue = l.queue FROM job_lanes l WHERE j.id = NEW.id AND l.name = j.queue;
  RETURN NULL;
END
$$;
CREATE TRIGGER jobs_leave_lane AFTER UPDATE OF state ON jobs FOR EACH ROW
  WHEN (OLD.state = 'ready' AND NEW.state = 'cancelled') EXECUTE FUNCTION leave_job_lane();

/*
 * As before, from a key on: what was looked at leaves dead entries, and who begins at the start each time walks over all of them until a vacuum.
 * The key itself is in again: some of its jobs may not have been looked at.
 */
DROP FUNCTION settle_unseen_jobs(integer);
CREATE FUNCTION settle_unseen_jobs(most integer, from_key text DEFAULT '') RETURNS TABLE (found integer, queues text[], last_key text) LANGUAGE plpgsql AS $$
DECLARE
  firsts bigint[];
  others bigint[];
  done bigint[];
  keys text[];
  woken text[];
BEGIN
  -- One after the other, and no row is locked before its key: who ends a job holds the key when it wants the next row.
  PERFORM pg_advisory_xact_lock(5003);
  SELECT array_agg(id) FILTER (WHERE first), array_agg(id) FILTER (WHERE NOT first), array_agg(key) FILTER (WHERE first)
  INTO firsts, others, keys
  FROM (SELECT id, key, lag(key) OVER (ORDER BY key, priority, id) IS DISTINCT FROM key AS first
        FROM (SELECT id, key, priority FROM jobs WHERE state = 'waiting' AND NOT seen AND key >= from_key
              ORDER BY seen, key, priority, id LIMIT most) AS unseen) AS line;
  IF firsts IS NULL THEN
    RETURN QUERY SELECT 0, '{}'::text[], NULL::text;
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(5003, hash) FROM (SELECT DISTINCT hashtext(k) AS hash FROM unnest(keys) AS k ORDER BY 1) AS locks;
  WITH settled AS (
    UPDATE jobs j SET state = 'ready', seen = true
    WHERE j.id = ANY (firsts) AND j.state::text = 'waiting' AND NOT j.seen
      AND NOT EXISTS (SELECT FROM jobs a WHERE a.key = j.key AND a.state IN ('ready', 'sent', 'running', 'retrying') OFFSET 0)
    RETURNING j.id, j.queue)
  SELECT array_agg(DISTINCT settled.queue), array_agg(settled.id) INTO woken, done FROM settled;
  -- The others wait for whoever has their key. Where nobody has it by now, they stay new.
  IF others IS NOT NULL OR cardinality(done) IS DISTINCT FROM cardinality(firsts) THEN
    UPDATE jobs j SET seen = true
    WHERE j.id = ANY (firsts || others) AND j.state::text = 'waiting' AND NOT j.seen
      AND EXISTS (SELECT FROM jobs a WHERE a.key = j.key AND a.state IN ('ready', 'sent', 'running', 'retrying') OFFSET 0);
  END IF;
  RETURN QUERY SELECT cardinality(firsts) + coalesce(cardinality(others), 0), coalesce(woken, '{}'), (SELECT max(k) FROM unnest(keys) AS k);
END
$$;

/*
 * As before, with fewer looks: a running job is told by its worker alone, and whether a key is free need not be asked by who frees it. Nobody else could have
 * made a job of it ready: the end is not committed, and the key is locked.
 */
CREATE OR REPLACE FUNCTION succeed_keyed_jobs(ids bigint[], results jsonb[], by_worker bigint, for_queues text[])
RETURNS TABLE (id bigint, next boolean, task text, args jsonb, key text, priority smallint, attempts smallint, max_attempts smallint, timeout_ms integer, trace text, flow bigint, expired boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ended bigint[];
  keys text[];
  heads bigint[];
  -- Queues of which this worker may go on, and tasks of which nobody may without being let.
  mine text[];
  limited text[];
BEGIN
  -- As in a claim: on record until this is committed, or nothing is handed on.
  PERFORM FROM job_workers w WHERE w.id = by_worker FOR KEY SHARE;
  IF NOT FOUND THEN for_queues := '{}'; END IF;
  WITH done AS (
    UPDATE jobs j SET state = 'succeeded', worker = NULL, finished_at = clock_timestamp(), progress = 1,
      result = results[array_position(ids, j.id)]
    WHERE j.id = ANY (ids) AND j.worker + 0 = by_worker
    RETURNING j.id, j.key)
  SELECT array_agg(done.id), array_agg(done.key) INTO ended, keys FROM done;
  RETURN QUERY SELECT e, false, NULL::text, NULL::jsonb, NULL::text, NULL::smallint, NULL::smallint, NULL::smallint, NULL::integer, NULL::text, NULL::bigint, NULL::boolean
    FROM unnest(ended) AS e;
  PERFORM pg_advisory_xact_lock(5003, hash) FROM (SELECT DISTINCT hashtext(k) AS hash FROM unnest(keys) AS k ORDER BY 1) AS locks;
  heads := ARRAY (
    SELECT DISTINCT ON (candidate.k) candidate.id FROM (
      SELECT k, j.id, j.priority FROM unnest(keys) AS k CROSS JOIN LATERAL (
        SELECT w.id, w.priority FROM jobs w WHERE NOT w.seen AND w.key = k AND w.state = 'waiting' ORDER BY w.priority, w.id LIMIT 1) AS j
      UNION ALL
      SELECT k, j.id, j.priority FROM unnest(keys) AS k CROSS JOIN LATERAL (
        SELECT w.id, w.priority FROM jobs w WHERE w.seen AND w.key = k AND w.state = 'waiting' ORDER BY w.priority, w.id LIMIT 1) AS j
    ) AS candidate ORDER BY candidate.k, candidate.priority, candidate.id);
  IF heads = '{}' THEN RETURN; END IF;
  -- Once for all heads, not for each.
  mine := ARRAY (
    SELECT name FROM unnest(for_queues) AS name
    WHERE NOT EXISTS (SELECT FROM job_queues q WHERE q.name = name AND q.paused)
      AND NOT EXISTS (SELECT FROM job_limits l WHERE l.scope = 'queue' AND l.name = name)
      AND NOT EXISTS (SELECT FROM jobs r WHERE r.queue = name AND r.state = 'ready' OFFSET 0));
  limited := ARRAY (SELECT l.name FROM job_limits l WHERE l.scope = 'task');
  -- One change for both: what this worker goes on with is never ready in between.
  RETURN QUERY
    WITH changed AS (
      UPDATE jobs j SET seen = true,
        state = (CASE WHEN j.queue = ANY (mine) AND j.task <> ALL (limited) THEN 'running' ELSE 'ready' END)::job_state,
        worker = CASE WHEN j.queue = ANY (mine) AND j.task <> ALL (limited) THEN by_worker END,
        attempts = j.attempts + (j.queue = ANY (mine) AND j.task <> ALL (limited))::integer,
        started_at = CASE WHEN j.queue = ANY (mine) AND j.task <> ALL (limited) THEN clock_timestamp() ELSE j.started_at END
      WHERE j.id = ANY (heads) AND j.state::text = 'waiting'
      RETURNING j.id, j.state, j.queue, j.task, j.args, j.key, j.priority, j.attempts, j.max_attempts, j.timeout_ms, j.trace, j.flow, j.expires_at),
    woken AS MATERIALIZED (
      SELECT wake_job_workers(array_agg(DISTINCT c.queue)) FROM changed c WHERE c.state = 'ready' HAVING count(*) > 0)
    SELECT c.id, true, c.task, c.args, c.key, c.priority, c.attempts, c.max_attempts, c.timeout_ms, c.trace, c.flow, coalesce(c.expires_at <= clock_timestamp(), false)
    FROM changed c WHERE c.state = 'running' AND (SELECT count(*) FROM woken) >= 0;
  -- Somebody cancelled it meanwhile: see settle_job_keys.
  IF EXISTS (SELECT FROM jobs j WHERE j.id = ANY (heads) AND j.state NOT IN ('ready', 'running')) THEN
    PERFORM wake_job_workers(array_agg(s.queue)) FROM settle_job_keys(keys) AS s;
  END IF;
END
$$;
