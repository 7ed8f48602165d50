/*
 * A schedule makes a job at each tick. Whoever finds one due locks its row, makes the job and writes the next tick in one
 * transaction: however many processes look, a tick has one job.
 */
CREATE TABLE job_schedules (
  name         text        PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 150),
  -- Whoever declares it, and may take it back by declaring it no more.
  owner        text        NOT NULL,
  task         text        NOT NULL,
  args         jsonb       NOT NULL,
  -- The property of the arguments that is given the tick; null: none.
  tick_in      text,
  cron         text,
  zone         text,
  every_ms     bigint      CHECK (every_ms >= 1000),
  anchor       timestamptz,
  queue        text        NOT NULL,
  priority     smallint    NOT NULL,
  max_attempts smallint    NOT NULL,
  timeout_ms   integer,
  key          text,
  missed       text        NOT NULL CHECK (missed IN ('skip', 'one', 'all')),
  overlap      text        NOT NULL CHECK (overlap IN ('allow', 'skip', 'queue')),
  -- False where its owner does not declare it any more.
  enabled      boolean     NOT NULL DEFAULT true,
  -- A person wants it still.
  paused       boolean     NOT NULL DEFAULT false,
  next_at      timestamptz,
  last_at      timestamptz,
  last_job     bigint,
  -- Ticks without a job because the one before still ran.
  skipped      bigint      NOT NULL DEFAULT 0,
  -- Why it ticks no more, where its rule cannot be read.
  fault        text,
  CHECK ((cron IS NULL) = (zone IS NULL) AND (every_ms IS NULL) = (anchor IS NULL) AND (cron IS NULL) <> (every_ms IS NULL)),
  CHECK (overlap <> 'queue' OR key IS NOT NULL)
);
-- What is due.
CREATE INDEX job_schedules_due ON job_schedules (next_at) WHERE enabled AND NOT paused;
