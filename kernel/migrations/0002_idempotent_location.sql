-- An answer that is given again names the place of what was made, as the first one did.
ALTER TABLE idempotency_keys ADD COLUMN location text;
