CREATE TYPE job_state AS ENUM
  ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying', 'succeeded', 'failed', 'dead', 'cancelled');

-- What every statement looks at comes first, and what is of one width before what is not: where a row is read up to a column, all
-- those before it are walked.
CREATE TABLE jobs (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at   timestamptz NOT NULL DEFAULT now(),
  state        job_state   NOT NULL,
  -- Lower goes first.
  priority     smallint    NOT NULL DEFAULT 0,
  attempts     smallint    NOT NULL DEFAULT 0,
  max_attempts smallint    NOT NULL,
  -- Whether a job that waits for its key was looked at.
  seen         boolean     NOT NULL DEFAULT false,
  cancel_asked boolean     NOT NULL DEFAULT false,
  queue        text        NOT NULL,
  task         text        NOT NULL,
  args         jsonb       NOT NULL,
  -- Not null exactly while it runs.
  worker       bigint,
  key          text,
  unique_key   text,
  run_at       timestamptz,
  -- Milliseconds that one attempt may take.
  timeout_ms   integer,
  expires_at   timestamptz,
  started_at   timestamptz,
  finished_at  timestamptz,
  progress     real,
  progress_text text,
  result       jsonb,
  error        jsonb,
  -- W3C traceparent of whoever asked for it.
  trace        text
);

-- Few indexes and no checks: each costs every insert its preparation, also where its predicate does not hold.
-- What a claim walks, in its order.
CREATE INDEX jobs_ready ON jobs (queue, priority, id) WHERE state = 'ready';
-- Promise: one key, one job.
CREATE UNIQUE INDEX jobs_one_a_key ON jobs (key) WHERE key IS NOT NULL AND state IN ('ready', 'sent', 'running', 'retrying');
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
  WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying');
-- The line of a key; those that nobody has looked at come first.
CREATE INDEX jobs_waiting ON jobs (seen, key, priority, id) WHERE state = 'waiting';
-- For the beats and the end of a worker: it fills with what the worker has done, until a vacuum. The id makes entries distinct and
-- rising: many equal ones cost their page a search for room at each insert.
CREATE INDEX jobs_of_worker ON jobs (worker, cancel_asked, id) WHERE state = 'running';
-- What waits for its time, and what waits for a person.
CREATE INDEX jobs_parked ON jobs (state, run_at, id) WHERE state IN ('scheduled', 'retrying', 'sent', 'failed', 'dead');

-- Each job leaves two dead rows: a vacuum after so many, not after a fifth of a table that may hold millions; and a quick one.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_cost_limit = 2000, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05);

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
  -- Tasks of which a job may be begun elsewhere while this worker might still be at it.
  repeatable  text[]      NOT NULL DEFAULT '{}',
  -- The advisory lock (5004, presence) that its session holds as long as it is connected.
  presence    integer,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  alive_until timestamptz NOT NULL
);
CREATE INDEX job_workers_alive_until ON job_workers (alive_until);

/*
 * Where rows are found by id, their state is compared as text: the planner would otherwise walk the whole of a partial index that it
 * takes for small, for the sake of its last column.
 */

/* In one order for all; what is looked up afterwards is seen as it is then. Not in SQL, which is planned anew at each call. */
CREATE FUNCTION lock_job_keys(of_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(5003, hash) FROM (SELECT DISTINCT hashtext(k) AS hash FROM unnest(of_keys) AS k ORDER BY 1) AS locks;
END
$$;

/* The first of each of these keys that is free. */
CREATE FUNCTION heads_of_job_keys(of_keys text[]) RETURNS TABLE (id bigint) LANGUAGE sql STABLE AS $$
  SELECT head.id FROM (SELECT DISTINCT k FROM unnest(of_keys) AS k) AS keys
  CROSS JOIN LATERAL (
    SELECT candidate.id FROM (
      (SELECT j.id, j.priority FROM jobs j WHERE NOT j.seen AND j.key = keys.k AND j.state = 'waiting' ORDER BY j.priority, j.id LIMIT 1)
      UNION ALL
      (SELECT j.id, j.priority FROM jobs j WHERE j.seen AND j.key = keys.k AND j.state = 'waiting' ORDER BY j.priority, j.id LIMIT 1)
    ) AS candidate ORDER BY candidate.priority, candidate.id LIMIT 1
  ) AS head
  -- OFFSET 0: a probe a key, never a join with all that are active.
  WHERE NOT EXISTS (SELECT FROM jobs a WHERE a.key = keys.k AND a.state IN ('ready', 'sent', 'running', 'retrying') OFFSET 0)
$$;

/*
 * Makes the first of each key ready where the key is free. Whoever cancels the very job that was found is waited for, and then
 * the next one counts: nobody else would ever look at the key again.
 */
CREATE FUNCTION settle_job_keys(of_keys text[]) RETURNS TABLE (id bigint, queue text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  heads bigint[];
  changed integer;
BEGIN
  PERFORM lock_job_keys(of_keys);
  LOOP
    heads := ARRAY (SELECT h.id FROM heads_of_job_keys(of_keys) AS h);
    EXIT WHEN heads = '{}';
    RETURN QUERY
      UPDATE jobs j SET state = 'ready', seen = true WHERE j.id = ANY (heads) AND j.state::text = 'waiting' RETURNING j.id, j.queue;
    GET DIAGNOSTICS changed = ROW_COUNT;
    EXIT WHEN changed = cardinality(heads);
  END LOOP;
END
$$;

/*
 * Looks at jobs with a key that nobody has looked at yet; answers how many, and the queues that have work by that. Where a key
 * is free, none that was looked at waits for it (whoever freed it would have made it ready): so only the first of the new ones counts.
 */
CREATE FUNCTION settle_unseen_jobs(most integer) RETURNS TABLE (found integer, queues text[]) LANGUAGE plpgsql AS $$
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
        FROM (SELECT id, key, priority FROM jobs WHERE state = 'waiting' AND NOT seen ORDER BY seen, key, priority, id LIMIT most) AS unseen) AS line;
  IF firsts IS NULL THEN
    RETURN QUERY SELECT 0, '{}'::text[];
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
  RETURN QUERY SELECT cardinality(firsts) + coalesce(cardinality(others), 0), coalesce(woken, '{}');
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
    WHERE j.id = ANY (ids) AND j.state::text = 'running' AND j.worker + 0 = by_worker
    RETURNING j.id, j.key)
  SELECT array_agg(done.id), array_agg(done.key) INTO ended, keys FROM done;
  RETURN QUERY SELECT e, false, NULL::text, NULL::jsonb, NULL::text, NULL::smallint, NULL::smallint, NULL::smallint, NULL::integer, NULL::text, NULL::bigint, NULL::boolean
    FROM unnest(ended) AS e;
  PERFORM lock_job_keys(keys);
  heads := ARRAY (SELECT h.id FROM heads_of_job_keys(keys) AS h);
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

CREATE FUNCTION end_job_attempt(of_job bigint, of_attempt integer, by_worker bigint, to_state job_state, with_error jsonb, retry_at timestamptz)
RETURNS TABLE (id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_id bigint;
  found_key text;
BEGIN
  UPDATE jobs j SET state = to_state, worker = NULL, error = with_error, run_at = coalesce(retry_at, j.run_at),
    finished_at = CASE WHEN to_state <> 'retrying' THEN clock_timestamp() END
  WHERE j.id = of_job AND j.state::text = 'running' AND j.worker + 0 = by_worker
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
 * Takes the running jobs of these tasks (null: all) away from a worker. They are ready again; where it did not leave by itself the
 * attempt counts, and they are dead if it was their last, for a job that kills its worker must end. Answers how many.
 */
CREATE FUNCTION take_jobs_from_worker(of_worker bigint, of_tasks text[], died boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  handed integer;
  keys text[];
  at_queues text[];
BEGIN
  WITH ended AS (
    UPDATE jobs j SET
      state = CASE WHEN j.cancel_asked THEN 'cancelled'::job_state
                   WHEN died AND j.attempts >= j.max_attempts THEN 'dead'::job_state ELSE 'ready'::job_state END,
      worker = NULL,
      attempts = CASE WHEN died THEN j.attempts ELSE j.attempts - 1 END,
      finished_at = CASE WHEN j.cancel_asked OR died AND j.attempts >= j.max_attempts THEN clock_timestamp() END,
      error = CASE WHEN died THEN jsonb_build_object('name', 'WorkerDied', 'message', 'its worker fell silent') ELSE j.error END
    WHERE j.worker = of_worker AND j.state = 'running' AND (of_tasks IS NULL OR j.task = ANY (of_tasks))
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
  -- Whoever sleeps there, also where another worker has taken its mark away since: this is rare.
  PERFORM pg_notify('labwright_jobs', woken) FROM unnest(at_queues) AS woken;
  RETURN handed;
END
$$;

/*
 * The end of a worker: nothing that it says later is heard. It 'left' by itself, fell 'silent' for longer than its lease, or
 * was 'seen dead' by who started it. Answers how many jobs it had.
 */
CREATE FUNCTION bury_job_worker(of_worker bigint, why text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  at_queues text[];
BEGIN
  DELETE FROM job_workers WHERE id = of_worker AND (why <> 'silent' OR alive_until < clock_timestamp()) RETURNING queues INTO at_queues;
  IF at_queues IS NULL THEN RETURN 0; END IF;
  -- It may have slept there: whoever else does says so again, else enqueueing would notify nobody for ever.
  WITH left_alone AS (UPDATE job_queues SET wanted = false WHERE name = ANY (at_queues) AND wanted RETURNING name)
  SELECT array_agg(pg_notify('labwright_jobs', name)::text) INTO at_queues FROM left_alone;
  RETURN take_jobs_from_worker(of_worker, NULL, why <> 'left');
END
$$;

CREATE FUNCTION is_job_worker_present(with_presence integer) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 5004 AND objid = with_presence AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
$$;

/* The repeatable jobs of a worker whose session is gone. Claims of its that are on their way are waited for. */
CREATE FUNCTION take_over_repeatable_jobs(of_worker bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  gone job_workers;
BEGIN
  SELECT * INTO gone FROM job_workers WHERE id = of_worker FOR UPDATE;
  IF gone.id IS NULL OR is_job_worker_present(gone.presence) THEN RETURN 0; END IF;
  RETURN take_jobs_from_worker(of_worker, gone.repeatable, true);
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
  ELSIF before IN ('scheduled', 'waiting', 'ready', 'sent', 'retrying') THEN
    UPDATE jobs j SET state = 'cancelled', finished_at = clock_timestamp() WHERE j.id = of_job;
    IF of_key IS NOT NULL AND before IN ('ready', 'sent', 'retrying') THEN
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
