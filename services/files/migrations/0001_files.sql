-- Files of people and instruments: who sent what, how far it is, and what was read in it.

CREATE TYPE file_status AS ENUM ('expected', 'received', 'ready', 'rejected', 'expired', 'deleted');
CREATE TYPE file_results_status AS ENUM ('none', 'pending', 'done', 'failed');

CREATE TABLE files (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  content_type text NOT NULL,
  size bigint NOT NULL CHECK (size > 0),
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  owner_id text NOT NULL,
  owner_name text NOT NULL,
  workflow_id text,
  plate_id text,
  device_id text,
  resumable boolean NOT NULL,
  results_wanted text NOT NULL CHECK (results_wanted IN ('auto', 'required', 'none')),
  status file_status NOT NULL DEFAULT 'expected',
  status_reason text,
  -- Of the upload.
  expires_at timestamptz NOT NULL,
  -- When the sweep sees to it next: while its bytes are expected, and while a job has to do with it.
  look_at timestamptz,
  results_status file_results_status NOT NULL DEFAULT 'none',
  results_reason text,
  parser text,
  results_count integer,
  faults jsonb,
  faults_count integer,
  created_at timestamptz NOT NULL,
  -- The key of what was checked.
  kept_key text CHECK (kept_key IS NOT NULL OR status NOT IN ('ready', 'deleted')),
  ready_at timestamptz CHECK (ready_at IS NOT NULL OR status NOT IN ('ready', 'deleted')),
  delete_at timestamptz,
  deleted_at timestamptz CHECK ((deleted_at IS NOT NULL) = (status = 'deleted')),
  deleted_by text,
  CHECK ((look_at IS NOT NULL) = (status IN ('expected', 'received') OR results_status = 'pending')),
  CHECK (results_status = 'none' OR status IN ('ready', 'deleted')),
  CHECK (results_status <> 'pending' OR status = 'ready')
);

-- GET /files, newest first, whole and by each filter.
CREATE INDEX files_newest ON files (created_at DESC, id DESC);
CREATE INDEX files_of_owner ON files (owner_id, created_at DESC, id DESC);
CREATE INDEX files_of_workflow ON files (workflow_id, created_at DESC, id DESC) WHERE workflow_id IS NOT NULL;
CREATE INDEX files_of_plate ON files (plate_id, created_at DESC, id DESC) WHERE plate_id IS NOT NULL;
-- The sweeps: what has to be seen to, files whose time is over, uploads that came to nothing.
CREATE INDEX files_to_see_to ON files (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX files_to_delete ON files (delete_at) WHERE status = 'ready' AND delete_at IS NOT NULL;
CREATE INDEX files_come_to_nothing ON files (created_at) WHERE status IN ('rejected', 'expired');

-- What a person has of the storage: kept and promised. The trigger below is the only one who writes it.
CREATE TABLE file_usage (
  owner_id text PRIMARY KEY,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  open_uploads integer NOT NULL CHECK (open_uploads >= 0)
);

CREATE FUNCTION files_count_usage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  counts_before boolean := TG_OP <> 'INSERT' AND OLD.status IN ('expected', 'received', 'ready');
  counts_now boolean := TG_OP <> 'DELETE' AND NEW.status IN ('expected', 'received', 'ready');
  open_before boolean := TG_OP <> 'INSERT' AND OLD.status = 'expected';
  open_now boolean := TG_OP <> 'DELETE' AND NEW.status = 'expected';
  whose text := CASE WHEN TG_OP = 'DELETE' THEN OLD.owner_id ELSE NEW.owner_id END;
  large bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.size ELSE NEW.size END;
  bytes_more bigint := large * (counts_now::integer - counts_before::integer);
  open_more integer := open_now::integer - open_before::integer;
BEGIN
  IF bytes_more <> 0 OR open_more <> 0 THEN
    -- Not ON CONFLICT: the row that it proposes would break the checks where something is taken away.
    UPDATE file_usage SET bytes = bytes + bytes_more, open_uploads = open_uploads + open_more WHERE owner_id = whose;
    IF NOT FOUND THEN
      INSERT INTO file_usage AS u (owner_id, bytes, open_uploads) VALUES (whose, bytes_more, open_more)
      ON CONFLICT (owner_id) DO UPDATE
        SET bytes = u.bytes + excluded.bytes, open_uploads = u.open_uploads + excluded.open_uploads;
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER files_count_usage AFTER INSERT OR UPDATE OF status OR DELETE ON files
FOR EACH ROW EXECUTE FUNCTION files_count_usage();

-- What was read in files. They outlive the bytes of their file.
CREATE TABLE file_results (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file_id uuid NOT NULL REFERENCES files,
  line integer NOT NULL,
  workflow_id text,
  plate_id text,
  device_id text,
  well text NOT NULL,
  measurement text NOT NULL,
  value double precision,
  unit text,
  note text,
  CHECK (value IS NOT NULL OR note IS NOT NULL)
);

-- GET /results by each of its filters, in the order of ids.
CREATE INDEX file_results_of_file ON file_results (file_id, id);
CREATE INDEX file_results_of_workflow ON file_results (workflow_id, id) WHERE workflow_id IS NOT NULL;
CREATE INDEX file_results_of_plate ON file_results (plate_id, id) WHERE plate_id IS NOT NULL;

-- What the policies and links are signed with where no S3 signs them: one row, made by whoever comes first.
CREATE TABLE file_signing (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  secret text NOT NULL
);
