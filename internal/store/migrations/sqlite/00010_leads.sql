CREATE TABLE crm_leads (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  company TEXT NOT NULL DEFAULT '',
  contact TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT '',
  city TEXT NOT NULL DEFAULT '',
  region TEXT NOT NULL DEFAULT '',
  industry TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL DEFAULT '',
  need TEXT NOT NULL,
  budget TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL,
  uscc TEXT NOT NULL DEFAULT '',
  grade TEXT NOT NULL DEFAULT '',
  grade_given INTEGER NOT NULL DEFAULT 0,
  score_source INTEGER NOT NULL DEFAULT 0,
  score_complete INTEGER NOT NULL DEFAULT 0,
  score_actions INTEGER NOT NULL DEFAULT 0,
  score_fit INTEGER NOT NULL DEFAULT 0,
  score_decay INTEGER NOT NULL DEFAULT 0,
  rank_no INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT '',
  quality TEXT NOT NULL DEFAULT '',
  owner_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  pool_id INTEGER NOT NULL DEFAULT 0,
  created_by INTEGER NOT NULL DEFAULT 0,
  import_id INTEGER NOT NULL DEFAULT 0,
  import_row INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  owned_ms INTEGER NOT NULL DEFAULT 0,
  pooled_ms INTEGER NOT NULL DEFAULT 0,
  claimable_ms INTEGER NOT NULL DEFAULT 0,
  first_contact_ms INTEGER NOT NULL DEFAULT 0,
  last_activity_ms INTEGER NOT NULL DEFAULT 0,
  last_valid_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_leads_owner ON crm_leads (owner_id, status, rank_no, id);
CREATE INDEX crm_leads_city ON crm_leads (owner_id, status, city, rank_no, id);
CREATE INDEX crm_leads_source ON crm_leads (owner_id, status, source, rank_no, id);
CREATE INDEX crm_leads_import ON crm_leads (import_id, import_row);

CREATE TABLE crm_lead_views (
  user_id INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  lead_id INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, lead_id)
);

CREATE TABLE crm_collaborators (
  ref TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  by_user INTEGER NOT NULL DEFAULT 0,
  asked_ms INTEGER NOT NULL DEFAULT 0,
  expires_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (ref, user_id)
);
CREATE INDEX crm_collaborators_user ON crm_collaborators (user_id, state);
