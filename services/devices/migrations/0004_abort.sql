-- A person may stop what a device does: whoever carries it out is told by this, when it renews its lease.
ALTER TABLE execution_logs ADD COLUMN abort_reason text;

-- Whatever the search path of the session is in which somebody deletes bookings.
ALTER FUNCTION tell_deleted_booking() SET search_path FROM CURRENT;

-- The same for TRUNCATE, which fires no trigger for its rows.
CREATE FUNCTION tell_truncated_bookings() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO events (type, device_id, workflow_id, data)
  SELECT 'booking.released', device_id, workflow_id,
         jsonb_build_object('booking_id', id::text, 'reason', 'deleted from the database by hand')
  FROM device_bookings WHERE status = 'active';
  RETURN NULL;
END
$$;

CREATE TRIGGER device_bookings_truncated BEFORE TRUNCATE ON device_bookings
  FOR EACH STATEMENT EXECUTE FUNCTION tell_truncated_bookings();
