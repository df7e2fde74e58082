CREATE TABLE crm_reports (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  template BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  content MEDIUMTEXT NOT NULL,
  answers MEDIUMTEXT NOT NULL,
  next_plan MEDIUMTEXT NOT NULL,
  notes MEDIUMTEXT NOT NULL,
  as_of_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  submitted_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_reports_user ON crm_reports (user_id, day);
CREATE INDEX crm_reports_day ON crm_reports (day, team_id);

CREATE TABLE crm_report_digests (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  team_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  content MEDIUMTEXT NOT NULL,
  as_of_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_report_digests_team ON crm_report_digests (team_id, day);

CREATE TABLE crm_report_bindings (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(20) NOT NULL DEFAULT '',
  chat VARCHAR(128) NOT NULL DEFAULT '',
  team_id BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_report_bindings_chat ON crm_report_bindings (platform, chat);
CREATE INDEX crm_report_bindings_team ON crm_report_bindings (team_id);
