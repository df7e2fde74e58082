CREATE TABLE crm_accounts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(200) NOT NULL DEFAULT '',
  name_key VARCHAR(200) NOT NULL DEFAULT '',
  pinyin_keys VARCHAR(250) NOT NULL DEFAULT '',
  level VARCHAR(8) NOT NULL DEFAULT '',
  region VARCHAR(64) NOT NULL DEFAULT '',
  industry VARCHAR(64) NOT NULL DEFAULT '',
  owner_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  uscc VARCHAR(32) NULL,
  ext_no VARCHAR(64) NULL,
  parent_name VARCHAR(200) NOT NULL DEFAULT '',
  employees BIGINT NOT NULL DEFAULT 0,
  revenue BIGINT NOT NULL DEFAULT 0,
  founded INT NOT NULL DEFAULT 0,
  home_pool_id BIGINT NOT NULL DEFAULT 0,
  lead_id BIGINT NOT NULL DEFAULT 0,
  dealt_ms BIGINT NOT NULL DEFAULT 0,
  owned_ms BIGINT NOT NULL DEFAULT 0,
  active_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_accounts_key ON crm_accounts (name_key);
CREATE UNIQUE INDEX crm_accounts_uscc ON crm_accounts (uscc);
CREATE UNIQUE INDEX crm_accounts_no ON crm_accounts (ext_no);
CREATE INDEX crm_accounts_owner ON crm_accounts (owner_id, active_ms);
CREATE INDEX crm_accounts_team ON crm_accounts (team_id, active_ms);
CREATE INDEX crm_accounts_active ON crm_accounts (active_ms);

CREATE TABLE crm_contacts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT NOT NULL DEFAULT 0,
  name VARCHAR(64) NOT NULL DEFAULT '',
  mobile VARCHAR(32) NOT NULL DEFAULT '',
  email VARCHAR(128) NOT NULL DEFAULT '',
  title VARCHAR(64) NOT NULL DEFAULT '',
  decision_role VARCHAR(16) NOT NULL DEFAULT '',
  has_left TINYINT(1) NOT NULL DEFAULT 0,
  created_by BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  active_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_contacts_account ON crm_contacts (account_id, has_left, id);
CREATE INDEX crm_contacts_mobile ON crm_contacts (mobile);
