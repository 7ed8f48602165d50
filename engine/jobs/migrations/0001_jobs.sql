CREATE TYPE job_state AS ENUM
  ('scheduled', 'waiting', 'ready', 'running', 'retrying', 'succeeded', 'failed', 'dead', 'cancelled');

CREATE TABLE jobs (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue        text        NOT NULL,
  task         text        NOT NULL,
  args         jsonb       NOT NULL,
  state        job_state   NOT NULL,
  -- Lower goes first.
  priority     smallint    NOT NULL DEFAULT 0,
  attempts     smallint    NOT NULL DEFAULT 0,
  max_attempts smallint    NOT NULL,
  -- Milliseconds that one attempt may take.
  timeout_ms   integer,
  key          text,
  unique_key   text,
  -- Whether a job that waits for its key was looked at.
  seen         boolean     NOT NULL DEFAULT false,
  worker       bigint,
  cancel_asked boolean     NOT NULL DEFAULT false,
  created_at   timestamptz NOT NULL DEFAULT now(),
  run_at       timestamptz,
  expires_at   timestamptz,
  started_at   timestamptz,
  finished_at  timestamptz,
  progress     real,
  progress_text text,
  result       jsonb,
  error        jsonb,
  -- W3C traceparent of whoever asked for it.
  trace        text,
  CHECK ((state = 'running') = (worker IS NOT NULL))
);

-- Few indexes and checks: each costs every insert its preparation, also where its predicate does not hold.
-- What a claim walks, in its order.
CREATE INDEX jobs_ready ON jobs (queue, priority, id) WHERE state = 'ready';
-- Promise: one key, one job.
CREATE UNIQUE INDEX jobs_one_a_key ON jobs (key) WHERE key IS NOT NULL AND state IN ('ready', 'running', 'retrying');
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
  WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'waiting', 'ready', 'running', 'retrying');
-- The line of a key; those that nobody has looked at come first.
CREATE INDEX jobs_waiting ON jobs (seen, key, priority, id) WHERE state = 'waiting';
-- For the beats and the end of a worker: it fills with what the worker has done, until a vacuum.
CREATE INDEX jobs_of_worker ON jobs (worker, cancel_asked) WHERE state = 'running';
-- What waits for its time, and what waits for a person.
CREATE INDEX jobs_parked ON jobs (state, run_at, id) WHERE state IN ('scheduled', 'retrying', 'failed', 'dead');

-- What became of attempts that did not succeed.
CREATE TABLE job_attempts (
  job_id   bigint      NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  attempt  smallint    NOT NULL,
  worker   bigint,
  error    jsonb       NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (job_id, attempt)
);

CREATE TABLE job_queues (
  name      text    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
  paused    boolean NOT NULL DEFAULT false,
  -- A worker sleeps for want of work: who enqueues wakes it.
  wanted    boolean NOT NULL DEFAULT false
);

CREATE TABLE job_workers (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text        NOT NULL,
  queues      text[]      NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  alive_until timestamptz NOT NULL
);
CREATE INDEX job_workers_alive_until ON job_workers (alive_until);

/*
 * Makes the first of each key ready where the key is free. Locks the keys, in one order for all; what is looked up
 * afterwards is seen as it is then.
 */
CREATE FUNCTION settle_job_keys(of_keys text[]) RETURNS TABLE (id bigint, queue text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM pg_advisory_xact_lock(5003, hash) FROM (SELECT DISTINCT hashtext(k) AS hash FROM unnest(of_keys) AS k ORDER BY 1) AS locks;
  RETURN QUERY
    WITH first AS (
      SELECT head.id FROM (SELECT DISTINCT k FROM unnest(of_keys) AS k) AS keys
      CROSS JOIN LATERAL (
        SELECT candidate.id FROM (
          (SELECT j.id, j.priority FROM jobs j WHERE NOT j.seen AND j.key = keys.k AND j.state = 'waiting' ORDER BY j.priority, j.id LIMIT 1)
          UNION ALL
          (SELECT j.id, j.priority FROM jobs j WHERE j.seen AND j.key = keys.k AND j.state = 'waiting' ORDER BY j.priority, j.id LIMIT 1)
        ) AS candidate ORDER BY candidate.priority, candidate.id LIMIT 1
      ) AS head
      WHERE NOT EXISTS (SELECT FROM jobs a WHERE a.key = keys.k AND a.state IN ('ready', 'running', 'retrying'))
    )
    UPDATE jobs j SET state = 'ready', seen = true FROM first WHERE j.id = first.id AND j.state = 'waiting'
    RETURNING j.id, j.queue;
END
$$;

/* Looks at jobs with a key that nobody has looked at yet; answers how many, and the queues that have work by that. */
CREATE FUNCTION settle_unseen_jobs(most integer) RETURNS TABLE (found integer, queues text[]) LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  keys text[];
  woken text[];
BEGIN
  SELECT array_agg(id), array_agg(DISTINCT key) INTO ids, keys
  FROM (SELECT id, key FROM jobs WHERE state = 'waiting' AND NOT seen ORDER BY seen, key, priority, id LIMIT most FOR UPDATE SKIP LOCKED) AS unseen;
  IF ids IS NULL THEN
    RETURN QUERY SELECT 0, '{}'::text[];
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT s.queue) INTO woken FROM settle_job_keys(keys) AS s;
  UPDATE jobs SET seen = true WHERE id = ANY (ids) AND state = 'waiting';
  RETURN QUERY SELECT cardinality(ids), coalesce(woken, '{}');
END
$$;

/* Notifies the workers that sleep at these queues. */
CREATE FUNCTION wake_job_workers(at_queues text[]) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('labwright_jobs', name) FROM job_queues WHERE name = ANY (at_queues) AND wanted
$$;

/*
 * The ends of jobs with keys, and what becomes ready by them. The keys are locked after the ends are written: see
 * settle_job_keys. The next job of a key goes straight to the worker that ended the one before, where it serves the queue and
 * nothing else is ready there: otherwise it takes its turn.
 */
CREATE FUNCTION succeed_keyed_jobs(ids bigint[], results jsonb[], by_worker bigint, for_queues text[])
RETURNS TABLE (id bigint, next boolean, task text, args jsonb, key text, attempts smallint, max_attempts smallint, timeout_ms integer, trace text, expired boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ended bigint[];
  keys text[];
  settled bigint[];
BEGIN
  -- As in a claim: on record until this is committed, or nothing is handed on.
  PERFORM FROM job_workers w WHERE w.id = by_worker FOR KEY SHARE;
  IF NOT FOUND THEN for_queues := '{}'; END IF;
  WITH done AS (
    UPDATE jobs j SET state = 'succeeded', worker = NULL, finished_at = clock_timestamp(), progress = 1,
      result = results[array_position(ids, j.id)]
    WHERE j.id = ANY (ids) AND j.state = 'running' AND j.worker + 0 = by_worker
    RETURNING j.id, j.key)
  SELECT array_agg(done.id), array_agg(done.key) INTO ended, keys FROM done;
  RETURN QUERY SELECT e, false, NULL::text, NULL::jsonb, NULL::text, NULL::smallint, NULL::smallint, NULL::integer, NULL::text, NULL::boolean
    FROM unnest(ended) AS e;
  SELECT array_agg(s.id) INTO settled FROM settle_job_keys(keys) AS s;
  IF settled IS NULL THEN RETURN; END IF;
  RETURN QUERY
    UPDATE jobs j SET state = 'running', worker = by_worker, attempts = j.attempts + 1, started_at = clock_timestamp()
    WHERE j.id = ANY (settled) AND j.queue = ANY (for_queues)
      AND NOT EXISTS (SELECT FROM job_queues q WHERE q.name = j.queue AND q.paused)
      AND NOT EXISTS (SELECT FROM jobs r WHERE r.queue = j.queue AND r.state = 'ready' AND r.id <> ALL (settled))
    RETURNING j.id, true, j.task, j.args, j.key, j.attempts, j.max_attempts, j.timeout_ms, j.trace, coalesce(j.expires_at <= clock_timestamp(), false);
  PERFORM wake_job_workers(array_agg(DISTINCT j.queue)) FROM jobs j WHERE j.id = ANY (settled) AND j.state = 'ready';
END
$$;

CREATE FUNCTION end_job_attempt(of_job bigint, of_attempt integer, by_worker bigint, to_state job_state, with_error jsonb, retry_at timestamptz)
RETURNS TABLE (id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_id bigint;
  found_key text;
BEGIN
  UPDATE jobs j SET state = to_state, worker = NULL, error = with_error, run_at = coalesce(retry_at, j.run_at),
    finished_at = CASE WHEN to_state <> 'retrying' THEN clock_timestamp() END
  WHERE j.id = of_job AND j.state = 'running' AND j.worker + 0 = by_worker
  RETURNING j.id, j.key INTO found_id, found_key;
  IF found_id IS NULL THEN RETURN; END IF;
  INSERT INTO job_attempts (job_id, attempt, worker, error) VALUES (of_job, of_attempt, by_worker, with_error)
  ON CONFLICT DO NOTHING;
  IF to_state <> 'retrying' AND found_key IS NOT NULL THEN
    PERFORM wake_job_workers(array_agg(s.queue)) FROM settle_job_keys(ARRAY[found_key]) AS s;
  END IF;
  RETURN QUERY SELECT found_id;
END
$$;

/*
 * The end of a worker: nothing that it says later is heard. Its jobs are ready again; where it died, they are dead if that was
 * their last attempt, for a job that kills its worker must end. Answers how many jobs it had.
 */
CREATE FUNCTION bury_job_worker(of_worker bigint, died boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  handed integer;
  keys text[];
  at_queues text[];
BEGIN
  DELETE FROM job_workers WHERE id = of_worker AND (NOT died OR alive_until < clock_timestamp());
  IF NOT FOUND THEN RETURN 0; END IF;
  WITH ended AS (
    UPDATE jobs j SET
      state = CASE WHEN j.cancel_asked THEN 'cancelled'::job_state
                   WHEN died AND j.attempts >= j.max_attempts THEN 'dead'::job_state ELSE 'ready'::job_state END,
      worker = NULL,
      attempts = CASE WHEN died THEN j.attempts ELSE j.attempts - 1 END,
      finished_at = CASE WHEN j.cancel_asked OR died AND j.attempts >= j.max_attempts THEN clock_timestamp() END,
      error = CASE WHEN died THEN jsonb_build_object('name', 'WorkerDied', 'message', 'its worker fell silent') ELSE j.error END
    WHERE j.worker = of_worker AND j.state = 'running'
    RETURNING j.id, j.attempts, j.state, j.key, j.queue
  ), noted AS (
    INSERT INTO job_attempts (job_id, attempt, worker, error)
    SELECT ended.id, ended.attempts, of_worker, jsonb_build_object('name', 'WorkerDied', 'message', 'its worker fell silent')
    FROM ended WHERE died
    ON CONFLICT DO NOTHING
  )
  SELECT count(*), array_agg(ended.key) FILTER (WHERE ended.state <> 'ready' AND ended.key IS NOT NULL), array_agg(DISTINCT ended.queue)
  INTO handed, keys, at_queues FROM ended;
  IF keys IS NOT NULL THEN PERFORM settle_job_keys(keys); END IF;
  PERFORM wake_job_workers(at_queues);
  RETURN handed;
END
$$;

CREATE FUNCTION cancel_job(of_job bigint) RETURNS TABLE (id bigint, state job_state) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before job_state;
  of_key text;
BEGIN
  SELECT j.state, j.key INTO before, of_key FROM jobs j WHERE j.id = of_job FOR UPDATE;
  IF before = 'running' THEN
    UPDATE jobs j SET cancel_asked = true WHERE j.id = of_job;
  ELSIF before IN ('scheduled', 'waiting', 'ready', 'retrying') THEN
    UPDATE jobs j SET state = 'cancelled', finished_at = clock_timestamp() WHERE j.id = of_job;
    IF of_key IS NOT NULL AND before IN ('ready', 'retrying') THEN
      PERFORM wake_job_workers(array_agg(s.queue)) FROM settle_job_keys(ARRAY[of_key]) AS s;
    END IF;
  END IF;
  RETURN QUERY SELECT j.id, j.state FROM jobs j WHERE j.id = of_job;
END
$$;

CREATE FUNCTION requeue_job(of_job bigint) RETURNS TABLE (id bigint, state job_state) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  at_queue text;
BEGIN
  UPDATE jobs j SET state = (CASE WHEN j.key IS NULL THEN 'ready' ELSE 'waiting' END)::job_state, seen = false, attempts = 0,
    cancel_asked = false, finished_at = NULL, error = NULL, progress = NULL, progress_text = NULL, run_at = NULL
  WHERE j.id = of_job AND j.state IN ('failed', 'dead', 'cancelled')
  RETURNING j.queue INTO at_queue;
  IF at_queue IS NULL THEN RETURN; END IF;
  PERFORM wake_job_workers(ARRAY[at_queue]);
  RETURN QUERY SELECT j.id, j.state FROM jobs j WHERE j.id = of_job;
END
$$;
