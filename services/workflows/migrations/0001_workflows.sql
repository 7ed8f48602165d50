-- The experiments: what is to be done to which samples, and how far it is.

CREATE TABLE plates (
  id         text        PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$'),
  name       text        NOT NULL,
  rows       integer     NOT NULL DEFAULT 8 CHECK (rows BETWEEN 1 AND 32),
  columns    integer     NOT NULL DEFAULT 12 CHECK (columns BETWEEN 1 AND 48),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE samples (
  id          uuid             PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Ascending in the order of arrival: the key of the list's pages.
  seq         bigint           GENERATED ALWAYS AS IDENTITY UNIQUE,
  barcode     text             NOT NULL,
  sample_type text             NOT NULL,
  plate_id    text             REFERENCES plates (id),
  well        text,
  volume_ul   double precision CHECK (volume_ul >= 0),
  metadata    jsonb            NOT NULL DEFAULT '{}',
  created_at  timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT samples_barcode UNIQUE (barcode),
  CONSTRAINT samples_one_a_well UNIQUE (plate_id, well),
  CHECK ((plate_id IS NULL) = (well IS NULL))
);

CREATE TABLE workflows (
  id              text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 36),
  name            text        NOT NULL,
  device_id       text        NOT NULL,
  status          text        NOT NULL DEFAULT 'created'
    CHECK (status IN ('created', 'queued', 'running', 'paused', 'completed', 'failed', 'cancelled')),
  status_reason   text,
  priority        text        NOT NULL DEFAULT 'normal' CHECK (priority IN ('urgent', 'normal', 'low')),
  auto            boolean     NOT NULL DEFAULT false,
  booking_id      text,
  fencing_token   integer,
  queue_entry_id  text,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at      timestamptz,
  finished_at     timestamptz,
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The action in hand: claimed here, then done on the device, then recorded. At most one a workflow.
  action          text        CHECK (action IN ('start', 'complete', 'cancel', 'pause', 'resume', 'undo', 'requeue')),
  action_id       uuid,
  action_args     jsonb,
  action_until    timestamptz,
  -- The newest recorded action: a repeated request recognises its own.
  last_action_id  uuid,
  CHECK ((action IS NULL) = (action_id IS NULL) AND (action IS NULL) = (action_until IS NULL))
);

CREATE INDEX workflows_newest ON workflows (created_at DESC, id DESC);
CREATE INDEX workflows_by_status ON workflows (status, created_at DESC, id DESC);
CREATE INDEX workflows_by_device ON workflows (device_id, created_at DESC, id DESC);
CREATE INDEX workflows_by_device_and_status ON workflows (device_id, status, created_at DESC, id DESC);
-- What the repair loop and the conductor look for.
CREATE INDEX workflows_actions ON workflows (action_until) WHERE action IS NOT NULL;
CREATE INDEX workflows_auto ON workflows (updated_at) WHERE auto AND status = 'running';
CREATE INDEX workflows_queued ON workflows (updated_at) WHERE status = 'queued';

CREATE TABLE workflow_steps (
  workflow_id  text        NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  position     integer     NOT NULL CHECK (position >= 1),
  operation    text        NOT NULL,
  parameters   jsonb       NOT NULL DEFAULT '{}',
  status       text        NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'unknown', 'skipped')),
  attempts     integer     NOT NULL DEFAULT 0,
  execution_id text,
  result       jsonb,
  error        jsonb,
  started_at   timestamptz,
  finished_at  timestamptz,
  -- While it runs: when to ask device-service again, should nobody have told us meanwhile.
  ask_again_at timestamptz,
  -- While it runs: what it was before this try, put back where the device does not take it.
  before       jsonb,
  PRIMARY KEY (workflow_id, position)
);

-- One step at a time.
CREATE UNIQUE INDEX workflow_steps_one_running ON workflow_steps (workflow_id) WHERE status = 'running';
CREATE UNIQUE INDEX workflow_steps_execution ON workflow_steps (execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX workflow_steps_to_ask ON workflow_steps (ask_again_at) WHERE status = 'running';

CREATE TABLE workflow_samples (
  workflow_id text    NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  position    integer NOT NULL,
  sample_id   uuid    NOT NULL REFERENCES samples (id),
  PRIMARY KEY (workflow_id, position),
  UNIQUE (workflow_id, sample_id)
);

CREATE INDEX workflow_samples_by_sample ON workflow_samples (sample_id);

-- Workflows whose request to book or to queue went without an answer: it may still arrive, even after the workflow
-- was deleted (hence no foreign key). What then appears in their name is withdrawn. Kept for seven days.
CREATE TABLE lost_requests (
  workflow_id text        PRIMARY KEY,
  device_id   text        NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far the feed of device-service has been taken in: the page that `cursor` begins, up to `event_id` within it.
-- One row; locked while an event is handled.
CREATE TABLE followed (
  feed     text PRIMARY KEY,
  cursor   text,
  event_id text
);
INSERT INTO followed (feed) VALUES ('devices');
