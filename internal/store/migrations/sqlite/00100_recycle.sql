CREATE TABLE crm_keepings (
  kind TEXT NOT NULL DEFAULT '',
  record_id INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0,
  check_day TEXT NOT NULL DEFAULT '',
  release_day TEXT NOT NULL DEFAULT '',
  not_before TEXT NOT NULL DEFAULT '',
  slip TEXT NOT NULL DEFAULT '',
  locked_ms INTEGER NOT NULL DEFAULT 0,
  locked_until_ms INTEGER NOT NULL DEFAULT 0,
  lock_days INTEGER NOT NULL DEFAULT 0,
  extra_days INTEGER NOT NULL DEFAULT 0,
  extensions INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0,
  asked_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, record_id)
);
CREATE INDEX crm_keepings_check ON crm_keepings (check_day, kind, record_id);
CREATE INDEX crm_keepings_owner ON crm_keepings (owner_id, kind);
-- What is owned already is looked at by the first nightly run.
INSERT INTO crm_keepings (kind, record_id, owner_id) SELECT 'L', id, owner_id FROM crm_leads WHERE owner_id <> 0 AND status = 'open';
INSERT INTO crm_keepings (kind, record_id, owner_id) SELECT 'A', id, owner_id FROM crm_accounts WHERE owner_id <> 0;

CREATE TABLE crm_keeping_lines (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL DEFAULT '',
  record_id INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0,
  release_day TEXT NOT NULL DEFAULT '',
  step INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  at_ms INTEGER NOT NULL DEFAULT 0,
  card TEXT NOT NULL DEFAULT '',
  delivered_ms INTEGER NOT NULL DEFAULT 0,
  outcome INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_keeping_lines_one ON crm_keeping_lines (kind, record_id, owner_id, release_day, step);
CREATE INDEX crm_keeping_lines_card ON crm_keeping_lines (card);
CREATE INDEX crm_keeping_lines_open ON crm_keeping_lines (outcome, id);
CREATE INDEX crm_keeping_lines_sent ON crm_keeping_lines (delivered_ms, day, id);

CREATE TABLE crm_recycle_runs (
  day TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  after_day TEXT NOT NULL DEFAULT '',
  after_ref TEXT NOT NULL DEFAULT '',
  total INTEGER NOT NULL DEFAULT 0,
  owned INTEGER NOT NULL DEFAULT 0,
  alarm TEXT NOT NULL DEFAULT '',
  asked_ms INTEGER NOT NULL DEFAULT 0,
  decided_by INTEGER NOT NULL DEFAULT 0,
  decided_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day)
);
CREATE INDEX crm_recycle_runs_state ON crm_recycle_runs (state, day);

CREATE TABLE crm_recycle_items (
  day TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  record_id INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0,
  release_day TEXT NOT NULL DEFAULT '',
  state INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, kind, record_id)
);
CREATE INDEX crm_recycle_items_state ON crm_recycle_items (day, state, kind, record_id);
CREATE INDEX crm_recycle_items_owner ON crm_recycle_items (day, owner_id, state);

CREATE TABLE crm_keeping_requests (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL DEFAULT '',
  record_id INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  release_day TEXT NOT NULL DEFAULT '',
  days INTEGER NOT NULL DEFAULT 0,
  asked_ms INTEGER NOT NULL DEFAULT 0,
  decided_by INTEGER NOT NULL DEFAULT 0,
  decided_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_keeping_requests_record ON crm_keeping_requests (kind, record_id, id);

CREATE TABLE crm_keeping_marks (
  name TEXT NOT NULL DEFAULT '',
  mark TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (name)
);
