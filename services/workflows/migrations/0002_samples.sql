-- Lists of samples, requests that are repeated, and the import of files.

-- Barcodes are ASCII and compared byte by byte: the unique index then also serves "begins with …" and pages in this
-- order, whatever the locale of the database.
ALTER TABLE samples ALTER COLUMN barcode TYPE text COLLATE "C";

CREATE INDEX samples_by_type ON samples (sample_type, seq);

-- The request that made the plate: sent again, it finds its plate instead of a conflict.
ALTER TABLE plates ADD COLUMN action_id uuid;

-- Imports that added samples, by the request that asked for them: sent again, it finds its answer. Kept for seven days.
CREATE TABLE sample_imports (
  id         uuid        PRIMARY KEY,
  -- Of the file, byte by byte.
  sha256     text        NOT NULL,
  answer     jsonb       NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX sample_imports_created_at ON sample_imports (created_at);

-- Where files are gathered while they are checked. One attempt to import is one `import_id`; it clears up after
-- itself, and what a crash leaves is cleared up a day later. Nothing here has to survive a crash of the server.
-- Each of the two has one index alone, so that no stale statistics can talk the planner into another.

CREATE UNLOGGED TABLE sample_import_rows (
  import_id   uuid    NOT NULL,
  line        integer NOT NULL,
  barcode     text    NOT NULL,
  sample_type text    NOT NULL,
  plate_id    text,
  well        text,
  volume_ul   double precision,
  -- The plate does not exist yet and is to be made.
  new_plate   boolean NOT NULL,
  PRIMARY KEY (import_id, line)
);

-- What the lines of a file lay claim to, a barcode or a well, and the first line that does.
CREATE UNLOGGED TABLE sample_import_claims (
  import_id uuid    NOT NULL,
  claim     text    COLLATE "C" NOT NULL,
  line      integer NOT NULL,
  PRIMARY KEY (import_id, claim)
);
