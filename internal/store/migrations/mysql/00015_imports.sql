CREATE TABLE crm_imports (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(16) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT '',
  author_id BIGINT NOT NULL DEFAULT 0,
  file_name VARCHAR(250) NOT NULL DEFAULT '',
  file_size BIGINT NOT NULL DEFAULT 0,
  row_count INT NOT NULL DEFAULT 0,
  new_rows INT NOT NULL DEFAULT 0,
  update_rows INT NOT NULL DEFAULT 0,
  same_rows INT NOT NULL DEFAULT 0,
  bad_rows INT NOT NULL DEFAULT 0,
  last_line INT NOT NULL DEFAULT 0,
  taken_rows INT NOT NULL DEFAULT 0,
  kept_rows INT NOT NULL DEFAULT 0,
  detail MEDIUMTEXT NOT NULL,
  created_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  until_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_imports_author ON crm_imports (author_id, id);
CREATE INDEX crm_imports_created ON crm_imports (created_ms);

CREATE TABLE crm_import_files (
  import_id BIGINT NOT NULL DEFAULT 0,
  part INT NOT NULL DEFAULT 0,
  data LONGBLOB NOT NULL,
  PRIMARY KEY (import_id, part)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_import_rows (
  import_id BIGINT NOT NULL DEFAULT 0,
  line INT NOT NULL DEFAULT 0,
  outcome VARCHAR(8) NOT NULL DEFAULT '',
  ref_kind VARCHAR(4) NOT NULL DEFAULT '',
  ref_id BIGINT NOT NULL DEFAULT 0,
  ref_version BIGINT NOT NULL DEFAULT 0,
  before_json MEDIUMTEXT NOT NULL,
  PRIMARY KEY (import_id, line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_import_mappings (
  fingerprint VARCHAR(64) NOT NULL DEFAULT '',
  mapping MEDIUMTEXT NOT NULL,
  user_id BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (fingerprint)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
