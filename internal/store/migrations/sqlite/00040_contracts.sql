CREATE TABLE crm_counters (
  name TEXT NOT NULL DEFAULT '',
  val INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
);

CREATE TABLE crm_contracts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  number TEXT NOT NULL DEFAULT '',
  type TEXT NOT NULL DEFAULT '',
  account_id INTEGER NOT NULL DEFAULT 0,
  account_name TEXT NOT NULL DEFAULT '',
  deal_id INTEGER NOT NULL DEFAULT 0,
  amount INTEGER NOT NULL DEFAULT 0,
  terms TEXT NOT NULL DEFAULT '',
  starts_on TEXT NOT NULL DEFAULT '',
  ends_on TEXT NOT NULL DEFAULT '',
  channel TEXT NOT NULL DEFAULT '',
  contact TEXT NOT NULL DEFAULT '',
  remark TEXT NOT NULL DEFAULT '',
  owner_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  cause TEXT NOT NULL DEFAULT '',
  round INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  hash TEXT NOT NULL DEFAULT '',
  submitted_amount INTEGER NOT NULL DEFAULT 0,
  approved_ms INTEGER NOT NULL DEFAULT 0,
  approved_amount INTEGER NOT NULL DEFAULT 0,
  signed_on TEXT NOT NULL DEFAULT '',
  signed_ms INTEGER NOT NULL DEFAULT 0,
  signed_via TEXT NOT NULL DEFAULT '',
  credit_user_id INTEGER NOT NULL DEFAULT 0,
  credit_team_id INTEGER NOT NULL DEFAULT 0,
  archived_ms INTEGER NOT NULL DEFAULT 0,
  terminated_ms INTEGER NOT NULL DEFAULT 0,
  terminated_reason TEXT NOT NULL DEFAULT '',
  superseded_by INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_contracts_number ON crm_contracts (number);
CREATE INDEX crm_contracts_owner ON crm_contracts (owner_id, id);
CREATE INDEX crm_contracts_team ON crm_contracts (team_id, id);
CREATE INDEX crm_contracts_account ON crm_contracts (account_id, id);
CREATE INDEX crm_contracts_account_name ON crm_contracts (account_name);
CREATE INDEX crm_contracts_starts ON crm_contracts (state, starts_on);
CREATE INDEX crm_contracts_ends ON crm_contracts (state, ends_on);
CREATE INDEX crm_contracts_deal ON crm_contracts (deal_id);

CREATE TABLE crm_contract_log (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  contract_id INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  event TEXT NOT NULL DEFAULT '',
  from_state TEXT NOT NULL DEFAULT '',
  to_state TEXT NOT NULL DEFAULT '',
  diff TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX crm_contract_log_contract ON crm_contract_log (contract_id, id);

CREATE TABLE crm_contract_versions (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  contract_id INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL DEFAULT 0,
  hash TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  at_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_contract_versions_round ON crm_contract_versions (contract_id, round);

CREATE TABLE crm_contract_files (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  contract_id INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL DEFAULT '',
  hash TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL
);
CREATE INDEX crm_contract_files_contract ON crm_contract_files (contract_id, id);
