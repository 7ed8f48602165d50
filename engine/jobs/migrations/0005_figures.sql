/*
 * What workers saw, added up for each minute and for each quarter of an hour: each worker adds what ended in its process every ten
 * seconds, so a job pays nothing for it. An array counts durations by size; its bounds are in figures/spread.ts.
 */
CREATE TABLE job_figures (
  -- Seconds that a row stands for.
  step      integer     NOT NULL CHECK (step IN (60, 900)),
  at        timestamptz NOT NULL,
  queue     text        NOT NULL,
  succeeded integer     NOT NULL,
  retried   integer     NOT NULL,
  failed    integer     NOT NULL,
  dead      integer     NOT NULL,
  cancelled integer     NOT NULL,
  -- How long attempts took, and, of a sample, how long jobs waited for their start.
  runs      integer[]   NOT NULL,
  waits     integer[]   NOT NULL,
  PRIMARY KEY (step, at, queue)
);

CREATE FUNCTION add_job_counts(a integer[], b integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(coalesce(u.a, 0) + coalesce(u.b, 0) ORDER BY u.place) FROM unnest(a, b) WITH ORDINALITY AS u (a, b, place)
$$;

/* The first job that is as young as this, or one past the last. Taken to rise with the id, which it does but for transactions that were open for long. */
CREATE FUNCTION first_job_since(of_time timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  low bigint := (SELECT id FROM jobs ORDER BY id LIMIT 1);
  high bigint := (SELECT id + 1 FROM jobs ORDER BY id DESC LIMIT 1);
  middle bigint;
  found record;
BEGIN
  IF low IS NULL THEN RETURN 0; END IF;
  WHILE low < high LOOP
    middle := low + (high - low) / 2;
    SELECT j.id, j.created_at INTO found FROM jobs j WHERE j.id >= middle ORDER BY j.id LIMIT 1;
    IF found.created_at >= of_time THEN high := middle; ELSE low := found.id + 1; END IF;
  END LOOP;
  RETURN low;
END
$$;
