-- One row an Idempotency-Key: what was asked with it and what was answered. Kept for 24 hours.
CREATE TABLE idempotency_keys (
  key          text        PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
  request_hash text        NOT NULL,
  -- Null while the first request is still running.
  status       integer,
  content_type text,
  body         text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  -- A request that never answered (its process died) may be taken over after this.
  leased_until timestamptz NOT NULL
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
