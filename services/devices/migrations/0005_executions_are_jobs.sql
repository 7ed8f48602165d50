-- An operation is carried out by a job: whose it is, and for how long, is known there.
ALTER TABLE execution_logs
  -- How often somebody took it in hand. From the second time on the instrument is asked before it is told anything.
  ADD COLUMN drives   integer     NOT NULL DEFAULT 0,
  -- When the first one did: what an operation takes is counted from here, not from when it was asked for.
  ADD COLUMN begun_at timestamptz;

-- What runs while this is applied was begun by a process that is gone.
UPDATE execution_logs SET drives = 1, begun_at = started_at WHERE status = 'running';

ALTER TABLE execution_logs DROP COLUMN runner, DROP COLUMN leased_until;
