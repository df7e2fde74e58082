-- Pictures and texts that belong to a lead or an account.
CREATE TABLE crm_record_files (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  ref TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  mime TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL DEFAULT 0,
  hash TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  data BLOB NOT NULL
);
CREATE INDEX crm_record_files_ref ON crm_record_files (ref, id);
CREATE INDEX crm_record_files_user ON crm_record_files (user_id, created_ms);
CREATE INDEX crm_visit_plans_customer ON crm_visit_plans (customer);
