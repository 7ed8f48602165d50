-- A key belongs to whoever sent it: another one with the same key has another request, and never sees this answer.
-- Until now everybody was the local user.
ALTER TABLE idempotency_keys ADD COLUMN principal text NOT NULL DEFAULT 'local';
ALTER TABLE idempotency_keys ALTER COLUMN principal DROP DEFAULT;
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey;
ALTER TABLE idempotency_keys ADD PRIMARY KEY (principal, key);
