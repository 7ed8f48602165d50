-- What happened to workflows and their steps, for whoever follows: the columns that engine/feed wants. Kept for seven days.
CREATE TABLE events (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
  type        text        NOT NULL,
  workflow_id text        NOT NULL,
  device_id   text        NOT NULL,
  data        jsonb       NOT NULL DEFAULT '{}',
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX events_feed ON events (xid, id);
CREATE INDEX events_at ON events (at);

-- The state is changed by many statements, and by people with psql: whoever does it, its event is in the same transaction.
CREATE FUNCTION tell_workflow() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  cause text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO events (type, workflow_id, device_id, data)
    VALUES ('workflow.deleted', OLD.id, OLD.device_id, jsonb_build_object('name', OLD.name));
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO events (type, workflow_id, device_id, data)
    VALUES ('workflow.created', NEW.id, NEW.device_id,
            jsonb_build_object('name', NEW.name, 'status', NEW.status, 'previous', NULL, 'reason', NULL, 'by', NULL, 'cause', NULL));
    RETURN NULL;
  END IF;
  IF NEW.status = 'failed' THEN
    SELECT status INTO cause FROM workflow_steps
    WHERE workflow_id = NEW.id AND status IN ('failed', 'unknown') ORDER BY position LIMIT 1;
  END IF;
  -- `by`: the action that brought it there; null where it came by itself.
  INSERT INTO events (type, workflow_id, device_id, data)
  VALUES ('workflow.changed', NEW.id, NEW.device_id,
          jsonb_build_object('name', NEW.name, 'status', NEW.status, 'previous', OLD.status, 'reason', NEW.status_reason,
                             'by', OLD.action, 'cause', cause));
  RETURN NULL;
END
$$;

CREATE TRIGGER workflows_changed AFTER UPDATE OF status ON workflows
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tell_workflow();
-- Not those that are put there with their history, as a demo laboratory is.
CREATE TRIGGER workflows_created AFTER INSERT ON workflows
  FOR EACH ROW WHEN (NEW.status = 'created') EXECUTE FUNCTION tell_workflow();
CREATE TRIGGER workflows_deleted AFTER DELETE ON workflows
  FOR EACH ROW EXECUTE FUNCTION tell_workflow();

CREATE FUNCTION tell_step() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO events (type, workflow_id, device_id, data)
  SELECT 'step.changed', w.id, w.device_id,
         jsonb_build_object('name', w.name, 'position', NEW.position, 'operation', NEW.operation, 'status', NEW.status,
                            'previous', OLD.status, 'execution_id', NEW.execution_id, 'error', NEW.error)
  FROM workflows w WHERE w.id = NEW.workflow_id;
  RETURN NULL;
END
$$;

-- Skipped are all that are left, a thousand perhaps, at the end of a workflow: its own event says so.
CREATE TRIGGER workflow_steps_changed AFTER UPDATE OF status ON workflow_steps
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status <> 'skipped') EXECUTE FUNCTION tell_step();
