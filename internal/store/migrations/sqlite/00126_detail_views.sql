-- Takes the place of crm_lead_views, which a replica of the version before still writes.
CREATE TABLE crm_detail_views (
  user_id INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  record_id INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, kind, record_id)
);
CREATE INDEX crm_detail_views_day ON crm_detail_views (day);
