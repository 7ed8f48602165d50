-- Numbers that go on after a restore: see engine/feed.
ALTER TABLE task_outcomes ALTER COLUMN xid SET DEFAULT feed_number();
