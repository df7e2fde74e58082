ALTER TABLE crm_outbox ADD COLUMN always_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_outbox ADD COLUMN budget_day TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_outbox ADD COLUMN slot TEXT NOT NULL DEFAULT '';
CREATE INDEX crm_outbox_user ON crm_outbox (user_id, state, done_ms);

CREATE TABLE crm_push_days (
  user_id INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  sent INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, user_id)
);
