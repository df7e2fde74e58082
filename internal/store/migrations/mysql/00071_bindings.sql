CREATE TABLE crm_bind_requests (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(20) NOT NULL DEFAULT '',
  tenant VARCHAR(64) NOT NULL DEFAULT '',
  external VARCHAR(128) NOT NULL DEFAULT '',
  name VARCHAR(100) NOT NULL DEFAULT '',
  state VARCHAR(20) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  by_id BIGINT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  decided_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_bind_requests_external ON crm_bind_requests (platform, tenant, external);
CREATE INDEX crm_bind_requests_state ON crm_bind_requests (state, at_ms);
