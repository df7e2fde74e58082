CREATE TABLE crm_activity_drafts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  entry TEXT NOT NULL,
  customer TEXT NOT NULL DEFAULT '',
  choices TEXT NOT NULL,
  confidence INTEGER NOT NULL DEFAULT 0,
  warnings TEXT NOT NULL,
  activity_id INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_activity_drafts_created ON crm_activity_drafts (created_ms);

CREATE TABLE crm_activity_photos (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL DEFAULT 0,
  activity_id INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL DEFAULT '',
  hash TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL DEFAULT 0,
  data BLOB NOT NULL,
  created_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_activity_photos_activity ON crm_activity_photos (activity_id, created_ms);
CREATE INDEX crm_activity_photos_hash ON crm_activity_photos (hash);

CREATE TABLE crm_visit_plans (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  subject TEXT NOT NULL DEFAULT '',
  customer TEXT NOT NULL DEFAULT '',
  day TEXT NOT NULL DEFAULT '',
  minute_of INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  counted INTEGER NOT NULL DEFAULT 0,
  activity_id INTEGER NOT NULL DEFAULT 0,
  by_customer INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL,
  slot TEXT NULL,
  created_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_visit_plans_user ON crm_visit_plans (user_id, day);
CREATE UNIQUE INDEX crm_visit_plans_slot ON crm_visit_plans (slot);
