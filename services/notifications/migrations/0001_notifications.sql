-- What people may want to hear of, who wants to hear what, and what became of it.
-- Ids of people are compared byte by byte: ranges of them are then the same here and in the process.

CREATE TABLE notification_events (
  id            uuid        PRIMARY KEY,
  type          text        NOT NULL,
  severity      text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  title         text        NOT NULL,
  text          text        NOT NULL,
  link          text,
  device_id     text,
  workflow_id   text,
  room          text,
  -- Null: whoever subscribed to it.
  recipients    text[],
  occurred_at   timestamptz NOT NULL,
  announced_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Every range of its recipients has its job.
  fanned_out_at timestamptz
);
-- The sweep.
CREATE INDEX notification_events_announced ON notification_events (announced_at);

CREATE TABLE notification_people (
  person_id   text        COLLATE "C" PRIMARY KEY,
  time_zone   text        NOT NULL DEFAULT 'UTC',
  -- Local times, HH:MM; from 22:00 until 07:00 goes over midnight.
  quiet_from  text        CHECK (quiet_from ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  quiet_until text        CHECK (quiet_until ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  -- When a daily digest is sent.
  digest_at   text        NOT NULL DEFAULT '08:00' CHECK (digest_at ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
  CHECK (quiet_from <> quiet_until)
);

CREATE TABLE notification_subscriptions (
  id           uuid        PRIMARY KEY,
  person_id    text        COLLATE "C" NOT NULL,
  channel      text        NOT NULL,
  -- A type, all of a noun (`workflow.*`), or `*`.
  event_type   text        NOT NULL DEFAULT '*',
  device_id    text,
  workflow_id  text,
  min_severity text        NOT NULL DEFAULT 'info' CHECK (min_severity IN ('info', 'warning', 'critical')),
  digest       text        NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'hourly', 'daily')),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What it asks for, in one word: an event looks for the few dozen words that fit it, and for nothing else.
  topic        text        COLLATE "C" NOT NULL GENERATED ALWAYS AS
    (min_severity || ' ' || event_type || ' ' || coalesce(device_id, '*') || ' ' || coalesce(workflow_id, '*')) STORED
);
-- Who wants an event, in the order of their ids.
CREATE UNIQUE INDEX notification_subscriptions_topic ON notification_subscriptions (topic, person_id, channel);
-- Somebody's own.
CREATE INDEX notification_subscriptions_person ON notification_subscriptions (person_id, id);

-- Where a person is reached by webhook or Slack. Mail goes to the address of the account.
CREATE TABLE notification_addresses (
  person_id  text        COLLATE "C" NOT NULL,
  channel    text        NOT NULL,
  url        text        NOT NULL,
  -- Signs what is sent there; null where the channel signs nothing.
  secret     text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (person_id, channel)
);

-- The channel in_app: one row is one notification of one person. What it says is in the event, once for all.
CREATE TABLE notification_inbox (
  seq        bigint      GENERATED ALWAYS AS IDENTITY,
  person_id  text        COLLATE "C" NOT NULL,
  event_id   uuid        NOT NULL REFERENCES notification_events (id),
  read_at    timestamptz,
  -- The pages of an inbox.
  PRIMARY KEY (person_id, seq),
  -- One event, one person: one notification.
  CONSTRAINT notification_inbox_once UNIQUE (event_id, person_id)
);
CREATE INDEX notification_inbox_unread ON notification_inbox (person_id, seq) WHERE read_at IS NULL;

-- What is collected for one message.
CREATE TABLE notification_digests (
  id        uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  person_id text        COLLATE "C" NOT NULL,
  channel   text        NOT NULL,
  due_at    timestamptz NOT NULL,
  state     text        NOT NULL DEFAULT 'collecting' CHECK (state IN ('collecting', 'sending', 'sent', 'failed', 'unknown')),
  CONSTRAINT notification_digests_once UNIQUE (person_id, channel, due_at)
);
-- The sweep.
CREATE INDEX notification_digests_due ON notification_digests (due_at);

-- One message to one person by one of the channels that reach beyond this database.
CREATE TABLE notification_deliveries (
  event_id   uuid        NOT NULL REFERENCES notification_events (id),
  person_id  text        COLLATE "C" NOT NULL,
  channel    text        NOT NULL,
  state      text        NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'collected', 'sending', 'sent', 'failed', 'unknown')),
  attempts   integer     NOT NULL DEFAULT 0,
  digest_id  uuid        REFERENCES notification_digests (id),
  due_at     timestamptz NOT NULL,
  error      text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at   timestamptz,
  -- Idempotent per (event, person, channel).
  PRIMARY KEY (event_id, person_id, channel)
);
-- Somebody's own, newest first.
CREATE INDEX notification_deliveries_person ON notification_deliveries (person_id, created_at DESC, event_id, channel);
CREATE INDEX notification_deliveries_digest ON notification_deliveries (digest_id, created_at, event_id) WHERE digest_id IS NOT NULL;

-- Mail of a laboratory without a mail server: administrators read it here. Kept for seven days.
CREATE TABLE notification_mail (
  -- Of the message: captured again, it is there once.
  id         uuid        PRIMARY KEY,
  seq        bigint      GENERATED ALWAYS AS IDENTITY,
  recipient  text        NOT NULL,
  subject    text        NOT NULL,
  text       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX notification_mail_newest ON notification_mail (seq DESC);
CREATE INDEX notification_mail_old ON notification_mail (created_at);

-- How far the feeds of the other services were taken in.
CREATE TABLE notification_followed (
  feed   text PRIMARY KEY,
  cursor text
);
INSERT INTO notification_followed (feed) VALUES ('devices'), ('workflows');

-- How each device stood when we last heard of it: an event tells how it stands, not what changed.
CREATE TABLE notification_devices (
  device_id text    PRIMARY KEY,
  status    text    NOT NULL,
  paused    boolean NOT NULL
);
