-- How often a message was handed over without anybody knowing whether it was taken: it is sent again, but not for ever.
ALTER TABLE notification_deliveries ADD COLUMN doubts integer NOT NULL DEFAULT 0;
ALTER TABLE notification_digests ADD COLUMN doubts integer NOT NULL DEFAULT 0;
