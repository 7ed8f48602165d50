/*
 * Rate limits. A bucket holds up to `burst` tokens and gets `starts` of them in each `per_ms`; a start takes one. Kept as the time at which it will be
 * full (GCRA), so nothing has to fill it.
 *
 * The jobs of a limited queue stay where they are: their queue is claimed by claim_limited_jobs. The jobs of a limited task are set aside, into a lane of
 * their own: another value in `queue`, while they are ready, so that nobody has to pass over them, and no other index is needed. A start gives them their queue back.
 */
CREATE TABLE job_limits (
  scope   text    NOT NULL CHECK (scope IN ('queue', 'task')),
  name    text    NOT NULL,
  starts  integer NOT NULL CHECK (starts > 0),
  per_ms  bigint  NOT NULL CHECK (per_ms > 0),
  burst   integer NOT NULL CHECK (burst > 0),
  -- Microseconds since 1970.
  full_at bigint  NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, name)
);

CREATE TABLE job_lanes (
  name  text PRIMARY KEY,
  queue text NOT NULL,
  task  text NOT NULL,
  UNIQUE (queue, task)
);

CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

/* Microseconds that so many tokens take to come. */
CREATE FUNCTION job_tokens_us(l job_limits, tokens bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ceil(tokens * l.per_ms * 1000::numeric / l.starts)::bigint
$$;

CREATE FUNCTION job_tokens(l job_limits, at_us bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT floor(l.burst - greatest(l.full_at - at_us, 0) * l.starts / (l.per_ms * 1000::numeric))::integer
$$;

/* Microseconds until the bucket holds so many tokens; more than a burst are waited for one after the other. */
CREATE FUNCTION job_tokens_in_us(l job_limits, at_us bigint, tokens bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, greatest(l.full_at - at_us, 0) + job_tokens_us(l, tokens - l.burst))
$$;

/*
 * Puts ready jobs into the lanes of their tasks, where nobody else has them in hand. Whose task has no limit (any more) stays. The limits are held, so
 * that a lane is not taken away meanwhile. Answers how many.
 */
CREATE FUNCTION set_jobs_aside(ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  limited text[];
  moved integer;
BEGIN
  SELECT array_agg(l.name) INTO limited FROM (
    SELECT l.name FROM job_limits l WHERE l.scope = 'task' AND l.name IN (SELECT j.task FROM jobs j WHERE j.id = ANY (ids))
    ORDER BY l.name FOR KEY SHARE) AS l;
  IF limited IS NULL THEN RETURN 0; END IF;
  INSERT INTO job_lanes (name, queue, task)
  SELECT DISTINCT j.queue || '#' || j.task, j.queue, j.task FROM jobs j
  WHERE j.id = ANY (ids) AND j.task = ANY (limited) AND NOT EXISTS (SELECT FROM job_lanes l WHERE l.name = j.queue OR l.queue = j.queue AND l.task = j.task)
  ORDER BY 1 ON CONFLICT DO NOTHING;
  IF FOUND THEN PERFORM pg_notify('labwright_job_limits', ''); END IF;
  UPDATE jobs j SET queue = l.name FROM job_lanes l
  WHERE j.id = ANY (ARRAY (SELECT o.id FROM jobs o WHERE o.id = ANY (ids) AND o.state::text = 'ready' ORDER BY o.id FOR UPDATE SKIP LOCKED)) AND l.queue = j.queue AND l.task = j.task AND l.task = ANY (limited);
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END
$$;

/*
 * For who takes jobs without looking at limits (a claim of a plain queue by_worker; a relay: null), and finds some of limited tasks among them:
 * these are ready again, aside, and the attempt does not count.
 */
CREATE FUNCTION put_limited_jobs_back(ids bigint[], by_worker bigint) RETURNS TABLE (id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  back bigint[];
BEGIN
  WITH freed AS (
    UPDATE jobs j SET state = 'ready', worker = NULL, attempts = j.attempts - (j.state = 'running')::integer
    WHERE j.id = ANY (ids) AND CASE WHEN by_worker IS NULL THEN j.state = 'sent' ELSE j.state = 'running' AND j.worker + 0 = by_worker END
    RETURNING j.id)
  SELECT array_agg(freed.id) INTO back FROM freed;
  PERFORM set_jobs_aside(back);
  RETURN QUERY SELECT unnest(back);
END
$$;

/*
 * Which jobs of a queue may begin now, by priority and age, at most 100; their tokens are taken with that. The caller makes them 'running' or
 * 'sent' and gives them `in_queue` as their queue, in another statement of the same transaction; what it does not take is lost for the rate, not for the order.
 * Who asks at the same time for the same limits comes afterwards.
 */
CREATE FUNCTION grant_limited_jobs(in_queue text, most integer) RETURNS TABLE (id bigint, granted_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  room integer := least(most, 100);
  locked text[];
  tasks text[];
  head bigint[];
  at_us bigint;
  granted bigint[];
  took record;
BEGIN
  IF EXISTS (SELECT FROM job_queues q WHERE q.name = in_queue AND q.paused) THEN RETURN; END IF;
  SELECT array_agg(l.name) FILTER (WHERE l.scope = 'task') INTO locked FROM (
    SELECT l.scope, l.name FROM job_limits l
    WHERE l.scope = 'queue' AND l.name = in_queue OR l.scope = 'task' AND l.name IN (SELECT s.task FROM job_lanes s WHERE s.queue = in_queue)
    ORDER BY l.scope, l.name FOR NO KEY UPDATE) AS l;
  at_us := now_us();
  SELECT least(room, job_tokens(l, at_us)) INTO room FROM job_limits l WHERE l.scope = 'queue' AND l.name = in_queue;
  room := coalesce(room, least(most, 100));
  IF room <= 0 THEN RETURN; END IF;

  -- What is limited and stands before the first that is not goes aside.
  SELECT array_agg(l.name) INTO tasks FROM job_limits l WHERE l.scope = 'task';
  IF tasks IS NOT NULL THEN
    FOR turn IN 1..10 LOOP
      SELECT array_agg(h.id) FILTER (WHERE h.task = ANY (tasks)) INTO head FROM (
        SELECT j.id, j.task FROM jobs j WHERE j.queue = in_queue AND j.state = 'ready' ORDER BY j.priority, j.id LIMIT 100) AS h;
      EXIT WHEN head IS NULL;
      EXIT WHEN set_jobs_aside(head) = 0;
    END LOOP;
  END IF;

  -- Only what is chosen is locked; where somebody else has it in hand there are fewer.
  WITH plain AS (
    SELECT j.id, j.priority, j.task FROM jobs j WHERE j.queue = in_queue AND j.state = 'ready' ORDER BY j.priority, j.id LIMIT 100
  ), aside AS (
    SELECT j.id, j.priority, coalesce(job_tokens(l, at_us), 100) AS tokens, row_number() OVER (PARTITION BY s.name ORDER BY j.priority, j.id) AS place
    FROM job_lanes s LEFT JOIN job_limits l ON l.scope = 'task' AND l.name = s.task
    CROSS JOIN LATERAL (
      SELECT j.id, j.priority FROM jobs j WHERE j.queue = s.name AND j.state = 'ready' ORDER BY j.priority, j.id LIMIT 100) AS j
    WHERE s.queue = in_queue AND (l.name IS NULL OR l.name = ANY (locked) AND job_tokens(l, at_us) > 0)
  ), chosen AS (
    SELECT p.id, p.priority FROM plain p WHERE p.task = ANY (tasks) IS NOT TRUE
    UNION ALL
    SELECT a.id, a.priority FROM aside a WHERE a.place <= a.tokens
    ORDER BY priority, id LIMIT room
  )
  SELECT array_agg(g.id) INTO granted FROM (
    SELECT j.id FROM jobs j WHERE j.id = ANY (ARRAY (SELECT chosen.id FROM chosen)) AND j.state::text = 'ready' ORDER BY j.id FOR UPDATE SKIP LOCKED) AS g;
  IF granted IS NULL THEN RETURN; END IF;

  UPDATE job_limits l SET full_at = greatest(l.full_at, at_us) + job_tokens_us(l, cardinality(granted)) WHERE l.scope = 'queue' AND l.name = in_queue;
  FOR took IN SELECT j.task, count(*) AS tokens FROM jobs j WHERE j.id = ANY (granted) AND j.queue <> in_queue GROUP BY j.task ORDER BY j.task LOOP
    UPDATE job_limits l SET full_at = greatest(l.full_at, at_us) + job_tokens_us(l, took.tokens) WHERE l.scope = 'task' AND l.name = took.task;
  END LOOP;
  RETURN QUERY SELECT unnest(granted), timestamptz 'epoch' + at_us * interval '1 us';
END
$$;

/* As the claim of a plain queue, with tokens. */
CREATE FUNCTION claim_limited_jobs(in_queue text, by_worker bigint, most integer) RETURNS SETOF jobs LANGUAGE plpgsql AS $$
DECLARE
  granted bigint[];
  at_time timestamptz;
BEGIN
  PERFORM FROM job_workers w WHERE w.id = by_worker FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT array_agg(g.id), max(g.granted_at) INTO granted, at_time FROM grant_limited_jobs(in_queue, most) AS g;
  RETURN QUERY
    UPDATE jobs j SET state = 'running', worker = by_worker, queue = in_queue, attempts = j.attempts + 1, started_at = at_time
    WHERE j.id = ANY (granted) RETURNING j.*;
END
$$;

/* Microseconds until a job of this queue that waits for a token may have one: 0 where it may now; null where none waits. */
CREATE FUNCTION limited_jobs_in_us(in_queue text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN waiting.us IS NOT NULL THEN
    greatest(waiting.us, (SELECT job_tokens_in_us(l, now_us(), 1) FROM job_limits l WHERE l.scope = 'queue' AND l.name = in_queue)) END
  FROM (SELECT min(w.us) AS us FROM (
    SELECT 0 AS us WHERE EXISTS (SELECT FROM jobs j WHERE j.queue = in_queue AND j.state = 'ready')
      AND EXISTS (SELECT FROM job_limits l WHERE l.scope = 'queue' AND l.name = in_queue)
    UNION ALL
    SELECT coalesce(job_tokens_in_us(l, now_us(), 1), 0) FROM job_lanes s LEFT JOIN job_limits l ON l.scope = 'task' AND l.name = s.task
    WHERE s.queue = in_queue AND EXISTS (SELECT FROM jobs j WHERE j.queue = s.name AND j.state = 'ready')) AS w) AS waiting
$$;

/* A job that is cancelled while it is aside is one of its queue again. */
CREATE FUNCTION leave_job_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.queue := coalesce((SELECT l.queue FROM job_lanes l WHERE l.name = OLD.queue), NEW.queue);
  RETURN NEW;
END
$$;
CREATE TRIGGER jobs_leave_lane BEFORE UPDATE OF state ON jobs FOR EACH ROW
  WHEN (OLD.state = 'ready' AND NEW.state = 'cancelled') EXECUTE FUNCTION leave_job_lane();

/* How long jobs of a task are kept after their end, where it is not the default. */
CREATE TABLE job_retention (
  task         text PRIMARY KEY,
  succeeded_ms bigint,
  cancelled_ms bigint,
  failed_ms    bigint
);

/* How far the sweep has come. Its lock makes it one process at a time. */
CREATE TABLE job_sweep (
  one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
  after_job  bigint      NOT NULL DEFAULT 0,
  after_flow bigint      NOT NULL DEFAULT 0,
  next_at    timestamptz NOT NULL DEFAULT now()
);
INSERT INTO job_sweep DEFAULT VALUES;

/*
 * Deletes what ended long enough ago among the next jobs by id, and walks on; begins again where the jobs are younger than anything that could
 * be deleted. Jobs of a flow stay until the flow is deleted, with all of them. Answers nothing where somebody else is at it, or it is not time yet.
 */
CREATE FUNCTION sweep_jobs(succeeded_ms bigint, cancelled_ms bigint, failed_ms bigint, most integer)
RETURNS TABLE (deleted integer, flows integer, more boolean) LANGUAGE plpgsql AS $$
DECLARE
  place job_sweep;
  youngest timestamptz;
  looked integer;
  last_id bigint;
  reached boolean;
  due bigint[];
  due_flows bigint[];
  last_flow bigint;
BEGIN
  SELECT * INTO place FROM job_sweep WHERE next_at <= clock_timestamp() FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN; END IF;
  youngest := clock_timestamp() - interval '1 ms' * least(succeeded_ms, cancelled_ms, failed_ms,
    (SELECT min(least(r.succeeded_ms, r.cancelled_ms, r.failed_ms)) FROM job_retention r));

  SELECT count(*), max(b.id), coalesce(bool_or(b.created_at > youngest), false),
    array_agg(b.id) FILTER (WHERE b.finished_at < clock_timestamp() - interval '1 ms' * CASE b.state
      WHEN 'succeeded' THEN coalesce(r.succeeded_ms, $1) WHEN 'cancelled' THEN coalesce(r.cancelled_ms, $2)
      WHEN 'failed' THEN coalesce(r.failed_ms, $3) WHEN 'dead' THEN coalesce(r.failed_ms, $3) END
      AND (b.flow IS NULL OR NOT EXISTS (SELECT FROM job_flows f WHERE f.id = b.flow)))
  INTO looked, last_id, reached, due
  FROM (SELECT j.id, j.state, j.task, j.finished_at, j.created_at, j.flow FROM jobs j WHERE j.id > place.after_job ORDER BY j.id LIMIT most) AS b
  LEFT JOIN job_retention r ON r.task = b.task;
  -- A job that was requeued meanwhile is not in one of these states any more.
  DELETE FROM jobs j WHERE j.id = ANY (due) AND j.state IN ('succeeded', 'cancelled', 'failed', 'dead');
  GET DIAGNOSTICS deleted = ROW_COUNT;

  SELECT array_agg(b.id) FILTER (WHERE b.finished_at < clock_timestamp() - interval '1 ms' * CASE b.state WHEN 'succeeded' THEN $1 WHEN 'cancelled' THEN $2 ELSE $3 END),
    max(b.id)
  INTO due_flows, last_flow
  FROM (SELECT f.id, f.state, f.finished_at FROM job_flows f WHERE f.id > place.after_flow ORDER BY f.id LIMIT 100) AS b;
  PERFORM drop_job_flow(f) FROM unnest(due_flows) AS f;
  flows := coalesce(cardinality(due_flows), 0);

  more := looked = most AND NOT reached;
  IF NOT more THEN
    -- A worker marks its queues when it falls asleep: those of nobody are not needed.
    DELETE FROM job_queues q WHERE NOT q.paused AND NOT EXISTS (SELECT FROM job_workers w WHERE q.name = ANY (w.queues));
  END IF;
  UPDATE job_sweep SET after_job = CASE WHEN more THEN last_id ELSE 0 END, after_flow = coalesce(last_flow, 0),
    next_at = CASE WHEN more THEN next_at ELSE clock_timestamp() + interval '60 s' END;
  RETURN NEXT;
END
$$;
