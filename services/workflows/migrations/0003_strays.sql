-- What a device gave to a workflow that wants nothing of it any more: over, or deleted. Withdrawn by the repair loop, which comes
-- again until the device has nothing of it.
CREATE TABLE strays (
  device_id   text        NOT NULL,
  workflow_id text        NOT NULL,
  -- '' for whatever the workflow has there.
  booking_id  text        NOT NULL,
  due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (device_id, workflow_id, booking_id)
);
CREATE INDEX strays_due ON strays (due_at);

-- Bookings are compared with those of the devices now and then.
ALTER TABLE workflows ADD COLUMN booking_checked_at timestamptz;
CREATE INDEX workflows_with_booking ON workflows (booking_checked_at NULLS FIRST) WHERE booking_id IS NOT NULL;
