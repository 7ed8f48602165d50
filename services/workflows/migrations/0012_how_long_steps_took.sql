-- How long a device took, as its own log has it: null where nobody could measure it, for Labwright was stopped meanwhile. Of those that ended before
-- this, no more is known than when each began and ended.
ALTER TABLE workflow_steps ADD COLUMN duration_ms integer;
UPDATE workflow_steps
SET duration_ms = greatest(0, least(2147483647, extract(epoch FROM finished_at - started_at) * 1000))::integer
WHERE finished_at IS NOT NULL AND started_at IS NOT NULL AND operator_task IS NULL AND status IN ('succeeded', 'failed');
