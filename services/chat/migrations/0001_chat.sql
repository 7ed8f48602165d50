-- What people say to one another, and who is there.

CREATE TABLE chat_rooms (
  room        text        PRIMARY KEY CHECK (room ~ '^(lab|(run|device):[A-Za-z0-9][A-Za-z0-9_.-]{0,49})$'),
  -- Both are counted up only by a statement that writes the message with that number, and the row stays locked until it is
  -- committed: so numbers have no gaps, and become visible in their order.
  last_seq    integer     NOT NULL DEFAULT 0,
  last_change integer     NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (last_seq <= last_change)
);

CREATE TABLE chat_messages (
  -- Chosen by who sends it: sent again, it is found.
  id          uuid        PRIMARY KEY,
  room        text        NOT NULL REFERENCES chat_rooms (room),
  seq         integer     NOT NULL CHECK (seq > 0),
  change      integer     NOT NULL CHECK (change >= seq),
  author_id   text        NOT NULL,
  author_name text        NOT NULL,
  text        text        NOT NULL CHECK (length(text) <= 4000),
  mentions    text[]      NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  edited_at   timestamptz,
  deleted_at  timestamptz,
  deleted_by  text,
  -- The walk back through a room.
  CONSTRAINT chat_messages_by_seq UNIQUE (room, seq),
  -- What came after the last change that somebody saw.
  CONSTRAINT chat_messages_by_change UNIQUE (room, change),
  CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
  CHECK (deleted_at IS NULL OR text = '')
);

-- By what names people are mentioned. A copy of the people that is renewed; never asked who somebody is.
CREATE TABLE chat_handles (
  handle       text        NOT NULL,
  principal_id text        NOT NULL,
  seen_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (handle, principal_id)
);
-- What a renewal did not find again.
CREATE INDEX chat_handles_by_age ON chat_handles (seen_at);

-- Who follows which room, by way of which process. Worth nothing after a crash of the server: not written ahead.
CREATE UNLOGGED TABLE chat_processes (
  id          uuid        PRIMARY KEY,
  alive_until timestamptz NOT NULL
);
CREATE UNLOGGED TABLE chat_presence (
  room           text NOT NULL,
  principal_id   text NOT NULL,
  process_id     uuid NOT NULL,
  principal_name text NOT NULL,
  -- The pages of a room, by principal.
  PRIMARY KEY (room, principal_id, process_id)
);
CREATE INDEX chat_presence_by_process ON chat_presence (process_id);

-- Messages between processes that do not fit into a notification, as the adapter of socket.io wants them; removed after 30 s.
CREATE UNLOGGED TABLE socket_io_attachments (
  id         bigserial   PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  payload    bytea
);
CREATE INDEX socket_io_attachments_by_age ON socket_io_attachments (created_at);
