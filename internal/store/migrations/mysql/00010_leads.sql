CREATE TABLE crm_leads (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  company VARCHAR(200) NOT NULL DEFAULT '',
  contact VARCHAR(100) NOT NULL DEFAULT '',
  title VARCHAR(100) NOT NULL DEFAULT '',
  phone VARCHAR(100) NOT NULL DEFAULT '',
  email VARCHAR(128) NOT NULL DEFAULT '',
  address VARCHAR(255) NOT NULL DEFAULT '',
  city VARCHAR(64) NOT NULL DEFAULT '',
  region VARCHAR(64) NOT NULL DEFAULT '',
  industry VARCHAR(64) NOT NULL DEFAULT '',
  source VARCHAR(64) NOT NULL DEFAULT '',
  need MEDIUMTEXT NOT NULL,
  budget VARCHAR(100) NOT NULL DEFAULT '',
  note MEDIUMTEXT NOT NULL,
  uscc VARCHAR(32) NOT NULL DEFAULT '',
  grade VARCHAR(1) NOT NULL DEFAULT '',
  grade_given TINYINT(1) NOT NULL DEFAULT 0,
  score_source INT NOT NULL DEFAULT 0,
  score_complete INT NOT NULL DEFAULT 0,
  score_actions INT NOT NULL DEFAULT 0,
  score_fit INT NOT NULL DEFAULT 0,
  score_decay INT NOT NULL DEFAULT 0,
  rank_no INT NOT NULL DEFAULT 0,
  status VARCHAR(16) NOT NULL DEFAULT '',
  quality VARCHAR(32) NOT NULL DEFAULT '',
  owner_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  pool_id BIGINT NOT NULL DEFAULT 0,
  created_by BIGINT NOT NULL DEFAULT 0,
  import_id BIGINT NOT NULL DEFAULT 0,
  import_row BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0,
  owned_ms BIGINT NOT NULL DEFAULT 0,
  pooled_ms BIGINT NOT NULL DEFAULT 0,
  claimable_ms BIGINT NOT NULL DEFAULT 0,
  first_contact_ms BIGINT NOT NULL DEFAULT 0,
  last_activity_ms BIGINT NOT NULL DEFAULT 0,
  last_valid_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_leads_owner ON crm_leads (owner_id, status, rank_no, id);
CREATE INDEX crm_leads_city ON crm_leads (owner_id, status, city, rank_no, id);
CREATE INDEX crm_leads_source ON crm_leads (owner_id, status, source, rank_no, id);
CREATE INDEX crm_leads_import ON crm_leads (import_id, import_row);

CREATE TABLE crm_lead_views (
  user_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  lead_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, lead_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_collaborators (
  ref VARCHAR(32) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  by_user BIGINT NOT NULL DEFAULT 0,
  asked_ms BIGINT NOT NULL DEFAULT 0,
  expires_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (ref, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_collaborators_user ON crm_collaborators (user_id, state);
