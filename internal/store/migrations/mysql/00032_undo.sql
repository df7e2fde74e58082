CREATE TABLE crm_undo_log (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL DEFAULT 0,
  kind VARCHAR(32) NOT NULL DEFAULT '',
  ref VARCHAR(64) NOT NULL DEFAULT '',
  title_zh MEDIUMTEXT NOT NULL,
  title_en MEDIUMTEXT NOT NULL,
  at_ms BIGINT NOT NULL DEFAULT 0,
  until_ms BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  done_ms BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_undo_log_user ON crm_undo_log (user_id, state, until_ms);
CREATE INDEX crm_undo_log_ref ON crm_undo_log (kind, ref, id);
