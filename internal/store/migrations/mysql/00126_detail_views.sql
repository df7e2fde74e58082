-- Takes the place of crm_lead_views, which a replica of the version before still writes.
CREATE TABLE IF NOT EXISTS crm_detail_views (
  user_id BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  kind VARCHAR(1) NOT NULL DEFAULT '',
  record_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, kind, record_id),
  KEY crm_detail_views_day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
