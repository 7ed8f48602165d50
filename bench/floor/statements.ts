/** Takes a free device: the row of the device, the booking, the event. No row: it is not free. */
export const bookSql = `
  WITH device AS (
    UPDATE devices SET status = 'busy', fencing_token = fencing_token + 1, updated_at = clock_timestamp()
    WHERE id = $1 AND status = 'available' RETURNING id, fencing_token
  ), booking AS (
    INSERT INTO device_bookings (device_id, workflow_id, fencing_token)
    SELECT id, $2, fencing_token FROM device RETURNING *
  ), event AS (
    INSERT INTO events (type, device_id, workflow_id) SELECT 'booking.granted', device_id, workflow_id FROM booking
  )
  SELECT * FROM booking`;

/** Releases a device for which nobody waits: the booking, the row of the device, the event. */
export const releaseSql = `
  WITH booking AS (
    UPDATE device_bookings SET status = 'released', released_at = clock_timestamp()
    WHERE device_id = $1 AND workflow_id = $2 AND status = 'active' RETURNING *
  ), device AS (
    UPDATE devices SET status = 'available', updated_at = clock_timestamp()
    FROM booking WHERE devices.id = booking.device_id
  ), event AS (
    INSERT INTO events (type, device_id, workflow_id) SELECT 'booking.released', device_id, workflow_id FROM booking
  )
  SELECT * FROM booking`;

/**
 * Release and next booking, as a bare transaction does them: lock, end the booking, take the first of the queue,
 * book it for that one. Four statements between BEGIN and COMMIT, each a round trip.
 */
export const handOnSql = {
  lock: 'SELECT id FROM devices WHERE id = $1 FOR NO KEY UPDATE',
  release: `
    UPDATE device_bookings SET status = 'released', released_at = clock_timestamp()
    WHERE device_id = $1 AND status = 'active' RETURNING *`,
  next: `
    UPDATE device_queue SET status = 'booked', booked_at = clock_timestamp()
    WHERE id = (SELECT id FROM device_queue WHERE device_id = $1 AND status = 'queued'
                ORDER BY priority_value, queued_at, id LIMIT 1)
    RETURNING id, workflow_id`,
  book: `
    WITH device AS (
      UPDATE devices SET fencing_token = fencing_token + 1, updated_at = clock_timestamp()
      WHERE id = $1 RETURNING id, fencing_token
    ), booking AS (
      INSERT INTO device_bookings (device_id, workflow_id, fencing_token, queue_entry_id)
      SELECT id, $2, fencing_token, $3 FROM device RETURNING *
    ), events AS (
      INSERT INTO events (type, device_id, workflow_id)
      SELECT type, device_id, workflow_id FROM booking, unnest(ARRAY['booking.released', 'booking.granted']) AS type
    )
    SELECT * FROM booking`,
};
