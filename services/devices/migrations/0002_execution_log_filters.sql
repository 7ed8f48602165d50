-- The logs are read newest first under any choice of the filters device, operation and status, and a table of
-- millions of rows must answer each choice by walking one index in order: then a page costs as much as the page is
-- long, also where the wanted rows are few (the failures of one operation among millions that succeeded).
--
-- execution_logs_by_time and execution_logs_by_device serve the choices without operation and status. These four
-- serve the other six: the two with the operation have the status before the time, so that with a status they are
-- walked as they are, and without one their four parts (`status` has four values) are merged.
-- They cost about 250 bytes a row; an execution writes each of them twice, in microseconds.

CREATE INDEX execution_logs_by_status ON execution_logs (status, started_at, id);
CREATE INDEX execution_logs_by_device_status ON execution_logs (device_id, status, started_at, id);
CREATE INDEX execution_logs_by_operation ON execution_logs (operation, status, started_at, id);
CREATE INDEX execution_logs_by_device_operation ON execution_logs (device_id, operation, status, started_at, id);

-- What one workflow did. It has as many rows as its steps have attempts, so that the other filters need no index
-- of their own beside it.
CREATE INDEX execution_logs_by_workflow ON execution_logs (workflow_id, started_at, id)
  WHERE workflow_id IS NOT NULL;
