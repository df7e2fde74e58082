CREATE TABLE crm_inbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(20) NOT NULL DEFAULT '',
  event_id VARCHAR(200) NOT NULL DEFAULT '',
  kind VARCHAR(20) NOT NULL DEFAULT '',
  body LONGBLOB NOT NULL,
  lease_ms BIGINT NOT NULL DEFAULT 0,
  tries INT NOT NULL DEFAULT 0,
  kept_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_inbox_event ON crm_inbox (platform, event_id);
CREATE INDEX crm_inbox_open ON crm_inbox (platform, done_ms, lease_ms);
CREATE INDEX crm_inbox_done ON crm_inbox (done_ms);

CREATE TABLE crm_sums (
  name VARCHAR(100) NOT NULL DEFAULT '',
  n BIGINT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_sums_at ON crm_sums (at_ms);
