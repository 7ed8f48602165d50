-- People reset a laboratory with `DELETE FROM device_bookings`. Whoever held a device then has to hear of it, as of any
-- other release: a workflow would otherwise go on saying that it runs.
CREATE FUNCTION tell_deleted_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (type, device_id, workflow_id, data)
  VALUES ('booking.released', OLD.device_id, OLD.workflow_id,
          jsonb_build_object('booking_id', OLD.id::text, 'reason', 'deleted from the database by hand'));
  RETURN NULL;
END
$$;

CREATE TRIGGER device_bookings_deleted AFTER DELETE ON device_bookings
  FOR EACH ROW WHEN (OLD.status = 'active') EXECUTE FUNCTION tell_deleted_booking();
