CREATE TABLE IF NOT EXISTS crm_handovers (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL DEFAULT 0,
  open_user BIGINT NULL,
  manager_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  ask_ms BIGINT NOT NULL DEFAULT 0,
  asked_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  rev BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY crm_handovers_open (open_user),
  KEY crm_handovers_user (user_id, id),
  KEY crm_handovers_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS crm_handover_items (
  handover_id BIGINT NOT NULL DEFAULT 0,
  ref VARCHAR(32) NOT NULL DEFAULT '',
  seq INT NOT NULL DEFAULT 0,
  title VARCHAR(200) NOT NULL DEFAULT '',
  region VARCHAR(64) NOT NULL DEFAULT '',
  grade VARCHAR(8) NOT NULL DEFAULT '',
  open_amount BIGINT NOT NULL DEFAULT 0,
  to_user BIGINT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  reason VARCHAR(32) NOT NULL DEFAULT '',
  moved_ms BIGINT NOT NULL DEFAULT 0,
  judged TINYINT(1) NOT NULL DEFAULT 0,
  rev BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (handover_id, ref),
  KEY crm_handover_items_state (state, judged, moved_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
