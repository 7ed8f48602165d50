-- Work for a human hand.

CREATE TABLE operator_tasks (
  id              uuid        PRIMARY KEY,
  title           text        NOT NULL,
  -- Markdown for people; nothing here carries it out.
  instructions    text        NOT NULL DEFAULT '',
  fields          jsonb       NOT NULL DEFAULT '[]',
  -- A person, or whoever has at least this role, or anybody who does tasks.
  assignee_person text,
  assignee_name   text,
  assignee_role   text        CHECK (assignee_role IN ('viewer', 'scientist', 'operator', 'admin')),
  priority        text        NOT NULL DEFAULT 'normal' CHECK (priority IN ('urgent', 'normal', 'low')),
  due_at          timestamptz,
  status          text        NOT NULL DEFAULT 'open'
    CHECK (status IN ('open', 'in_progress', 'completed', 'cancelled')),
  status_reason   text,
  -- Who has it in hand, or did it.
  holder_id       text,
  holder_name     text,
  "values"        jsonb,
  workflow_id     text,
  device_id       text,
  -- The step of that workflow which waits for it.
  step            integer     CHECK (step >= 1),
  version         integer     NOT NULL DEFAULT 1,
  -- The newest request that changed it: asked again, it recognises its own doing.
  last_action_id  uuid,
  -- People were told that it is overdue; null again with another time.
  overdue_told_at timestamptz,
  created_by_id   text        NOT NULL,
  created_by_name text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at      timestamptz,
  finished_at     timestamptz,
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- For the lists: what has no due time comes last; whoever has it in hand is whose it is, and before that its assignee.
  due_key         timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(due_at, 'infinity')) STORED,
  owner_id        text        GENERATED ALWAYS AS (coalesce(holder_id, assignee_person)) STORED,
  CHECK (assignee_person IS NULL OR assignee_role IS NULL),
  CHECK ((assignee_person IS NULL) = (assignee_name IS NULL)),
  CHECK ((holder_id IS NULL) = (holder_name IS NULL)),
  CHECK ((status IN ('in_progress', 'completed')) = (holder_id IS NOT NULL)),
  CHECK ((status = 'completed') = ("values" IS NOT NULL)),
  CHECK ((status IN ('completed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK (step IS NULL OR workflow_id IS NOT NULL)
);

-- Lists, newest first: all, and with each filter.
CREATE INDEX operator_tasks_newest ON operator_tasks (created_at DESC, id DESC);
CREATE INDEX operator_tasks_by_status ON operator_tasks (status, created_at DESC, id DESC);
CREATE INDEX operator_tasks_by_owner ON operator_tasks (owner_id, created_at DESC, id DESC);
CREATE INDEX operator_tasks_by_workflow ON operator_tasks (workflow_id, created_at DESC, id DESC);
CREATE INDEX operator_tasks_by_device ON operator_tasks (device_id, created_at DESC, id DESC);
-- Lists of what is to be done, what is due first first: as many rows as there is work at hand.
CREATE INDEX operator_tasks_due ON operator_tasks (due_key, id) WHERE status IN ('open', 'in_progress');
CREATE INDEX operator_tasks_due_by_owner ON operator_tasks (owner_id, due_key, id)
  WHERE status IN ('open', 'in_progress');

-- What happened to a task. Rows are only added.
CREATE TABLE task_history (
  id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id   uuid        NOT NULL REFERENCES operator_tasks (id),
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind      text        NOT NULL CHECK (kind IN ('created', 'changed', 'claimed', 'released', 'completed', 'cancelled',
                                                 'reopened', 'overdue', 'commented')),
  by_id     text        NOT NULL,
  by_name   text        NOT NULL,
  version   integer     NOT NULL,
  text      text,
  changes   jsonb,
  -- The request that commented: sent again, it finds its comment.
  action_id uuid        UNIQUE
);

CREATE INDEX task_history_by_task ON task_history (task_id, id);

-- The feed of what steps wait for, the columns that engine/feed wants. Kept for seven days.
CREATE TABLE task_outcomes (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
  task_id     uuid        NOT NULL,
  workflow_id text        NOT NULL,
  status      text        NOT NULL CHECK (status IN ('completed', 'cancelled')),
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX task_outcomes_feed ON task_outcomes (xid, id);
CREATE INDEX task_outcomes_at ON task_outcomes (at);
