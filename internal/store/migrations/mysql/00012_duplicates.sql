CREATE TABLE crm_dup_keys (
  kind VARCHAR(16) NOT NULL DEFAULT '',
  dup_key VARCHAR(128) NOT NULL DEFAULT '',
  ref VARCHAR(32) NOT NULL DEFAULT '',
  PRIMARY KEY (kind, dup_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_dup_keys_ref ON crm_dup_keys (ref);

CREATE TABLE crm_dup_grams (
  gram VARCHAR(16) NOT NULL DEFAULT '',
  ref VARCHAR(32) NOT NULL DEFAULT '',
  size_no INT NOT NULL DEFAULT 0,
  dup_key VARCHAR(128) NOT NULL DEFAULT '',
  PRIMARY KEY (gram, ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_dup_grams_ref ON crm_dup_grams (ref);

CREATE TABLE crm_search_terms (
  term VARCHAR(64) NOT NULL DEFAULT '',
  kind VARCHAR(1) NOT NULL DEFAULT '',
  record_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (term, kind, record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_search_terms_record ON crm_search_terms (kind, record_id);
