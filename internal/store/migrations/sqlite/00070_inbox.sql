CREATE TABLE crm_inbox (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL DEFAULT '',
  event_id TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  body BLOB NOT NULL,
  lease_ms INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  kept_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_inbox_event ON crm_inbox (platform, event_id);
CREATE INDEX crm_inbox_open ON crm_inbox (platform, done_ms, lease_ms);
CREATE INDEX crm_inbox_done ON crm_inbox (done_ms);

CREATE TABLE crm_sums (
  name TEXT NOT NULL DEFAULT '',
  n INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
);
CREATE INDEX crm_sums_at ON crm_sums (at_ms);
