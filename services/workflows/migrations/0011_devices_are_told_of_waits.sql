-- A workflow that holds its device and waits for somebody (to run its next step, to see to one that failed) tells the device so: when it did last.
ALTER TABLE workflows ADD COLUMN wait_told_at timestamptz;
