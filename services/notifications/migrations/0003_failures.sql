-- GET /notifications/failures: what reached nobody, newest first.
CREATE INDEX notification_deliveries_failed ON notification_deliveries (ended_at DESC, event_id, person_id, channel)
  WHERE state IN ('failed', 'unknown');
