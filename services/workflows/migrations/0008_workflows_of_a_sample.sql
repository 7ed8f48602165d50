-- The workflows of a sample are listed newest first, a page at a time, however many there are.
ALTER TABLE workflow_samples ADD COLUMN added_at timestamptz NOT NULL DEFAULT now();
UPDATE workflow_samples AS held SET added_at = w.created_at FROM workflows AS w WHERE w.id = held.workflow_id;
DROP INDEX workflow_samples_by_sample;
CREATE INDEX workflow_samples_by_sample ON workflow_samples (sample_id, added_at DESC, workflow_id DESC);
