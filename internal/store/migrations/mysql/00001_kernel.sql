CREATE TABLE crm_users (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL DEFAULT '',
  employee_no VARCHAR(64) NULL,
  roles VARCHAR(200) NOT NULL DEFAULT '',
  team_id BIGINT NOT NULL DEFAULT 0,
  region VARCHAR(64) NOT NULL DEFAULT '',
  lang VARCHAR(8) NOT NULL DEFAULT '',
  active TINYINT(1) NOT NULL DEFAULT 0,
  frozen TINYINT(1) NOT NULL DEFAULT 0,
  leave_from VARCHAR(10) NOT NULL DEFAULT '',
  leave_to VARCHAR(10) NOT NULL DEFAULT '',
  deputy_id BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_users_no ON crm_users (employee_no);
CREATE INDEX crm_users_team ON crm_users (team_id);

CREATE TABLE crm_teams (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL DEFAULT '',
  parent_id BIGINT NOT NULL DEFAULT 0,
  region VARCHAR(64) NOT NULL DEFAULT '',
  leader_id BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_teams_name ON crm_teams (name);

CREATE TABLE crm_identities (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(20) NOT NULL DEFAULT '',
  tenant VARCHAR(64) NOT NULL DEFAULT '',
  external VARCHAR(128) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_identities_external ON crm_identities (platform, tenant, external);
CREATE INDEX crm_identities_user ON crm_identities (user_id);

CREATE TABLE crm_rule_versions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  rule_key VARCHAR(64) NOT NULL DEFAULT '',
  scope VARCHAR(64) NOT NULL DEFAULT '',
  value MEDIUMTEXT NOT NULL,
  author_id BIGINT NOT NULL DEFAULT 0,
  reason VARCHAR(255) NOT NULL DEFAULT '',
  created_ms BIGINT NOT NULL DEFAULT 0,
  effective_ms BIGINT NOT NULL DEFAULT 0,
  rolled_back_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_rule_versions_key ON crm_rule_versions (rule_key);

CREATE TABLE crm_facts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at_ms BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  metric_key VARCHAR(64) NOT NULL DEFAULT '',
  qty BIGINT NOT NULL DEFAULT 0,
  amount BIGINT NOT NULL DEFAULT 0,
  ref VARCHAR(32) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_facts_user ON crm_facts (metric_key, user_id, day);
CREATE INDEX crm_facts_day ON crm_facts (metric_key, day);
CREATE INDEX crm_facts_ref ON crm_facts (ref);

CREATE TABLE crm_fact_daily (
  metric_key VARCHAR(64) NOT NULL DEFAULT '',
  day VARCHAR(10) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  qty BIGINT NOT NULL DEFAULT 0,
  amount BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (metric_key, day, user_id, team_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_fact_daily_user ON crm_fact_daily (user_id, day);

CREATE TABLE crm_audit (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at_ms BIGINT NOT NULL DEFAULT 0,
  actor_id BIGINT NOT NULL DEFAULT 0,
  action VARCHAR(64) NOT NULL DEFAULT '',
  ref VARCHAR(32) NOT NULL DEFAULT '',
  rule_id VARCHAR(32) NOT NULL DEFAULT '',
  rule_version BIGINT NOT NULL DEFAULT 0,
  detail MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_audit_ref ON crm_audit (ref, id);

CREATE TABLE crm_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  okey VARCHAR(128) NOT NULL DEFAULT '',
  kind VARCHAR(16) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  platform VARCHAR(20) NOT NULL DEFAULT '',
  chat VARCHAR(128) NOT NULL DEFAULT '',
  view VARCHAR(64) NOT NULL DEFAULT '',
  ref VARCHAR(128) NOT NULL DEFAULT '',
  topic VARCHAR(190) NOT NULL DEFAULT '',
  state INT NOT NULL DEFAULT 0,
  tries INT NOT NULL DEFAULT 0,
  next_ms BIGINT NOT NULL DEFAULT 0,
  lease_by VARCHAR(64) NOT NULL DEFAULT '',
  lease_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  cause VARCHAR(255) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_outbox_key ON crm_outbox (okey);
CREATE INDEX crm_outbox_due ON crm_outbox (state, next_ms);
CREATE INDEX crm_outbox_topic ON crm_outbox (topic, state);
CREATE INDEX crm_outbox_done ON crm_outbox (done_ms);

CREATE TABLE crm_sent_cards (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(20) NOT NULL DEFAULT '',
  chat VARCHAR(128) NOT NULL DEFAULT '',
  message_id VARCHAR(128) NOT NULL DEFAULT '',
  view VARCHAR(64) NOT NULL DEFAULT '',
  ref VARCHAR(128) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  in_group TINYINT(1) NOT NULL DEFAULT 0,
  rev BIGINT NOT NULL DEFAULT 0,
  digest VARCHAR(64) NOT NULL DEFAULT '',
  sent_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_sent_cards_message ON crm_sent_cards (platform, message_id);
CREATE INDEX crm_sent_cards_view ON crm_sent_cards (view, ref);
CREATE INDEX crm_sent_cards_time ON crm_sent_cards (sent_ms);

CREATE TABLE crm_sent_refs (
  sent_id BIGINT NOT NULL DEFAULT 0,
  ref VARCHAR(32) NOT NULL DEFAULT '',
  PRIMARY KEY (ref, sent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_sent_refs_sent ON crm_sent_refs (sent_id);

CREATE TABLE crm_processed_events (
  platform VARCHAR(20) NOT NULL DEFAULT '',
  event_id VARCHAR(128) NOT NULL DEFAULT '',
  seq INT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, event_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_processed_events_at ON crm_processed_events (at_ms);

CREATE TABLE crm_jobs (
  name VARCHAR(64) NOT NULL DEFAULT '',
  due_ms BIGINT NOT NULL DEFAULT 0,
  lease_by VARCHAR(64) NOT NULL DEFAULT '',
  lease_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_job_runs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL DEFAULT '',
  due_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  result VARCHAR(16) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_job_runs_due ON crm_job_runs (name, due_ms);
CREATE INDEX crm_job_runs_done ON crm_job_runs (done_ms);
