CREATE TABLE crm_approval_requests (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(32) NOT NULL DEFAULT '',
  category VARCHAR(32) NOT NULL DEFAULT '',
  ref VARCHAR(32) NOT NULL DEFAULT '',
  open_ref VARCHAR(32) NULL,
  title VARCHAR(255) NOT NULL DEFAULT '',
  amount BIGINT NOT NULL DEFAULT 0,
  hash VARCHAR(64) NOT NULL DEFAULT '',
  round INT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  submitter_id BIGINT NOT NULL DEFAULT 0,
  owner_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  urgent TINYINT(1) NOT NULL DEFAULT 0,
  note VARCHAR(1000) NOT NULL DEFAULT '',
  flow_version BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0,
  submitted_ms BIGINT NOT NULL DEFAULT 0,
  ended_ms BIGINT NOT NULL DEFAULT 0,
  ended_by BIGINT NOT NULL DEFAULT 0,
  comment VARCHAR(1000) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_approval_requests_open ON crm_approval_requests (open_ref);
CREATE INDEX crm_approval_requests_ref ON crm_approval_requests (ref, id);
CREATE INDEX crm_approval_requests_submitter ON crm_approval_requests (submitter_id, state, id);

CREATE TABLE crm_approval_nodes (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  request_id BIGINT NOT NULL DEFAULT 0,
  seq INT NOT NULL DEFAULT 0,
  label_zh VARCHAR(64) NOT NULL DEFAULT '',
  label_en VARCHAR(64) NOT NULL DEFAULT '',
  mode VARCHAR(16) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT '',
  opened_ms BIGINT NOT NULL DEFAULT 0,
  ended_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_approval_nodes_request ON crm_approval_nodes (request_id, seq);

CREATE TABLE crm_approval_tasks (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  request_id BIGINT NOT NULL DEFAULT 0,
  node_id BIGINT NOT NULL DEFAULT 0,
  seq INT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  for_id BIGINT NOT NULL DEFAULT 0,
  why VARCHAR(64) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT '',
  opened_ms BIGINT NOT NULL DEFAULT 0,
  decided_ms BIGINT NOT NULL DEFAULT 0,
  decided_by BIGINT NOT NULL DEFAULT 0,
  reminded_ms BIGINT NOT NULL DEFAULT 0,
  deputy_id BIGINT NOT NULL DEFAULT 0,
  deputy_ms BIGINT NOT NULL DEFAULT 0,
  upper_id BIGINT NOT NULL DEFAULT 0,
  upper_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_approval_tasks_request ON crm_approval_tasks (request_id, node_id);
CREATE INDEX crm_approval_tasks_user ON crm_approval_tasks (user_id, state);
CREATE INDEX crm_approval_tasks_deputy ON crm_approval_tasks (deputy_id, state);
CREATE INDEX crm_approval_tasks_upper ON crm_approval_tasks (upper_id, state);
CREATE INDEX crm_approval_tasks_open ON crm_approval_tasks (state, id);

CREATE TABLE crm_approval_decisions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  request_id BIGINT NOT NULL DEFAULT 0,
  task_id BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  for_id BIGINT NOT NULL DEFAULT 0,
  action VARCHAR(16) NOT NULL DEFAULT '',
  comment VARCHAR(1000) NOT NULL DEFAULT '',
  hash VARCHAR(64) NOT NULL DEFAULT '',
  at_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_approval_decisions_request ON crm_approval_decisions (request_id, id);
