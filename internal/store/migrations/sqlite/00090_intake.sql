CREATE TABLE crm_intake_sources (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  channel TEXT NOT NULL DEFAULT '',
  campaign TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL DEFAULT '',
  origins TEXT NOT NULL DEFAULT '',
  per_minute INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 0,
  revoked INTEGER NOT NULL DEFAULT 0,
  key_hash TEXT NOT NULL DEFAULT '',
  key_version INTEGER NOT NULL DEFAULT 0,
  created_by INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE crm_intake_tokens (
  source_id INTEGER NOT NULL DEFAULT 0,
  token TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT '',
  receipt TEXT NOT NULL DEFAULT '',
  at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source_id, token)
);
CREATE INDEX crm_intake_tokens_at ON crm_intake_tokens (at_ms);

CREATE TABLE crm_inquiries (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  receipt TEXT NOT NULL DEFAULT '',
  source_id INTEGER NOT NULL DEFAULT 0,
  channel TEXT NOT NULL DEFAULT '',
  campaign TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  fresh INTEGER NOT NULL DEFAULT 0,
  company TEXT NOT NULL DEFAULT '',
  contact TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL DEFAULT '',
  city TEXT NOT NULL DEFAULT '',
  need TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  at_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_inquiries_receipt ON crm_inquiries (receipt);
CREATE INDEX crm_inquiries_source ON crm_inquiries (source_id, at_ms);
CREATE INDEX crm_inquiries_ref ON crm_inquiries (ref);

ALTER TABLE crm_leads ADD COLUMN campaign TEXT NOT NULL DEFAULT '';
