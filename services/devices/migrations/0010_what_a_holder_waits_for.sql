-- The holder waits for somebody: to do a task, to run its next step, to see to one that failed. Told by its workflow, as a task was until now, which
-- tells what is still so again within a minute.
ALTER TABLE device_bookings
  DROP COLUMN task_id,
  DROP COLUMN task_title,
  DROP COLUMN task_since,
  DROP COLUMN task_until,
  ADD COLUMN wait       jsonb,
  ADD COLUMN wait_since timestamptz,
  ADD COLUMN wait_until timestamptz;
