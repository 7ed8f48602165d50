-- Numbers that go on after a restore: see engine/feed.
ALTER TABLE events ALTER COLUMN xid SET DEFAULT feed_number();
