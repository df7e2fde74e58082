CREATE TABLE crm_bind_requests (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL DEFAULT '',
  tenant TEXT NOT NULL DEFAULT '',
  external TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  by_id INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  decided_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_bind_requests_external ON crm_bind_requests (platform, tenant, external);
CREATE INDEX crm_bind_requests_state ON crm_bind_requests (state, at_ms);
