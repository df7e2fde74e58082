-- Nothing rolls back a CREATE or ALTER: what a crash leaves behind must not
-- stand in the way when the migration runs again. So one ALTER, all or nothing,
-- comes last.
CREATE TABLE IF NOT EXISTS crm_push_days (
  user_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  sent INT NOT NULL DEFAULT 0,
  PRIMARY KEY (day, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE crm_outbox
  ADD COLUMN always_sent TINYINT(1) NOT NULL DEFAULT 0,
  ADD COLUMN budget_day VARCHAR(10) NOT NULL DEFAULT '',
  ADD COLUMN slot VARCHAR(16) NOT NULL DEFAULT '',
  ADD INDEX crm_outbox_user (user_id, state, done_ms);
