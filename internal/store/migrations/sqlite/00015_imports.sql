CREATE TABLE crm_imports (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  author_id INTEGER NOT NULL DEFAULT 0,
  file_name TEXT NOT NULL DEFAULT '',
  file_size INTEGER NOT NULL DEFAULT 0,
  row_count INTEGER NOT NULL DEFAULT 0,
  new_rows INTEGER NOT NULL DEFAULT 0,
  update_rows INTEGER NOT NULL DEFAULT 0,
  same_rows INTEGER NOT NULL DEFAULT 0,
  bad_rows INTEGER NOT NULL DEFAULT 0,
  last_line INTEGER NOT NULL DEFAULT 0,
  taken_rows INTEGER NOT NULL DEFAULT 0,
  kept_rows INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL,
  created_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0,
  until_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_imports_author ON crm_imports (author_id, id);
CREATE INDEX crm_imports_created ON crm_imports (created_ms);

CREATE TABLE crm_import_files (
  import_id INTEGER NOT NULL DEFAULT 0,
  part INTEGER NOT NULL DEFAULT 0,
  data BLOB NOT NULL,
  PRIMARY KEY (import_id, part)
);

CREATE TABLE crm_import_rows (
  import_id INTEGER NOT NULL DEFAULT 0,
  line INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
  ref_kind TEXT NOT NULL DEFAULT '',
  ref_id INTEGER NOT NULL DEFAULT 0,
  ref_version INTEGER NOT NULL DEFAULT 0,
  before_json TEXT NOT NULL,
  PRIMARY KEY (import_id, line)
);

CREATE TABLE crm_import_mappings (
  fingerprint TEXT NOT NULL DEFAULT '',
  mapping TEXT NOT NULL,
  user_id INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (fingerprint)
);
