CREATE TABLE crm_assign_runs (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  lead_id INTEGER NOT NULL DEFAULT 0,
  active_lead INTEGER NULL,
  state TEXT NOT NULL DEFAULT '',
  due_ms INTEGER NOT NULL DEFAULT 0,
  step_no INTEGER NOT NULL DEFAULT 0,
  bounces INTEGER NOT NULL DEFAULT 0,
  plan TEXT NOT NULL DEFAULT '',
  rule_no INTEGER NOT NULL DEFAULT 0,
  rule_name TEXT NOT NULL DEFAULT '',
  rule_version INTEGER NOT NULL DEFAULT 0,
  cause TEXT NOT NULL DEFAULT '',
  by_user INTEGER NOT NULL DEFAULT 0,
  from_user INTEGER NOT NULL DEFAULT 0,
  result TEXT NOT NULL DEFAULT '',
  to_user INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_assign_runs_active ON crm_assign_runs (active_lead);
CREATE INDEX crm_assign_runs_due ON crm_assign_runs (state, due_ms);
CREATE INDEX crm_assign_runs_lead ON crm_assign_runs (lead_id, id);
CREATE INDEX crm_assign_runs_result ON crm_assign_runs (result, done_ms);

CREATE TABLE crm_assign_offers (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL DEFAULT 0,
  lead_id INTEGER NOT NULL DEFAULT 0,
  open_lead INTEGER NULL,
  user_id INTEGER NOT NULL DEFAULT 0,
  grade TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  expires_ms INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_assign_offers_open ON crm_assign_offers (open_lead);
CREATE INDEX crm_assign_offers_run ON crm_assign_offers (run_id, id);
CREATE INDEX crm_assign_offers_lead ON crm_assign_offers (lead_id, user_id, id);
CREATE INDEX crm_assign_offers_user ON crm_assign_offers (user_id, state, expires_ms);

CREATE TABLE crm_assign_people (
  user_id INTEGER NOT NULL DEFAULT 0,
  weight INTEGER NOT NULL DEFAULT 0,
  monthly_cap INTEGER NOT NULL DEFAULT 0,
  off INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL DEFAULT '',
  weekdays TEXT NOT NULL DEFAULT '',
  last_ms INTEGER NOT NULL DEFAULT 0,
  by_user INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id)
);

CREATE TABLE crm_assign_days (
  user_id INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  duty INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day)
);

CREATE TABLE crm_assign_groups (
  pool_id INTEGER NOT NULL DEFAULT 0,
  platform TEXT NOT NULL DEFAULT '',
  chat TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (pool_id, platform, chat)
);

CREATE TABLE crm_assign_batches (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  by_user INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  items TEXT NOT NULL DEFAULT ''
);

CREATE TABLE crm_assign_late (
  lead_id INTEGER NOT NULL DEFAULT 0,
  owned_ms INTEGER NOT NULL DEFAULT 0,
  stage INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (lead_id, owned_ms)
);

CREATE INDEX crm_leads_owned ON crm_leads (owned_ms, id);
