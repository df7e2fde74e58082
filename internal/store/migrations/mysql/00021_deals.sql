CREATE TABLE crm_deals (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(200) NOT NULL DEFAULT '',
  account_id BIGINT NOT NULL DEFAULT 0,
  product_id BIGINT NOT NULL DEFAULT 0,
  owner_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  stage VARCHAR(32) NOT NULL DEFAULT '',
  status VARCHAR(8) NOT NULL DEFAULT '',
  amount BIGINT NOT NULL DEFAULT 0,
  expected_close VARCHAR(10) NOT NULL DEFAULT '',
  opened_on VARCHAR(10) NOT NULL DEFAULT '',
  closed_on VARCHAR(10) NOT NULL DEFAULT '',
  reason VARCHAR(16) NOT NULL DEFAULT '',
  note MEDIUMTEXT NOT NULL,
  ext_no VARCHAR(64) NULL,
  stage_ms BIGINT NOT NULL DEFAULT 0,
  slips INT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_deals_no ON crm_deals (ext_no);
CREATE INDEX crm_deals_owner ON crm_deals (owner_id, status, expected_close);
CREATE INDEX crm_deals_team ON crm_deals (team_id, status, expected_close);
CREATE INDEX crm_deals_account ON crm_deals (account_id, status);
CREATE INDEX crm_deals_product ON crm_deals (product_id);
CREATE INDEX crm_deals_status ON crm_deals (status, expected_close);

CREATE TABLE crm_deal_moves (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  deal_id BIGINT NOT NULL DEFAULT 0,
  from_stage VARCHAR(32) NOT NULL DEFAULT '',
  to_stage VARCHAR(32) NOT NULL DEFAULT '',
  at_ms BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_deal_moves_deal ON crm_deal_moves (deal_id, id);

CREATE TABLE crm_products (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(128) NOT NULL DEFAULT '',
  name_key VARCHAR(128) NOT NULL DEFAULT '',
  series VARCHAR(64) NOT NULL DEFAULT '',
  price BIGINT NOT NULL DEFAULT 0,
  ext_no VARCHAR(64) NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_products_key ON crm_products (name_key);
