CREATE TABLE crm_activity_drafts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  entry MEDIUMTEXT NOT NULL,
  customer VARCHAR(200) NOT NULL DEFAULT '',
  choices MEDIUMTEXT NOT NULL,
  confidence INT NOT NULL DEFAULT 0,
  warnings MEDIUMTEXT NOT NULL,
  activity_id BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_activity_drafts_created ON crm_activity_drafts (created_ms);

CREATE TABLE crm_activity_photos (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL DEFAULT 0,
  activity_id BIGINT NOT NULL DEFAULT 0,
  name VARCHAR(200) NOT NULL DEFAULT '',
  hash VARCHAR(64) NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0,
  data LONGBLOB NOT NULL,
  created_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_activity_photos_activity ON crm_activity_photos (activity_id, created_ms);
CREATE INDEX crm_activity_photos_hash ON crm_activity_photos (hash);

CREATE TABLE crm_visit_plans (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  subject VARCHAR(32) NOT NULL DEFAULT '',
  customer VARCHAR(32) NOT NULL DEFAULT '',
  day VARCHAR(10) NOT NULL DEFAULT '',
  minute_of INT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  counted TINYINT(1) NOT NULL DEFAULT 0,
  activity_id BIGINT NOT NULL DEFAULT 0,
  by_customer TINYINT(1) NOT NULL DEFAULT 0,
  note MEDIUMTEXT NOT NULL,
  slot VARCHAR(100) NULL,
  created_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_visit_plans_user ON crm_visit_plans (user_id, day);
CREATE UNIQUE INDEX crm_visit_plans_slot ON crm_visit_plans (slot);
