CREATE TABLE crm_handovers (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL DEFAULT 0,
  open_user INTEGER NULL,
  manager_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  ask_ms INTEGER NOT NULL DEFAULT 0,
  asked_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_handovers_open ON crm_handovers (open_user);
CREATE INDEX crm_handovers_user ON crm_handovers (user_id, id);
CREATE INDEX crm_handovers_state ON crm_handovers (state, id);

CREATE TABLE crm_handover_items (
  handover_id INTEGER NOT NULL DEFAULT 0,
  ref TEXT NOT NULL DEFAULT '',
  seq INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  region TEXT NOT NULL DEFAULT '',
  grade TEXT NOT NULL DEFAULT '',
  open_amount INTEGER NOT NULL DEFAULT 0,
  to_user INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  moved_ms INTEGER NOT NULL DEFAULT 0,
  judged INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (handover_id, ref)
);
CREATE INDEX crm_handover_items_state ON crm_handover_items (state, judged, moved_ms);
