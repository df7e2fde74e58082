-- Pictures and texts that belong to a lead or an account.
CREATE TABLE IF NOT EXISTS crm_record_files (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  ref VARCHAR(32) NOT NULL DEFAULT '',
  name VARCHAR(200) NOT NULL DEFAULT '',
  mime VARCHAR(100) NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0,
  hash VARCHAR(64) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  data LONGBLOB NOT NULL,
  KEY crm_record_files_ref (ref, id),
  KEY crm_record_files_user (user_id, created_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE crm_visit_plans ADD INDEX crm_visit_plans_customer (customer);
