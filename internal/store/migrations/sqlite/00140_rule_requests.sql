ALTER TABLE crm_rule_versions ADD COLUMN approver_id INTEGER NOT NULL DEFAULT 0;
CREATE TABLE crm_rule_requests (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  rule_key TEXT NOT NULL DEFAULT '',
  scope TEXT NOT NULL DEFAULT '',
  value TEXT NOT NULL,
  author_id INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  seen TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  asked_ms INTEGER NOT NULL DEFAULT 0,
  expires_ms INTEGER NOT NULL DEFAULT 0,
  by_id INTEGER NOT NULL DEFAULT 0,
  decided_ms INTEGER NOT NULL DEFAULT 0,
  version_id INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_rule_requests_state ON crm_rule_requests (state, expires_ms, id);
