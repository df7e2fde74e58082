-- As in 00080: what a crash leaves behind does not stand in the way, and one
-- ALTER, all or nothing, comes last.
CREATE TABLE IF NOT EXISTS crm_assign_runs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  lead_id BIGINT NOT NULL DEFAULT 0,
  active_lead BIGINT NULL,
  state VARCHAR(16) NOT NULL DEFAULT '',
  due_ms BIGINT NOT NULL DEFAULT 0,
  step_no INT NOT NULL DEFAULT 0,
  bounces INT NOT NULL DEFAULT 0,
  plan MEDIUMTEXT NOT NULL,
  rule_no BIGINT NOT NULL DEFAULT 0,
  rule_name VARCHAR(64) NOT NULL DEFAULT '',
  rule_version BIGINT NOT NULL DEFAULT 0,
  cause VARCHAR(16) NOT NULL DEFAULT '',
  by_user BIGINT NOT NULL DEFAULT 0,
  from_user BIGINT NOT NULL DEFAULT 0,
  result VARCHAR(16) NOT NULL DEFAULT '',
  to_user BIGINT NOT NULL DEFAULT 0,
  why MEDIUMTEXT NOT NULL,
  created_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  rev BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY crm_assign_runs_active (active_lead),
  KEY crm_assign_runs_due (state, due_ms),
  KEY crm_assign_runs_lead (lead_id, id),
  KEY crm_assign_runs_result (result, done_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_assign_offers (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  run_id BIGINT NOT NULL DEFAULT 0,
  lead_id BIGINT NOT NULL DEFAULT 0,
  open_lead BIGINT NULL,
  user_id BIGINT NOT NULL DEFAULT 0,
  grade VARCHAR(2) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT '',
  expires_ms BIGINT NOT NULL DEFAULT 0,
  reason VARCHAR(32) NOT NULL DEFAULT '',
  note MEDIUMTEXT NOT NULL,
  created_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY crm_assign_offers_open (open_lead),
  KEY crm_assign_offers_run (run_id, id),
  KEY crm_assign_offers_lead (lead_id, user_id, id),
  KEY crm_assign_offers_user (user_id, state, expires_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_assign_people (
  user_id BIGINT NOT NULL DEFAULT 0,
  weight INT NOT NULL DEFAULT 0,
  monthly_cap INT NOT NULL DEFAULT 0,
  off TINYINT(1) NOT NULL DEFAULT 0,
  note VARCHAR(100) NOT NULL DEFAULT '',
  weekdays VARCHAR(16) NOT NULL DEFAULT '',
  last_ms BIGINT NOT NULL DEFAULT 0,
  by_user BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_assign_days (
  user_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  duty TINYINT(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_assign_groups (
  pool_id BIGINT NOT NULL DEFAULT 0,
  platform VARCHAR(32) NOT NULL DEFAULT '',
  chat VARCHAR(128) NOT NULL DEFAULT '',
  PRIMARY KEY (pool_id, platform, chat)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_assign_batches (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  by_user BIGINT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  items MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_assign_late (
  lead_id BIGINT NOT NULL DEFAULT 0,
  owned_ms BIGINT NOT NULL DEFAULT 0,
  stage INT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (lead_id, owned_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE crm_leads ADD INDEX crm_leads_owned (owned_ms, id);
