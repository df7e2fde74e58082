CREATE TABLE crm_undo_log (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  ref TEXT NOT NULL DEFAULT '',
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  at_ms INTEGER NOT NULL DEFAULT 0,
  until_ms INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  done_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_undo_log_user ON crm_undo_log (user_id, state, until_ms);
CREATE INDEX crm_undo_log_ref ON crm_undo_log (kind, ref, id);
