-- As in 00080: what a crash leaves behind does not stand in the way, and one
-- ALTER, all or nothing, comes last.
CREATE TABLE IF NOT EXISTS crm_intake_sources (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL DEFAULT '',
  channel VARCHAR(64) NOT NULL DEFAULT '',
  campaign VARCHAR(100) NOT NULL DEFAULT '',
  mode VARCHAR(16) NOT NULL DEFAULT '',
  origins MEDIUMTEXT NOT NULL,
  per_minute INT NOT NULL DEFAULT 0,
  enabled TINYINT(1) NOT NULL DEFAULT 0,
  revoked TINYINT(1) NOT NULL DEFAULT 0,
  key_hash VARCHAR(64) NOT NULL DEFAULT '',
  key_version INT NOT NULL DEFAULT 0,
  created_by BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  updated_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_intake_tokens (
  source_id BIGINT NOT NULL DEFAULT 0,
  token VARCHAR(64) NOT NULL DEFAULT '',
  body VARCHAR(64) NOT NULL DEFAULT '',
  receipt VARCHAR(26) NOT NULL DEFAULT '',
  at_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (source_id, token),
  KEY crm_intake_tokens_at (at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_inquiries (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  receipt VARCHAR(26) NOT NULL DEFAULT '',
  source_id BIGINT NOT NULL DEFAULT 0,
  channel VARCHAR(64) NOT NULL DEFAULT '',
  campaign VARCHAR(100) NOT NULL DEFAULT '',
  ref VARCHAR(32) NOT NULL DEFAULT '',
  fresh TINYINT(1) NOT NULL DEFAULT 0,
  company VARCHAR(200) NOT NULL DEFAULT '',
  contact VARCHAR(100) NOT NULL DEFAULT '',
  phone VARCHAR(100) NOT NULL DEFAULT '',
  email VARCHAR(128) NOT NULL DEFAULT '',
  city VARCHAR(64) NOT NULL DEFAULT '',
  need MEDIUMTEXT NOT NULL,
  note MEDIUMTEXT NOT NULL,
  at_ms BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY crm_inquiries_receipt (receipt),
  KEY crm_inquiries_source (source_id, at_ms),
  KEY crm_inquiries_ref (ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE crm_leads ADD COLUMN campaign VARCHAR(100) NOT NULL DEFAULT '';
