CREATE TABLE crm_accounts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  name_key TEXT NOT NULL DEFAULT '',
  pinyin_keys TEXT NOT NULL DEFAULT '',
  level TEXT NOT NULL DEFAULT '',
  region TEXT NOT NULL DEFAULT '',
  industry TEXT NOT NULL DEFAULT '',
  owner_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  uscc TEXT NULL,
  ext_no TEXT NULL,
  parent_name TEXT NOT NULL DEFAULT '',
  employees INTEGER NOT NULL DEFAULT 0,
  revenue INTEGER NOT NULL DEFAULT 0,
  founded INTEGER NOT NULL DEFAULT 0,
  home_pool_id INTEGER NOT NULL DEFAULT 0,
  lead_id INTEGER NOT NULL DEFAULT 0,
  dealt_ms INTEGER NOT NULL DEFAULT 0,
  owned_ms INTEGER NOT NULL DEFAULT 0,
  active_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_accounts_key ON crm_accounts (name_key);
CREATE UNIQUE INDEX crm_accounts_uscc ON crm_accounts (uscc);
CREATE UNIQUE INDEX crm_accounts_no ON crm_accounts (ext_no);
CREATE INDEX crm_accounts_owner ON crm_accounts (owner_id, active_ms);
CREATE INDEX crm_accounts_team ON crm_accounts (team_id, active_ms);
CREATE INDEX crm_accounts_active ON crm_accounts (active_ms);

CREATE TABLE crm_contacts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL DEFAULT '',
  mobile TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  decision_role TEXT NOT NULL DEFAULT '',
  has_left INTEGER NOT NULL DEFAULT 0,
  created_by INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  active_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_contacts_account ON crm_contacts (account_id, has_left, id);
CREATE INDEX crm_contacts_mobile ON crm_contacts (mobile);
