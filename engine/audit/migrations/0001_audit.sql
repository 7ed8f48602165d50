-- What was done, by whom and why. Whoever changes something puts an entry into audit_pending in the same transaction; the
-- sealer moves it into audit_entries, where each entry carries the hash of the one before it.

-- Tells this chain from that of any other database. One row.
CREATE TABLE audit_chain (
  one      boolean     PRIMARY KEY DEFAULT true CHECK (one),
  id       uuid        NOT NULL DEFAULT gen_random_uuid(),
  began_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO audit_chain DEFAULT VALUES;

CREATE TABLE audit_pending (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- {"actor": {id, kind, name, role}, "on_behalf_of": {id, name}, "request_id", "trace_id"}
  context      jsonb       NOT NULL CHECK (context->'actor'->>'id' IS NOT NULL),
  action       text        NOT NULL CHECK (length(action) BETWEEN 1 AND 100),
  subject      text        NOT NULL CHECK (length(subject) BETWEEN 1 AND 300),
  reason       text,
  before       jsonb,
  after        jsonb,
  signature_id uuid
);

-- Signed statements that were used: each one once, by its key.
CREATE TABLE audit_signatures (
  id        uuid        PRIMARY KEY,
  signed_by text        NOT NULL,
  name      text        NOT NULL,
  meaning   text        NOT NULL,
  signed_at timestamptz NOT NULL,
  action    text        NOT NULL,
  subject   text        NOT NULL,
  -- As the hub signed it: anybody may check it against the hub's keys.
  statement text        NOT NULL
);

-- `json`, not `jsonb`: the text is kept to the byte, and the hash is over that text.
CREATE TABLE audit_entries (
  seq          bigint      PRIMARY KEY CHECK (seq > 0),
  -- The id that it had while pending: sealed once.
  id           bigint      NOT NULL UNIQUE,
  at           timestamptz NOT NULL,
  sealed_at    timestamptz NOT NULL,
  actor_id     text        NOT NULL,
  actor_kind   text,
  actor_name   text,
  actor_role   text,
  on_behalf_of json,
  action       text        NOT NULL,
  subject      text        NOT NULL,
  reason       text,
  before       json,
  after        json,
  signature    json,
  request_id   text,
  trace_id     text,
  prev         text        NOT NULL,
  hash         text        NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$')
);
-- Each filter of the list, newest first.
CREATE INDEX audit_entries_by_actor ON audit_entries (actor_id, seq DESC);
CREATE INDEX audit_entries_by_subject ON audit_entries (subject, seq DESC);
CREATE INDEX audit_entries_by_action ON audit_entries (action, seq DESC);
-- Where in the chain a time lies: `sealed_at` rises with `seq`.
CREATE INDEX audit_entries_by_time ON audit_entries (sealed_at, seq);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on %: the audit trail is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- The clock is the database's, whoever inserts.
CREATE FUNCTION audit_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.at := clock_timestamp();
  RETURN NEW;
END $$;

-- The next number and the hash of the last entry, or nothing. Two at once are told apart by the primary key.
CREATE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq bigint;
  last_hash text;
BEGIN
  SELECT seq, hash INTO last_seq, last_hash FROM audit_entries ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    last_seq := 0;
    SELECT encode(sha256(convert_to(format('{"chain":"%s"}', id), 'UTF8')), 'hex') INTO last_hash FROM audit_chain;
  END IF;
  IF NEW.seq <> last_seq + 1 OR NEW.prev IS DISTINCT FROM last_hash THEN
    RAISE EXCEPTION 'entry % does not follow entry % of the audit trail', NEW.seq, last_seq
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

-- A pending entry leaves when it is sealed, and not otherwise.
CREATE FUNCTION audit_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM audit_entries WHERE id = OLD.id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'DELETE on audit_pending: the audit trail is append-only, and entry % is not sealed', OLD.id
    USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_entries_link BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_link();
CREATE TRIGGER audit_entries_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_signatures_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_signatures EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_chain_keep BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_chain EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_pending_stamp BEFORE INSERT ON audit_pending FOR EACH ROW EXECUTE FUNCTION audit_stamp();
CREATE TRIGGER audit_pending_leave BEFORE DELETE ON audit_pending FOR EACH ROW EXECUTE FUNCTION audit_leave();
CREATE TRIGGER audit_pending_keep BEFORE UPDATE OR TRUNCATE ON audit_pending EXECUTE FUNCTION audit_refuse();

-- Also in a session that plays a replica (`session_replication_role`), which skips other triggers.
ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_link, ENABLE ALWAYS TRIGGER audit_entries_keep;
ALTER TABLE audit_signatures ENABLE ALWAYS TRIGGER audit_signatures_keep;
ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER audit_chain_keep;
ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER audit_pending_stamp, ENABLE ALWAYS TRIGGER audit_pending_leave,
  ENABLE ALWAYS TRIGGER audit_pending_keep;
