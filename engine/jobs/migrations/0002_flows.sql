/*
 * Flows: chains and groups of jobs. A flow is a tree, its nodes numbered from 0 in the order in which they are written down: a
 * node's own are those from it to its `last`. The steps are its leaves; a step becomes a job when its turn has come.
 * How they go on is decided here, whoever ends a job: see engine/jobs/flows/README.md.
 */
CREATE TYPE job_flow_state AS ENUM ('running', 'succeeded', 'failed', 'cancelled');
CREATE TABLE job_flows (
  id          bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text,
  state       job_flow_state NOT NULL DEFAULT 'running',
  result      jsonb,
  -- It has a result that is too large to be kept in one piece.
  in_pages    boolean        NOT NULL DEFAULT false,
  error       jsonb,
  created_at  timestamptz    NOT NULL DEFAULT now(),
  finished_at timestamptz,
  trace       text,
  CHECK ((state = 'running') = (finished_at IS NULL))
);

CREATE TYPE job_flow_kind AS ENUM ('step', 'chain', 'group');
/*
 *   blocked ──its turn──► running ──► succeeded, failed
 *                          │  ▲
 *          its group failed,  its group goes on
 *       or the flow is cancelled
 *                          ▼  │
 *                        sweeping ──its job is cancelled──► swept ──its group goes on: a new job──► running
 */
CREATE TYPE job_flow_node_state AS ENUM ('blocked', 'running', 'sweeping', 'swept', 'succeeded', 'failed');
-- Written only while its flow is locked; no foreign key, which would look at the flow for every node.
CREATE TABLE job_flow_nodes (
  flow         bigint              NOT NULL,
  node         integer             NOT NULL,
  last         integer             NOT NULL,
  parent       integer,
  kind         job_flow_kind       NOT NULL,
  -- The node at whose turn it begins: itself, or one above.
  begins_with  integer             NOT NULL,
  state        job_flow_node_state NOT NULL DEFAULT 'blocked',
  -- It ended after a group around it had failed: counted only if that goes on.
  held         boolean             NOT NULL DEFAULT false,
  -- Of a group: whether failures are collected, and its children.
  collect      boolean             NOT NULL DEFAULT false,
  open         integer             NOT NULL DEFAULT 0,
  failed       integer             NOT NULL DEFAULT 0,
  -- Of a step: the node whose result is passed on to it, the argument that takes it, and its job.
  input        integer,
  result_as    text,
  job          bigint,
  -- Of a step that could not become a job.
  error        jsonb,
  task         text,
  queue        text,
  args         jsonb,
  priority     smallint,
  max_attempts smallint,
  timeout_ms   integer,
  key          text,
  run_at       timestamptz,
  expires_at   timestamptz,
  PRIMARY KEY (flow, node)
);
-- For the upkeep, which cancels what could not be cancelled at once.
CREATE INDEX job_flow_nodes_sweeping ON job_flow_nodes (flow, node) WHERE state = 'sweeping';

ALTER TABLE jobs ADD COLUMN flow bigint, ADD COLUMN flow_node integer;

/* Whether a node, or one above it, has failed: what is in it does not go on. */
CREATE FUNCTION job_flow_is_over(of_flow bigint, of_node integer) RETURNS boolean LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT n.parent, n.state FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = of_node
    UNION ALL
    SELECT n.parent, n.state FROM up JOIN job_flow_nodes n ON n.flow = of_flow AND n.node = up.parent
  )
  SELECT EXISTS (SELECT FROM up WHERE state = 'failed')
$$;

/* Why a node failed: the first failed step in it. */
CREATE FUNCTION job_flow_causes(of_flow bigint, of_node integer, most integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(cause ORDER BY node), '[]') FROM (
    SELECT step.node, jsonb_build_object('job', step.job::text, 'task', step.task, 'state', coalesce(j.state, 'failed'),
      'name', coalesce(j.error ->> 'name', step.error ->> 'name', 'JobCancelled'),
      'message', left(coalesce(j.error ->> 'message', step.error ->> 'message', 'it was cancelled'), 500)) AS cause
    FROM job_flow_nodes top JOIN job_flow_nodes step ON step.flow = of_flow AND step.node BETWEEN of_node AND top.last
    LEFT JOIN LATERAL (SELECT jobs.state, jobs.error FROM jobs WHERE jobs.id = step.job OFFSET 0) AS j ON true
    WHERE top.flow = of_flow AND top.node = of_node AND step.kind = 'step' AND step.state = 'failed'
    ORDER BY step.node LIMIT most) AS causes
$$;

/* The last child of a chain: its result is the chain's. */
CREATE FUNCTION last_of_job_chain(of_flow bigint, of_node integer, of_last integer) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT n.node FROM job_flow_nodes n WHERE n.flow = of_flow AND n.parent = of_node AND n.node BETWEEN of_node AND of_last
  ORDER BY n.node DESC LIMIT 1
$$;

/* Of a step its job's result, of a chain that of its last, of a group all of them: `{"ok": …}` or `{"error": …}` where it collects. */
CREATE FUNCTION job_flow_result(of_flow bigint, of_node integer) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  it job_flow_nodes;
BEGIN
  SELECT * INTO it FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = of_node;
  IF it.kind = 'step' THEN
    RETURN coalesce((SELECT j.result FROM jobs j WHERE j.id = it.job), 'null');
  ELSIF it.kind = 'chain' THEN
    RETURN job_flow_result(of_flow, last_of_job_chain(of_flow, of_node, it.last));
  END IF;
  RETURN (
    SELECT jsonb_agg(job_flow_outcome(it.collect, n) ORDER BY n.node)
    FROM job_flow_nodes n WHERE n.flow = of_flow AND n.parent = of_node AND n.node BETWEEN of_node AND it.last);
END
$$;

/* What a child of a group counts for in the group's result. */
CREATE FUNCTION job_flow_outcome(collected boolean, child job_flow_nodes) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  its_value jsonb;
BEGIN
  IF child.state <> 'succeeded' THEN
    RETURN jsonb_build_object('error', job_flow_causes(child.flow, child.node, 1) -> 0);
  ELSIF child.kind = 'step' THEN
    its_value := coalesce((SELECT j.result FROM jobs j WHERE j.id = child.job), 'null');
  ELSE
    its_value := job_flow_result(child.flow, child.node);
  END IF;
  RETURN CASE WHEN collected THEN jsonb_build_object('ok', its_value) ELSE its_value END;
END
$$;

/* The node that a result comes from: through chains to their last. */
CREATE FUNCTION job_flow_source(of_flow bigint, of_node integer) RETURNS job_flow_nodes LANGUAGE plpgsql STABLE AS $$
DECLARE
  it job_flow_nodes;
BEGIN
  SELECT * INTO it FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = of_node;
  IF it.kind = 'chain' THEN RETURN job_flow_source(of_flow, last_of_job_chain(of_flow, of_node, it.last)); END IF;
  RETURN it;
END
$$;

/* How many bytes of JSON a result has, without putting it together. */
CREATE FUNCTION job_flow_bytes(of_flow bigint, of_node integer) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  it job_flow_nodes;
BEGIN
  SELECT * INTO it FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = of_node;
  IF it.kind = 'step' THEN
    RETURN coalesce((SELECT octet_length(j.result::text) FROM jobs j WHERE j.id = it.job), 4);
  ELSIF it.kind = 'chain' THEN
    RETURN job_flow_bytes(of_flow, last_of_job_chain(of_flow, of_node, it.last));
  END IF;
  RETURN (
    SELECT sum(CASE WHEN n.state <> 'succeeded' THEN 100
      WHEN n.kind = 'step' THEN coalesce((SELECT octet_length(j.result::text) FROM jobs j WHERE j.id = n.job), 4)
      ELSE job_flow_bytes(of_flow, n.node) END)
    FROM job_flow_nodes n WHERE n.flow = of_flow AND n.parent = of_node AND n.node BETWEEN of_node AND it.last);
END
$$;

/* Makes jobs of steps. Where a result that is passed on is too large, they fail instead: nothing here may throw. */
CREATE FUNCTION begin_job_flow_steps(of_flow bigint, steps integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  batch record;
  step integer;
  given jsonb;
  bytes bigint;
  at_queues text[];
BEGIN
  FOR batch IN
    SELECT CASE WHEN n.result_as IS NOT NULL THEN n.input END AS input, array_agg(n.node ORDER BY n.node) AS nodes
    FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = ANY (steps) GROUP BY 1 ORDER BY 2
  LOOP
    given := NULL;
    IF batch.input IS NOT NULL THEN
      bytes := job_flow_bytes(of_flow, batch.input);
      IF bytes > 1048576 OR bytes * cardinality(batch.nodes) > 67108864 THEN
        UPDATE job_flow_nodes n SET state = 'failed', error = jsonb_build_object('name', 'ResultTooLarge', 'message', format(
          'The result that is passed on has %s bytes, and goes to %s steps: at most 1 MiB, and 64 MiB in all. Leave resultAs out, and read it in pages with resultsBefore.',
          bytes, cardinality(batch.nodes)))
        WHERE n.flow = of_flow AND n.node = ANY (batch.nodes);
        FOREACH step IN ARRAY batch.nodes LOOP
          PERFORM end_job_flow_node(of_flow, step, false);
        END LOOP;
        CONTINUE;
      END IF;
      given := job_flow_result(of_flow, batch.input);
    END IF;
    WITH made AS (
      INSERT INTO jobs (queue, task, args, state, priority, max_attempts, timeout_ms, key, run_at, expires_at, trace, flow, flow_node)
      SELECT n.queue, n.task, CASE WHEN n.result_as IS NULL THEN n.args ELSE n.args || jsonb_build_object(n.result_as, given) END,
        (CASE WHEN n.run_at > now() THEN 'scheduled' WHEN n.key IS NOT NULL THEN 'waiting' ELSE 'ready' END)::job_state,
        n.priority, n.max_attempts, n.timeout_ms, n.key, n.run_at, n.expires_at, f.trace, n.flow, n.node
      FROM job_flow_nodes n JOIN job_flows f ON f.id = n.flow
      WHERE n.flow = of_flow AND n.node = ANY (batch.nodes) ORDER BY n.node
      RETURNING id, flow_node, queue
    ), begun AS (
      UPDATE job_flow_nodes n SET state = 'running', job = made.id FROM made
      WHERE n.flow = of_flow AND n.node = made.flow_node
    )
    SELECT array_agg(DISTINCT made.queue) INTO at_queues FROM made;
    PERFORM wake_job_workers(at_queues);
  END LOOP;
END
$$;

/* A node's turn has come: it runs, and with it what begins with it. */
CREATE FUNCTION begin_job_flow_node(of_flow bigint, of_node integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  steps integer[];
BEGIN
  UPDATE job_flow_nodes n SET state = 'running' FROM job_flow_nodes top
  WHERE top.flow = of_flow AND top.node = of_node
    AND n.flow = of_flow AND n.node BETWEEN of_node AND top.last AND n.begins_with = of_node AND n.kind <> 'step';
  SELECT array_agg(n.node) INTO steps FROM job_flow_nodes top JOIN job_flow_nodes n ON n.flow = of_flow AND n.node BETWEEN of_node AND top.last
  WHERE top.flow = of_flow AND top.node = of_node AND n.begins_with = of_node AND n.kind = 'step';
  PERFORM begin_job_flow_steps(of_flow, steps);
END
$$;

/*
 * Cancels the jobs of steps that have not begun. It waits for nobody, for its caller holds the flow: what somebody else has
 * in hand, and what holds a key, is left `sweeping` for the upkeep.
 */
CREATE FUNCTION sweep_job_flow_node(of_flow bigint, of_node integer, of_last integer) RETURNS void LANGUAGE sql AS $$
  UPDATE job_flow_nodes n SET state = 'sweeping'
  WHERE n.flow = of_flow AND n.node BETWEEN of_node AND of_last AND n.kind = 'step' AND n.state = 'running';
  UPDATE jobs SET state = 'cancelled', finished_at = clock_timestamp(),
    error = '{"name": "FlowEnded", "message": "its flow went no further"}'
  WHERE id = ANY (ARRAY (
    SELECT j.id FROM jobs j
    WHERE j.id = ANY (ARRAY (
        SELECT n.job FROM job_flow_nodes n
        WHERE n.flow = of_flow AND n.node BETWEEN of_node AND of_last AND n.state = 'sweeping'))
      AND (j.state IN ('scheduled', 'waiting') OR j.key IS NULL AND j.state IN ('ready', 'sent', 'retrying'))
    ORDER BY j.id FOR UPDATE SKIP LOCKED));
$$;

/* The upkeep's turn at a job that is left: it waits where it must, and holds no flow. */
CREATE FUNCTION sweep_job_of_flow(of_job bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  its_state job_state;
  flow_state job_flow_state;
BEGIN
  SELECT j.state, f.state INTO its_state, flow_state
  FROM jobs j JOIN job_flow_nodes n ON n.flow = j.flow AND n.node = j.flow_node AND n.job = j.id JOIN job_flows f ON f.id = j.flow
  WHERE j.id = of_job AND n.state = 'sweeping' FOR UPDATE OF j;
  IF its_state = 'running' AND flow_state = 'cancelled' OR its_state IN ('scheduled', 'waiting', 'ready', 'sent', 'retrying') THEN
    PERFORM cancel_job(of_job);
    UPDATE jobs SET error = '{"name": "FlowEnded", "message": "its flow went no further"}' WHERE id = of_job AND state = 'cancelled';
  END IF;
END
$$;

/* A node has ended: what follows from that, up to the flow itself. Nothing, for now, where a group around it has failed. */
CREATE FUNCTION end_job_flow_node(of_flow bigint, of_node integer, well boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  it job_flow_nodes;
  above job_flow_nodes;
  bytes bigint;
BEGIN
  SELECT * INTO it FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = of_node;
  IF it.parent IS NOT NULL AND job_flow_is_over(of_flow, it.parent) THEN
    UPDATE job_flow_nodes n SET held = true WHERE n.flow = of_flow AND n.node = of_node;
    RETURN;
  END IF;
  LOOP
    IF it.parent IS NULL THEN
      IF well THEN
        bytes := job_flow_bytes(of_flow, 0);
        UPDATE job_flows SET state = 'succeeded', finished_at = clock_timestamp(), in_pages = bytes > 1048576,
          result = CASE WHEN bytes <= 1048576 THEN job_flow_result(of_flow, 0) END
        WHERE id = of_flow AND state = 'running';
      ELSE
        UPDATE job_flows SET state = 'failed', finished_at = clock_timestamp() WHERE id = of_flow AND state = 'running';
      END IF;
      RETURN;
    END IF;
    SELECT * INTO above FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = it.parent;
    IF above.kind = 'chain' THEN
      IF well AND it.last < above.last THEN
        PERFORM begin_job_flow_node(of_flow, it.last + 1);
        RETURN;
      END IF;
    ELSE
      UPDATE job_flow_nodes n SET open = n.open - 1, failed = n.failed + (NOT well)::integer
      WHERE n.flow = of_flow AND n.node = above.node;
      IF well OR above.collect THEN
        IF above.open > 1 THEN RETURN; END IF;
        well := true;
      ELSE
        PERFORM sweep_job_flow_node(of_flow, above.node, above.last);
      END IF;
    END IF;
    UPDATE job_flow_nodes n SET state = (CASE WHEN well THEN 'succeeded' ELSE 'failed' END)::job_flow_node_state
    WHERE n.flow = of_flow AND n.node = above.node;
    it := above;
  END LOOP;
END
$$;

/* A step that had failed is tried anew: what had failed by it goes on, and so does what was swept with it. */
CREATE FUNCTION reopen_job_flow_step(of_flow bigint, of_node integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  it job_flow_nodes;
  above job_flow_nodes;
  top integer;
  again integer[];
  ended record;
BEGIN
  SELECT * INTO it FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = of_node;
  IF it.state NOT IN ('failed', 'swept') THEN RETURN; END IF;
  -- What a group that collects has passed on is not taken back.
  IF EXISTS (SELECT FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node < of_node AND n.last >= of_node AND n.state = 'succeeded') THEN RETURN; END IF;
  UPDATE job_flow_nodes n SET state = 'running', held = false WHERE n.flow = of_flow AND n.node = of_node;
  IF it.held OR it.state = 'swept' THEN RETURN; END IF;
  LOOP
    IF it.parent IS NULL THEN
      UPDATE job_flows SET state = 'running', finished_at = NULL, error = NULL WHERE id = of_flow AND state = 'failed';
      EXIT;
    END IF;
    UPDATE job_flow_nodes n SET
      state = CASE WHEN n.kind = 'chain' OR n.failed = 1 AND NOT n.collect THEN 'running' ELSE n.state END,
      open = n.open + (n.kind = 'group')::integer, failed = n.failed - (n.kind = 'group')::integer
    WHERE n.flow = of_flow AND n.node = it.parent RETURNING * INTO above;
    EXIT WHEN above.collect;
    top := above.node;
    it := above;
  END LOOP;
  IF top IS NULL THEN RETURN; END IF;
  UPDATE job_flow_nodes n SET state = 'running'
  WHERE n.flow = of_flow AND n.node BETWEEN top AND it.last AND n.state = 'sweeping' AND NOT job_flow_is_over(n.flow, n.parent);
  SELECT array_agg(n.node) INTO again FROM job_flow_nodes n
  WHERE n.flow = of_flow AND n.node BETWEEN top AND it.last AND n.state = 'swept' AND NOT job_flow_is_over(n.flow, n.parent);
  PERFORM begin_job_flow_steps(of_flow, again);
  FOR ended IN
    UPDATE job_flow_nodes n SET held = false
    WHERE n.flow = of_flow AND n.node BETWEEN top AND it.last AND n.held AND NOT job_flow_is_over(n.flow, n.parent)
    RETURNING n.node, n.state
  LOOP
    PERFORM end_job_flow_node(of_flow, ended.node, ended.state = 'succeeded');
  END LOOP;
END
$$;

/*
 * What the ends of jobs mean for their flows. Called once at the end of a transaction, with all of its jobs: so flows are the
 * last thing that a transaction locks, in one order for all, and who holds one waits for nobody.
 */
CREATE FUNCTION advance_job_flows(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  flows bigint[];
  changed record;
  left_open integer;
BEGIN
  PERFORM FROM job_flows f WHERE f.id IN (SELECT j.flow FROM jobs j WHERE j.id = ANY (ids)) ORDER BY f.id FOR NO KEY UPDATE;
  SELECT array_agg(DISTINCT j.flow) INTO flows FROM jobs j WHERE j.id = ANY (ids);
  -- Swept and replaced: tried anew, it would do its step a second time. The row is this transaction's.
  UPDATE jobs j SET state = 'cancelled', finished_at = clock_timestamp(),
    error = '{"name": "FlowEnded", "message": "another job has taken its place in the flow"}'
  FROM job_flow_nodes n
  WHERE j.id = ANY (ids) AND j.state IN ('scheduled', 'waiting', 'ready') AND n.flow = j.flow AND n.node = j.flow_node AND n.job <> j.id;
  FOR changed IN
    SELECT n.flow, n.node FROM jobs j JOIN job_flow_nodes n ON n.flow = j.flow AND n.node = j.flow_node AND n.job = j.id
    JOIN job_flows f ON f.id = j.flow
    WHERE j.id = ANY (ids) AND j.state NOT IN ('succeeded', 'failed', 'dead', 'cancelled')
      AND n.state IN ('failed', 'swept') AND f.state IN ('running', 'failed') ORDER BY n.flow, n.node
  LOOP
    PERFORM reopen_job_flow_step(changed.flow, changed.node);
  END LOOP;
  -- Failures first: what they end is not begun.
  FOR changed IN
    WITH ended AS (
      UPDATE job_flow_nodes n SET state = (CASE WHEN j.state = 'succeeded' THEN 'succeeded'
        WHEN j.state = 'cancelled' AND j.error ->> 'name' = 'FlowEnded' THEN 'swept' ELSE 'failed' END)::job_flow_node_state
      FROM jobs j
      WHERE j.id = ANY (ids) AND n.flow = j.flow AND n.node = j.flow_node AND n.job = j.id
        AND j.state IN ('succeeded', 'failed', 'dead', 'cancelled') AND n.state IN ('running', 'sweeping')
      RETURNING n.flow, n.node, n.parent, n.state
    )
    SELECT e.flow, e.parent, e.state, above.kind, array_agg(e.node ORDER BY e.node) AS nodes
    FROM ended e LEFT JOIN job_flow_nodes above ON above.flow = e.flow AND above.node = e.parent
    GROUP BY e.flow, e.parent, e.state, above.kind ORDER BY e.state DESC, e.flow, e.parent
  LOOP
    IF changed.state = 'swept' THEN
      -- Swept while its group began to go on.
      IF changed.parent IS NOT NULL AND NOT job_flow_is_over(changed.flow, changed.parent) THEN
        PERFORM begin_job_flow_steps(changed.flow, changed.nodes);
      END IF;
    ELSIF changed.state = 'succeeded' AND changed.kind = 'group' AND NOT job_flow_is_over(changed.flow, changed.parent) THEN
      -- All but one are counted at once.
      UPDATE job_flow_nodes n SET open = n.open - cardinality(changed.nodes) + 1
      WHERE n.flow = changed.flow AND n.node = changed.parent;
      PERFORM end_job_flow_node(changed.flow, changed.nodes[1], true);
    ELSE
      PERFORM end_job_flow_node(changed.flow, one, changed.state = 'succeeded') FROM unnest(changed.nodes) AS one;
    END IF;
  END LOOP;
  UPDATE job_flows f SET error = jsonb_build_object('name', 'FlowFailed', 'causes', c.causes,
    'message', format('%s: %s', c.causes -> 0 ->> 'task', c.causes -> 0 ->> 'message'))
  FROM (SELECT id, job_flow_causes(id, 0, 10) AS causes FROM job_flows WHERE id = ANY (flows) AND state = 'failed') AS c
  WHERE f.id = c.id;
END
$$;

/* Keeps in mind, until the end of the transaction, which jobs of flows have ended or are to be tried anew. */
CREATE FUNCTION note_job_of_flow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('labwright.jobs_of_flows', concat_ws(',', nullif(current_setting('labwright.jobs_of_flows', true), ''), NEW.id), true);
  RETURN NULL;
END
$$;

/* At the end of the transaction: the first call does it for all. */
CREATE FUNCTION advance_noted_job_flows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  noted text := current_setting('labwright.jobs_of_flows', true);
BEGIN
  IF noted <> '' THEN
    PERFORM set_config('labwright.jobs_of_flows', '', true);
    PERFORM advance_job_flows(string_to_array(noted, ',')::bigint[]);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER jobs_note_flow AFTER UPDATE OF state ON jobs FOR EACH ROW
  WHEN (NEW.flow IS NOT NULL AND OLD.state <> NEW.state
    AND (NEW.state IN ('succeeded', 'failed', 'dead', 'cancelled') OR OLD.state IN ('failed', 'dead', 'cancelled')))
  EXECUTE FUNCTION note_job_of_flow();
CREATE CONSTRAINT TRIGGER jobs_advance_flow AFTER UPDATE OF state ON jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.flow IS NOT NULL AND OLD.state <> NEW.state
    AND (NEW.state IN ('succeeded', 'failed', 'dead', 'cancelled') OR OLD.state IN ('failed', 'dead', 'cancelled')))
  EXECUTE FUNCTION advance_noted_job_flows();

/* A job stays while its flow runs: its result is still wanted. */
CREATE FUNCTION keep_job_of_flow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM job_flows f WHERE f.id = OLD.flow AND f.state = 'running') THEN RETURN NULL; END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER jobs_keep_flow BEFORE DELETE ON jobs FOR EACH ROW WHEN (OLD.flow IS NOT NULL) EXECUTE FUNCTION keep_job_of_flow();

CREATE FUNCTION start_job_flow(its_name text, its_trace text, nodes json) RETURNS TABLE (id bigint) LANGUAGE plpgsql AS $$
DECLARE
  made bigint;
BEGIN
  INSERT INTO job_flows (name, trace) VALUES (its_name, its_trace) RETURNING job_flows.id INTO made;
  INSERT INTO job_flow_nodes (flow, node, last, parent, kind, begins_with, collect, open, input, result_as,
    task, queue, args, priority, max_attempts, timeout_ms, key, run_at, expires_at)
  SELECT made, n.node, n.last, n.parent, n.kind, n.begins_with, coalesce(n.collect, false), coalesce(n.open, 0), n.input, n.result_as,
    n.task, n.queue, n.args, n.priority, n.max_attempts, n.timeout_ms, n.key, n.run_at, n.expires_at
  FROM json_to_recordset(nodes) AS n (node integer, last integer, parent integer, kind job_flow_kind, begins_with integer, collect boolean,
    open integer, input integer, result_as text, task text, queue text, args jsonb, priority smallint, max_attempts smallint,
    timeout_ms integer, key text, run_at timestamptz, expires_at timestamptz);
  PERFORM begin_job_flow_node(made, 0);
  RETURN QUERY SELECT made;
END
$$;

CREATE FUNCTION cancel_job_flow(of_flow bigint) RETURNS TABLE (state job_flow_state) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  of_last integer;
BEGIN
  UPDATE job_flows f SET state = 'cancelled', finished_at = clock_timestamp() WHERE f.id = of_flow AND f.state = 'running';
  IF FOUND THEN
    SELECT n.last INTO of_last FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node = 0;
    UPDATE job_flow_nodes n SET state = 'failed' WHERE n.flow = of_flow AND n.node = 0 AND n.kind <> 'step';
    PERFORM sweep_job_flow_node(of_flow, 0, of_last);
    UPDATE jobs j SET cancel_asked = true WHERE j.id = ANY (ARRAY (
      SELECT r.id FROM jobs r WHERE r.state = 'running'
        AND r.id = ANY (ARRAY (SELECT n.job FROM job_flow_nodes n WHERE n.flow = of_flow AND n.node BETWEEN 0 AND of_last AND n.state = 'sweeping'))
      ORDER BY r.id FOR UPDATE SKIP LOCKED));
  END IF;
  RETURN QUERY SELECT f.state FROM job_flows f WHERE f.id = of_flow;
END
$$;

/* Deletes a flow that has ended, with its jobs: locked before it, as everywhere. One that still runs has no flow any more. */
CREATE FUNCTION drop_job_flow(of_flow bigint) RETURNS TABLE (id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  its_jobs bigint[];
BEGIN
  SELECT array_agg(n.job) INTO its_jobs FROM job_flow_nodes n JOIN job_flows f ON f.id = n.flow
  WHERE n.flow = of_flow AND f.state <> 'running' AND n.job IS NOT NULL;
  PERFORM FROM jobs j WHERE j.id = ANY (its_jobs) ORDER BY j.id FOR UPDATE;
  DELETE FROM job_flows f WHERE f.id = of_flow AND f.state <> 'running';
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM jobs j WHERE j.id = ANY (its_jobs) AND j.state IN ('succeeded', 'failed', 'dead', 'cancelled');
  DELETE FROM job_flow_nodes n WHERE n.flow = of_flow;
  RETURN QUERY SELECT of_flow;
END
$$;
