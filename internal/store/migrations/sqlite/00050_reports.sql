CREATE TABLE crm_reports (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  template INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  answers TEXT NOT NULL,
  next_plan TEXT NOT NULL,
  notes TEXT NOT NULL,
  as_of_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  submitted_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_reports_user ON crm_reports (user_id, day);
CREATE INDEX crm_reports_day ON crm_reports (day, team_id);

CREATE TABLE crm_report_digests (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  as_of_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_report_digests_team ON crm_report_digests (team_id, day);

CREATE TABLE crm_report_bindings (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL DEFAULT '',
  chat TEXT NOT NULL DEFAULT '',
  team_id INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_report_bindings_chat ON crm_report_bindings (platform, chat);
CREATE INDEX crm_report_bindings_team ON crm_report_bindings (team_id);
