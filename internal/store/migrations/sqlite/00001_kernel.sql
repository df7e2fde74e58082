CREATE TABLE crm_users (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  employee_no TEXT NULL,
  roles TEXT NOT NULL DEFAULT '',
  team_id INTEGER NOT NULL DEFAULT 0,
  region TEXT NOT NULL DEFAULT '',
  lang TEXT NOT NULL DEFAULT '',
  active INTEGER NOT NULL DEFAULT 0,
  frozen INTEGER NOT NULL DEFAULT 0,
  leave_from TEXT NOT NULL DEFAULT '',
  leave_to TEXT NOT NULL DEFAULT '',
  deputy_id INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_users_no ON crm_users (employee_no);
CREATE INDEX crm_users_team ON crm_users (team_id);

CREATE TABLE crm_teams (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  parent_id INTEGER NOT NULL DEFAULT 0,
  region TEXT NOT NULL DEFAULT '',
  leader_id INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_teams_name ON crm_teams (name);

CREATE TABLE crm_identities (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL DEFAULT '',
  tenant TEXT NOT NULL DEFAULT '',
  external TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_identities_external ON crm_identities (platform, tenant, external);
CREATE INDEX crm_identities_user ON crm_identities (user_id);

CREATE TABLE crm_rule_versions (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  rule_key TEXT NOT NULL DEFAULT '',
  scope TEXT NOT NULL DEFAULT '',
  value TEXT NOT NULL,
  author_id INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL DEFAULT 0,
  effective_ms INTEGER NOT NULL DEFAULT 0,
  rolled_back_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_rule_versions_key ON crm_rule_versions (rule_key);

CREATE TABLE crm_facts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  metric_key TEXT NOT NULL DEFAULT '',
  qty INTEGER NOT NULL DEFAULT 0,
  amount INTEGER NOT NULL DEFAULT 0,
  ref TEXT NOT NULL DEFAULT ''
);
CREATE INDEX crm_facts_user ON crm_facts (metric_key, user_id, day);
CREATE INDEX crm_facts_day ON crm_facts (metric_key, day);
CREATE INDEX crm_facts_ref ON crm_facts (ref);

CREATE TABLE crm_fact_daily (
  metric_key TEXT NOT NULL DEFAULT '',
  day TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  qty INTEGER NOT NULL DEFAULT 0,
  amount INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (metric_key, day, user_id, team_id)
);
CREATE INDEX crm_fact_daily_user ON crm_fact_daily (user_id, day);

CREATE TABLE crm_audit (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL DEFAULT 0,
  actor_id INTEGER NOT NULL DEFAULT 0,
  action TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  rule_id TEXT NOT NULL DEFAULT '',
  rule_version INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL
);
CREATE INDEX crm_audit_ref ON crm_audit (ref, id);

CREATE TABLE crm_outbox (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  okey TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  platform TEXT NOT NULL DEFAULT '',
  chat TEXT NOT NULL DEFAULT '',
  view TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  topic TEXT NOT NULL DEFAULT '',
  state INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL DEFAULT 0,
  lease_by TEXT NOT NULL DEFAULT '',
  lease_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0,
  cause TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX crm_outbox_key ON crm_outbox (okey);
CREATE INDEX crm_outbox_due ON crm_outbox (state, next_ms);
CREATE INDEX crm_outbox_topic ON crm_outbox (topic, state);
CREATE INDEX crm_outbox_done ON crm_outbox (done_ms);

CREATE TABLE crm_sent_cards (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL DEFAULT '',
  chat TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL DEFAULT '',
  view TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  in_group INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL DEFAULT 0,
  digest TEXT NOT NULL DEFAULT '',
  sent_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_sent_cards_message ON crm_sent_cards (platform, message_id);
CREATE INDEX crm_sent_cards_view ON crm_sent_cards (view, ref);
CREATE INDEX crm_sent_cards_time ON crm_sent_cards (sent_ms);

CREATE TABLE crm_sent_refs (
  sent_id INTEGER NOT NULL DEFAULT 0,
  ref TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (ref, sent_id)
);
CREATE INDEX crm_sent_refs_sent ON crm_sent_refs (sent_id);

CREATE TABLE crm_processed_events (
  platform TEXT NOT NULL DEFAULT '',
  event_id TEXT NOT NULL DEFAULT '',
  seq INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, event_id, seq)
);
CREATE INDEX crm_processed_events_at ON crm_processed_events (at_ms);

CREATE TABLE crm_jobs (
  name TEXT NOT NULL DEFAULT '',
  due_ms INTEGER NOT NULL DEFAULT 0,
  lease_by TEXT NOT NULL DEFAULT '',
  lease_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
);

CREATE TABLE crm_job_runs (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  due_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0,
  result TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX crm_job_runs_due ON crm_job_runs (name, due_ms);
CREATE INDEX crm_job_runs_done ON crm_job_runs (done_ms);
