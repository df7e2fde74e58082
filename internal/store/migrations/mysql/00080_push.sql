-- +goose Up
ALTER TABLE crm_outbox ADD COLUMN always_sent TINYINT(1) NOT NULL DEFAULT 0;
ALTER TABLE crm_outbox ADD COLUMN budget_day VARCHAR(10) NOT NULL DEFAULT '';
ALTER TABLE crm_outbox ADD COLUMN slot VARCHAR(16) NOT NULL DEFAULT '';
CREATE INDEX crm_outbox_user ON crm_outbox (user_id, state, done_ms);

CREATE TABLE crm_push_days (
  user_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  sent INT NOT NULL DEFAULT 0,
  PRIMARY KEY (day, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
