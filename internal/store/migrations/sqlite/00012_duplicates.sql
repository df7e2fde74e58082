CREATE TABLE crm_dup_keys (
  kind TEXT NOT NULL DEFAULT '',
  dup_key TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (kind, dup_key)
);
CREATE INDEX crm_dup_keys_ref ON crm_dup_keys (ref);

CREATE TABLE crm_dup_grams (
  gram TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  size_no INTEGER NOT NULL DEFAULT 0,
  dup_key TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (gram, ref)
);
CREATE INDEX crm_dup_grams_ref ON crm_dup_grams (ref);

CREATE TABLE crm_search_terms (
  term TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  record_id INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (term, kind, record_id)
);
CREATE INDEX crm_search_terms_record ON crm_search_terms (kind, record_id);
