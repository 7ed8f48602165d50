-- A page of device-service's events is stored as jobs together with the place behind it: there is no place within a page.
-- What was taken in of the page in hand is taken in again, which changes nothing.
ALTER TABLE followed DROP COLUMN event_id;
