-- How often the settings were given. A driver is opened anew where they were given again, be they the same: what it has used up since, such as a
-- fault that strikes once, is there again.
ALTER TABLE devices ADD COLUMN settings_revision integer NOT NULL DEFAULT 0;
