CREATE TABLE crm_keepings (
  kind VARCHAR(1) NOT NULL DEFAULT '',
  record_id BIGINT NOT NULL DEFAULT 0,
  owner_id BIGINT NOT NULL DEFAULT 0,
  check_day VARCHAR(10) NOT NULL DEFAULT '',
  release_day VARCHAR(10) NOT NULL DEFAULT '',
  not_before VARCHAR(10) NOT NULL DEFAULT '',
  slip VARCHAR(16) NOT NULL DEFAULT '',
  locked_ms BIGINT NOT NULL DEFAULT 0,
  locked_until_ms BIGINT NOT NULL DEFAULT 0,
  lock_days INT NOT NULL DEFAULT 0,
  extra_days INT NOT NULL DEFAULT 0,
  extensions INT NOT NULL DEFAULT 0,
  kept INT NOT NULL DEFAULT 0,
  asked_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_keepings_check ON crm_keepings (check_day, kind, record_id);
CREATE INDEX crm_keepings_owner ON crm_keepings (owner_id, kind);
-- What is owned already is looked at by the first nightly run.
INSERT INTO crm_keepings (kind, record_id, owner_id) SELECT 'L', id, owner_id FROM crm_leads WHERE owner_id <> 0 AND status = 'open';
INSERT INTO crm_keepings (kind, record_id, owner_id) SELECT 'A', id, owner_id FROM crm_accounts WHERE owner_id <> 0;

CREATE TABLE crm_keeping_lines (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(1) NOT NULL DEFAULT '',
  record_id BIGINT NOT NULL DEFAULT 0,
  owner_id BIGINT NOT NULL DEFAULT 0,
  release_day VARCHAR(10) NOT NULL DEFAULT '',
  step INT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  at_ms BIGINT NOT NULL DEFAULT 0,
  card VARCHAR(128) NOT NULL DEFAULT '',
  delivered_ms BIGINT NOT NULL DEFAULT 0,
  outcome INT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_keeping_lines_one ON crm_keeping_lines (kind, record_id, owner_id, release_day, step);
CREATE INDEX crm_keeping_lines_card ON crm_keeping_lines (card);
CREATE INDEX crm_keeping_lines_open ON crm_keeping_lines (outcome, id);
CREATE INDEX crm_keeping_lines_sent ON crm_keeping_lines (delivered_ms, day, id);

CREATE TABLE crm_recycle_runs (
  day VARCHAR(10) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT '',
  after_day VARCHAR(10) NOT NULL DEFAULT '',
  after_ref VARCHAR(32) NOT NULL DEFAULT '',
  total INT NOT NULL DEFAULT 0,
  owned INT NOT NULL DEFAULT 0,
  alarm VARCHAR(16) NOT NULL DEFAULT '',
  asked_ms BIGINT NOT NULL DEFAULT 0,
  decided_by BIGINT NOT NULL DEFAULT 0,
  decided_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_recycle_runs_state ON crm_recycle_runs (state, day);

CREATE TABLE crm_recycle_items (
  day VARCHAR(10) NOT NULL DEFAULT '',
  kind VARCHAR(1) NOT NULL DEFAULT '',
  record_id BIGINT NOT NULL DEFAULT 0,
  owner_id BIGINT NOT NULL DEFAULT 0,
  release_day VARCHAR(10) NOT NULL DEFAULT '',
  state INT NOT NULL DEFAULT 0,
  PRIMARY KEY (day, kind, record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_recycle_items_state ON crm_recycle_items (day, state, kind, record_id);
CREATE INDEX crm_recycle_items_owner ON crm_recycle_items (day, owner_id, state);

CREATE TABLE crm_keeping_requests (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(1) NOT NULL DEFAULT '',
  record_id BIGINT NOT NULL DEFAULT 0,
  owner_id BIGINT NOT NULL DEFAULT 0,
  reason VARCHAR(255) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT '',
  release_day VARCHAR(10) NOT NULL DEFAULT '',
  days INT NOT NULL DEFAULT 0,
  asked_ms BIGINT NOT NULL DEFAULT 0,
  decided_by BIGINT NOT NULL DEFAULT 0,
  decided_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_keeping_requests_record ON crm_keeping_requests (kind, record_id, id);

CREATE TABLE crm_keeping_marks (
  name VARCHAR(32) NOT NULL DEFAULT '',
  mark VARCHAR(128) NOT NULL DEFAULT '',
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
