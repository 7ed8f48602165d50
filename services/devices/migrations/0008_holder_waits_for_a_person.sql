-- The holder waits for a person: told by its workflow, again and again while it lasts. What is not told again is believed no more after `task_until`;
-- an operation that the holder began later than `task_since` says so as well.
ALTER TABLE device_bookings
  ADD COLUMN task_id    text,
  ADD COLUMN task_title text,
  ADD COLUMN task_since timestamptz,
  ADD COLUMN task_until timestamptz;
