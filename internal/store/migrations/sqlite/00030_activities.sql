CREATE TABLE crm_activities (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  customer TEXT NOT NULL DEFAULT '',
  contact_id INTEGER NOT NULL DEFAULT 0,
  met TEXT NOT NULL DEFAULT '',
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  at_ms INTEGER NOT NULL DEFAULT 0,
  day TEXT NOT NULL DEFAULT '',
  seconds INTEGER NOT NULL DEFAULT 0,
  result TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL,
  amount INTEGER NOT NULL DEFAULT 0,
  photos INTEGER NOT NULL DEFAULT 0,
  valid INTEGER NOT NULL DEFAULT 0,
  qualified INTEGER NOT NULL DEFAULT 0,
  weight INTEGER NOT NULL DEFAULT 0,
  missing TEXT NOT NULL DEFAULT '',
  first_contact INTEGER NOT NULL DEFAULT 0,
  prev_active_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL DEFAULT 0,
  undone_ms INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_activities_subject ON crm_activities (subject, at_ms);
CREATE INDEX crm_activities_customer ON crm_activities (customer, at_ms);
CREATE INDEX crm_activities_user ON crm_activities (user_id, at_ms);
CREATE INDEX crm_activities_contact ON crm_activities (contact_id, at_ms);

CREATE TABLE crm_activity_people (
  activity_id INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  customer TEXT NOT NULL DEFAULT '',
  day TEXT NOT NULL DEFAULT '',
  credited INTEGER NOT NULL DEFAULT 0,
  plan_id INTEGER NOT NULL DEFAULT 0,
  counted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (activity_id, user_id)
);
CREATE INDEX crm_activity_people_day ON crm_activity_people (user_id, day);

CREATE TABLE crm_visit_credits (
  user_id INTEGER NOT NULL DEFAULT 0,
  customer TEXT NOT NULL DEFAULT '',
  day TEXT NOT NULL DEFAULT '',
  activity_id INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, customer, day)
);

CREATE TABLE crm_next_steps (
  activity_id INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0,
  team_id INTEGER NOT NULL DEFAULT 0,
  subject TEXT NOT NULL DEFAULT '',
  what TEXT NOT NULL,
  day TEXT NOT NULL DEFAULT '',
  minute_of INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  rev INTEGER NOT NULL DEFAULT 0,
  closed_by INTEGER NOT NULL DEFAULT 0,
  remind_ms INTEGER NOT NULL DEFAULT 0,
  done_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (activity_id)
);
CREATE INDEX crm_next_steps_user ON crm_next_steps (user_id, state, day);
CREATE INDEX crm_next_steps_subject ON crm_next_steps (subject, state, day);
CREATE INDEX crm_next_steps_closed ON crm_next_steps (closed_by);
