-- The instruments, who holds them, who waits for them, what they did, and what the world is told of it.

CREATE TABLE devices (
  id            text        PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$'),
  name          text        NOT NULL,
  type          text        NOT NULL,
  status        text        NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'busy', 'maintenance')),
  paused        boolean     NOT NULL DEFAULT false,
  capabilities  text[]      NOT NULL,
  nests         integer     NOT NULL DEFAULT 1 CHECK (nests >= 0),
  location      text,
  settings      jsonb       NOT NULL DEFAULT '{}',
  -- Rises with every booking of the device; the driver refuses anything older.
  fencing_token integer     NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  deleted_at    timestamptz,
  -- The request that made it: repeated after a crash, it finds its device.
  action_id     uuid
);

CREATE TABLE device_bookings (
  id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id      text        NOT NULL REFERENCES devices (id),
  workflow_id    text        NOT NULL CHECK (length(workflow_id) BETWEEN 1 AND 36),
  fencing_token  integer     NOT NULL,
  status         text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'released')),
  operations     text[]      NOT NULL DEFAULT '{}',
  queue_entry_id bigint,
  booked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_at    timestamptz,
  release_reason text,
  UNIQUE (device_id, fencing_token),
  CHECK ((status = 'released') = (released_at IS NOT NULL))
);

-- One device, one workflow: kept here, whatever the code does.
CREATE UNIQUE INDEX device_bookings_one_active ON device_bookings (device_id) WHERE status = 'active';
CREATE INDEX device_bookings_by_device ON device_bookings (device_id, id DESC);
CREATE INDEX device_bookings_by_workflow ON device_bookings (workflow_id, id DESC);

CREATE TABLE device_queue (
  id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id      text        NOT NULL REFERENCES devices (id),
  workflow_id    text        NOT NULL CHECK (length(workflow_id) BETWEEN 1 AND 36),
  priority       text        NOT NULL DEFAULT 'normal',
  priority_value integer     NOT NULL DEFAULT 5,
  status         text        NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'booked', 'cancelled')),
  operations     text[]      NOT NULL DEFAULT '{}',
  queued_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  booked_at      timestamptz,
  cancelled_at   timestamptz,
  cancel_reason  text,
  CHECK ((priority, priority_value) IN (('urgent', 1), ('normal', 5), ('low', 9))),
  CHECK ((status = 'booked') = (booked_at IS NOT NULL)),
  CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);

-- The order in which a device is handed on, and the walk of the queue's pages.
CREATE INDEX device_queue_order ON device_queue (device_id, priority_value, queued_at, id) WHERE status = 'queued';
-- One waiting entry a workflow and device.
CREATE UNIQUE INDEX device_queue_one_waiting ON device_queue (device_id, workflow_id) WHERE status = 'queued';

CREATE TABLE execution_logs (
  id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The attempt that asked for it: the same one never moves the device twice.
  execution_id  text,
  device_id     text        NOT NULL,
  device_type   text        NOT NULL,
  workflow_id   text,
  operation     text        NOT NULL,
  parameters    jsonb       NOT NULL DEFAULT '{}',
  fencing_token integer,
  status        text        NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'unknown')),
  result        jsonb,
  error         jsonb,
  started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at   timestamptz,
  duration_ms   integer,
  -- Which process drives it, and until when it may be believed to live.
  runner        text,
  leased_until  timestamptz,
  CHECK ((status = 'running') = (finished_at IS NULL))
);

CREATE UNIQUE INDEX execution_logs_execution_id ON execution_logs (execution_id) WHERE execution_id IS NOT NULL;
-- One operation at a time on a device.
CREATE UNIQUE INDEX execution_logs_one_running ON execution_logs (device_id) WHERE status = 'running';
-- Pages by time, newest first, whatever the filter: the id breaks ties.
CREATE INDEX execution_logs_by_time ON execution_logs (started_at, id);
CREATE INDEX execution_logs_by_device ON execution_logs (device_id, started_at, id);
-- What an operation takes: the newest durations by type and operation.
CREATE INDEX execution_logs_durations ON execution_logs (device_type, operation, started_at)
  INCLUDE (duration_ms) WHERE status = 'succeeded';

-- What happened, for whoever follows. A reader goes on from (xid, id); rows of transactions that are still open
-- are not read past, so that none is missed. Kept for seven days.
CREATE TABLE events (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
  type        text        NOT NULL,
  device_id   text        NOT NULL,
  workflow_id text,
  data        jsonb       NOT NULL DEFAULT '{}',
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX events_feed ON events (xid, id);
CREATE INDEX events_at ON events (at);
