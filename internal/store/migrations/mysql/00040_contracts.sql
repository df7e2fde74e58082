CREATE TABLE crm_counters (
  name VARCHAR(64) NOT NULL DEFAULT '',
  val BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_contracts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number VARCHAR(64) NOT NULL DEFAULT '',
  type VARCHAR(16) NOT NULL DEFAULT '',
  account_id BIGINT NOT NULL DEFAULT 0,
  account_name VARCHAR(200) NOT NULL DEFAULT '',
  deal_id BIGINT NOT NULL DEFAULT 0,
  amount BIGINT NOT NULL DEFAULT 0,
  terms VARCHAR(500) NOT NULL DEFAULT '',
  starts_on VARCHAR(10) NOT NULL DEFAULT '',
  ends_on VARCHAR(10) NOT NULL DEFAULT '',
  channel VARCHAR(16) NOT NULL DEFAULT '',
  contact VARCHAR(100) NOT NULL DEFAULT '',
  remark VARCHAR(1000) NOT NULL DEFAULT '',
  owner_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  cause VARCHAR(16) NOT NULL DEFAULT '',
  round INT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0,
  hash VARCHAR(64) NOT NULL DEFAULT '',
  submitted_amount BIGINT NOT NULL DEFAULT 0,
  approved_ms BIGINT NOT NULL DEFAULT 0,
  approved_amount BIGINT NOT NULL DEFAULT 0,
  signed_on VARCHAR(10) NOT NULL DEFAULT '',
  signed_ms BIGINT NOT NULL DEFAULT 0,
  signed_via VARCHAR(16) NOT NULL DEFAULT '',
  credit_user_id BIGINT NOT NULL DEFAULT 0,
  credit_team_id BIGINT NOT NULL DEFAULT 0,
  archived_ms BIGINT NOT NULL DEFAULT 0,
  terminated_ms BIGINT NOT NULL DEFAULT 0,
  terminated_reason VARCHAR(500) NOT NULL DEFAULT '',
  superseded_by BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_contracts_number ON crm_contracts (number);
CREATE INDEX crm_contracts_owner ON crm_contracts (owner_id, id);
CREATE INDEX crm_contracts_team ON crm_contracts (team_id, id);
CREATE INDEX crm_contracts_account ON crm_contracts (account_id, id);
CREATE INDEX crm_contracts_account_name ON crm_contracts (account_name);
CREATE INDEX crm_contracts_starts ON crm_contracts (state, starts_on);
CREATE INDEX crm_contracts_ends ON crm_contracts (state, ends_on);
CREATE INDEX crm_contracts_deal ON crm_contracts (deal_id);

CREATE TABLE crm_contract_log (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  contract_id BIGINT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  event VARCHAR(16) NOT NULL DEFAULT '',
  from_state VARCHAR(16) NOT NULL DEFAULT '',
  to_state VARCHAR(16) NOT NULL DEFAULT '',
  diff MEDIUMTEXT NOT NULL,
  note VARCHAR(1000) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_contract_log_contract ON crm_contract_log (contract_id, id);

CREATE TABLE crm_contract_versions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  contract_id BIGINT NOT NULL DEFAULT 0,
  round INT NOT NULL DEFAULT 0,
  hash VARCHAR(64) NOT NULL DEFAULT '',
  content MEDIUMTEXT NOT NULL,
  at_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_contract_versions_round ON crm_contract_versions (contract_id, round);

CREATE TABLE crm_contract_files (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  contract_id BIGINT NOT NULL DEFAULT 0,
  name VARCHAR(200) NOT NULL DEFAULT '',
  hash VARCHAR(64) NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  body LONGBLOB NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_contract_files_contract ON crm_contract_files (contract_id, id);
