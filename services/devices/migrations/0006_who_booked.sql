-- Who asked for a booking or a place in the queue: whoever takes it away from somebody else says why. Null: from before, or by hand.
ALTER TABLE device_bookings ADD COLUMN booked_by text;
ALTER TABLE device_queue ADD COLUMN queued_by text;
