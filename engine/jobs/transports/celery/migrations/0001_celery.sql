-- Calls of Celery workers by our jobs. A call is written down before it is sent, and sent once at most.
CREATE TABLE celery_calls (
  -- What is waited for; of several links of a chain the last one.
  task_id     text        PRIMARY KEY,
  job_id      bigint      NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  -- The attempt that made it; a later one may take its answer.
  attempt     smallint    NOT NULL,
  celery_task text        NOT NULL,
  queue       text        NOT NULL,
  asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Then it is given up.
  deadline    timestamptz NOT NULL,
  -- The broker has confirmed the message.
  sent_at     timestamptz,
  answered_at timestamptz,
  status      text,
  result      jsonb,
  traceback   text,
  -- The job's attempt has used the answer, or gave up waiting for one. What is answered later is kept, and not heeded.
  closed_at   timestamptz,
  CHECK ((answered_at IS NULL) = (status IS NULL))
);
-- Promise: one job, one call that is not at its end. Also for the look of the next attempt, and for the trigger below.
CREATE UNIQUE INDEX celery_calls_open ON celery_calls (job_id) WHERE closed_at IS NULL;
-- For the deletion of a job.
CREATE INDEX celery_calls_of_job ON celery_calls (job_id);

/*
 * A job whose call is open is not over, whoever says so while its worker is dead: Python may still be at it, and its key must not go
 * to another. It goes to the next worker, which waits for the answer or revokes the call. Bounded by the deadline of the call.
 */
CREATE FUNCTION hold_job_of_open_celery_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM celery_calls c WHERE c.job_id = NEW.id AND c.closed_at IS NULL AND c.status IS NULL
             AND c.deadline + interval '1 minute' > clock_timestamp()) THEN
    NEW.cancel_asked := NEW.cancel_asked OR NEW.state = 'cancelled';
    NEW.state := 'ready';
    NEW.finished_at := NULL;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER celery_hold BEFORE UPDATE OF state ON jobs FOR EACH ROW
  WHEN (NEW.state IN ('dead', 'cancelled'))
  EXECUTE FUNCTION hold_job_of_open_celery_call();

-- Messages of Celery clients that became jobs, or were refused. Kept, so that a message that comes again makes no second job.
CREATE TABLE celery_requests (
  id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id        text        NOT NULL,
  -- Of the client: a task that is tried again by its client has the same id.
  retries        integer     NOT NULL,
  queue          text        NOT NULL,
  celery_task    text        NOT NULL,
  job_id         bigint      REFERENCES jobs (id) ON DELETE SET NULL,
  reply_to       text,
  correlation_id text,
  root_id        text,
  -- Callbacks, errbacks and the rest of the chain, as they came.
  embed          jsonb       NOT NULL,
  received_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What the client is to be told; the rest is the job's own.
  status         text,
  result         jsonb,
  traceback      text,
  ended_at       timestamptz,
  -- Links are being published: begun and not finished by a process that died, nobody knows whether they were.
  linking_at     timestamptz,
  linked_at      timestamptz,
  answered_at    timestamptz,
  UNIQUE (task_id, retries)
);
CREATE INDEX celery_requests_of_job ON celery_requests (job_id) WHERE job_id IS NOT NULL;
-- What the answering walks.
CREATE INDEX celery_requests_unanswered ON celery_requests (ended_at) WHERE ended_at IS NOT NULL AND answered_at IS NULL;

-- What the sweeping walks.
CREATE INDEX celery_requests_to_sweep ON celery_requests (answered_at) WHERE job_id IS NULL;

/* The end of a job that a Celery client asked for: its answer is due, by the same commit. */
CREATE FUNCTION end_celery_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE celery_requests SET ended_at = clock_timestamp(),
    status = CASE NEW.state WHEN 'succeeded' THEN 'SUCCESS' WHEN 'cancelled' THEN 'REVOKED' ELSE 'FAILURE' END,
    result = CASE NEW.state WHEN 'succeeded' THEN NEW.result WHEN 'cancelled' THEN jsonb_build_object('message',
      CASE WHEN NEW.expires_at <= clock_timestamp() AND NOT NEW.cancel_asked THEN 'expired' ELSE 'revoked' END) ELSE NEW.error END
  WHERE job_id = NEW.id AND ended_at IS NULL;
  IF FOUND THEN PERFORM pg_notify('labwright_celery_answers', ''); END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER celery_answer AFTER UPDATE OF state ON jobs FOR EACH ROW
  WHEN (NEW.unique_key IS NOT NULL AND NEW.state IN ('succeeded', 'failed', 'dead', 'cancelled') AND starts_with(NEW.unique_key, 'celery:'))
  EXECUTE FUNCTION end_celery_request();
