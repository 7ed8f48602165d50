-- A step that a person carries out: what they are asked. The id of its attempt is that of its task at hub-service.
ALTER TABLE workflow_steps ADD COLUMN operator_task jsonb;
-- While it runs: when the hub confirmed that the task is there; null while nobody knows.
ALTER TABLE workflow_steps ADD COLUMN task_seen_at timestamptz;

-- Tasks that no step waits for any more, until the hub knows it.
CREATE TABLE task_recalls (
  -- `id` of the task and what else makes it: one that never came must not come any more.
  task   jsonb       NOT NULL,
  id     uuid        PRIMARY KEY,
  reason text        NOT NULL,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX task_recalls_due ON task_recalls (due_at);

-- How far the ends of tasks, as the hub tells them, have been stored.
INSERT INTO followed (feed) VALUES ('hub');
