CREATE TABLE crm_approval_requests (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL DEFAULT '',
  category TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  open_ref TEXT NULL,
  title TEXT NOT NULL DEFAULT '',
  amount INTEGER NOT NULL DEFAULT 0,
  hash TEXT NOT NULL DEFAULT '',
  round INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  submitter_id INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  urgent INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL DEFAULT '',
  flow_version INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  submitted_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  ended_by INTEGER NOT NULL DEFAULT 0,
  comment TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX crm_approval_requests_open ON crm_approval_requests (open_ref);
CREATE INDEX crm_approval_requests_ref ON crm_approval_requests (ref, id);
CREATE INDEX crm_approval_requests_submitter ON crm_approval_requests (submitter_id, state, id);

CREATE TABLE crm_approval_nodes (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  request_id INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  label_zh TEXT NOT NULL DEFAULT '',
  label_en TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  opened_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_approval_nodes_request ON crm_approval_nodes (request_id, seq);

CREATE TABLE crm_approval_tasks (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  request_id INTEGER NOT NULL DEFAULT 0,
  node_id INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  for_id INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  opened_ms INTEGER NOT NULL DEFAULT 0,
  decided_ms INTEGER NOT NULL DEFAULT 0,
  decided_by INTEGER NOT NULL DEFAULT 0,
  reminded_ms INTEGER NOT NULL DEFAULT 0,
  deputy_id INTEGER NOT NULL DEFAULT 0,
  deputy_ms INTEGER NOT NULL DEFAULT 0,
  upper_id INTEGER NOT NULL DEFAULT 0,
  upper_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_approval_tasks_request ON crm_approval_tasks (request_id, node_id);
CREATE INDEX crm_approval_tasks_user ON crm_approval_tasks (user_id, state);
CREATE INDEX crm_approval_tasks_deputy ON crm_approval_tasks (deputy_id, state);
CREATE INDEX crm_approval_tasks_upper ON crm_approval_tasks (upper_id, state);
CREATE INDEX crm_approval_tasks_open ON crm_approval_tasks (state, id);

CREATE TABLE crm_approval_decisions (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  request_id INTEGER NOT NULL DEFAULT 0,
  task_id INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  for_id INTEGER NOT NULL DEFAULT 0,
  action TEXT NOT NULL DEFAULT '',
  comment TEXT NOT NULL DEFAULT '',
  hash TEXT NOT NULL DEFAULT '',
  at_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_approval_decisions_request ON crm_approval_decisions (request_id, id);
