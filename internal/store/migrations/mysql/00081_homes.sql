-- +goose Up
CREATE TABLE crm_homes (
  platform VARCHAR(20) NOT NULL DEFAULT '',
  app VARCHAR(200) NOT NULL DEFAULT '',
  home VARCHAR(200) NOT NULL DEFAULT '',
  at_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, app)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE crm_homes;
