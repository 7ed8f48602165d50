-- What a part of a name is looked for in: to put a hundred thousand names in lower case is most of the work of such a search, and is done when a name is
-- written instead.
ALTER TABLE workflows ADD COLUMN lower_name text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED;
