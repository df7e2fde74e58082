CREATE TABLE crm_deals (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL DEFAULT '',
  account_id INTEGER NOT NULL DEFAULT 0,
  product_id INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  stage TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT '',
  amount INTEGER NOT NULL DEFAULT 0,
  expected_close TEXT NOT NULL DEFAULT '',
  opened_on TEXT NOT NULL DEFAULT '',
  closed_on TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL,
  ext_no TEXT NULL,
  stage_ms INTEGER NOT NULL DEFAULT 0,
  slips INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_deals_no ON crm_deals (ext_no);
CREATE INDEX crm_deals_owner ON crm_deals (owner_id, status, expected_close);
CREATE INDEX crm_deals_team ON crm_deals (team_id, status, expected_close);
CREATE INDEX crm_deals_account ON crm_deals (account_id, status);
CREATE INDEX crm_deals_product ON crm_deals (product_id);
CREATE INDEX crm_deals_status ON crm_deals (status, expected_close);

CREATE TABLE crm_deal_moves (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  deal_id INTEGER NOT NULL DEFAULT 0,
  from_stage TEXT NOT NULL DEFAULT '',
  to_stage TEXT NOT NULL DEFAULT '',
  at_ms INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_deal_moves_deal ON crm_deal_moves (deal_id, id);

CREATE TABLE crm_products (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  name_key TEXT NOT NULL DEFAULT '',
  series TEXT NOT NULL DEFAULT '',
  price INTEGER NOT NULL DEFAULT 0,
  ext_no TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_products_key ON crm_products (name_key);
