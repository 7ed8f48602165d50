-- Numbers of links, handed out a thousand at a time: a process takes a range and gives it away from memory. What it has not given
-- away when it ends is lost. 62^7 of them, as many as there are codes of seven characters.
CREATE SEQUENCE link_id_ranges AS bigint INCREMENT BY 1000 MINVALUE 0 START WITH 0 MAXVALUE 3521614605207 NO CYCLE;

-- The key by which numbers become codes. Made once; another one would give some numbers codes that are taken.
CREATE TABLE link_secret (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  secret   text    NOT NULL
);
INSERT INTO link_secret (secret) VALUES (gen_random_uuid()::text || gen_random_uuid()::text);

CREATE TABLE links (
  -- Looked up by every redirect.
  code            text        COLLATE "C" PRIMARY KEY CHECK (code ~ '^[0-9A-Za-z]{7}$'),
  target          text        NOT NULL CHECK (length(target) BETWEEN 1 AND 8192),
  -- Of a target elsewhere; null for a path of this laboratory.
  host            text        COLLATE "C",
  title           text        CHECK (length(title) BETWEEN 1 AND 200),
  subject_kind    text        CHECK (subject_kind IN ('sample', 'plate', 'device')),
  subject_id      text        COLLATE "C" CHECK (length(subject_id) BETWEEN 1 AND 64),
  created_by      text        NOT NULL,
  created_by_name text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at      timestamptz,
  -- The request that made it: sent again, it finds it.
  action_id       uuid        NOT NULL,
  CHECK ((subject_kind IS NULL) = (subject_id IS NULL))
);

CREATE UNIQUE INDEX links_action ON links (action_id);
-- A label is printed again with the code that it had.
CREATE UNIQUE INDEX links_one_a_subject ON links (subject_kind, subject_id) WHERE subject_kind IS NOT NULL;
-- GET /links, newest first.
CREATE INDEX links_newest ON links (created_at DESC, code DESC);

-- Where links may lead beside this laboratory.
CREATE TABLE link_hosts (
  host            text        COLLATE "C" PRIMARY KEY CHECK (length(host) BETWEEN 1 AND 260),
  note            text        CHECK (length(note) BETWEEN 1 AND 200),
  allowed_by      text        NOT NULL,
  allowed_by_name text        NOT NULL,
  allowed_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

/* Every process that leads people on hears what has changed, also where it was changed by hand. */
CREATE FUNCTION tell_of_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('labwright_links', coalesce(NEW.code, OLD.code));
  RETURN NULL;
END
$$;
CREATE TRIGGER links_tell AFTER INSERT OR UPDATE OR DELETE ON links FOR EACH ROW EXECUTE FUNCTION tell_of_link();

/* Nobody knows which links a host concerns: an empty message is about all. */
CREATE FUNCTION tell_of_all_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('labwright_links', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER link_hosts_tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON link_hosts
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_all_links();
CREATE TRIGGER links_tell_all AFTER TRUNCATE ON links FOR EACH STATEMENT EXECUTE FUNCTION tell_of_all_links();
