CREATE TABLE crm_activities (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(16) NOT NULL DEFAULT '',
  subject VARCHAR(32) NOT NULL DEFAULT '',
  customer VARCHAR(32) NOT NULL DEFAULT '',
  contact_id BIGINT NOT NULL DEFAULT 0,
  met VARCHAR(100) NOT NULL DEFAULT '',
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  at_ms BIGINT NOT NULL DEFAULT 0,
  day VARCHAR(10) NOT NULL DEFAULT '',
  seconds BIGINT NOT NULL DEFAULT 0,
  result VARCHAR(16) NOT NULL DEFAULT '',
  note MEDIUMTEXT NOT NULL,
  amount BIGINT NOT NULL DEFAULT 0,
  photos INT NOT NULL DEFAULT 0,
  valid TINYINT(1) NOT NULL DEFAULT 0,
  qualified TINYINT(1) NOT NULL DEFAULT 0,
  weight INT NOT NULL DEFAULT 0,
  missing VARCHAR(200) NOT NULL DEFAULT '',
  first_contact TINYINT(1) NOT NULL DEFAULT 0,
  prev_active_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL DEFAULT 0,
  undone_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_activities_subject ON crm_activities (subject, at_ms);
CREATE INDEX crm_activities_customer ON crm_activities (customer, at_ms);
CREATE INDEX crm_activities_user ON crm_activities (user_id, at_ms);
CREATE INDEX crm_activities_contact ON crm_activities (contact_id, at_ms);

CREATE TABLE crm_activity_people (
  activity_id BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  seq INT NOT NULL DEFAULT 0,
  customer VARCHAR(32) NOT NULL DEFAULT '',
  day VARCHAR(10) NOT NULL DEFAULT '',
  credited TINYINT(1) NOT NULL DEFAULT 0,
  plan_id BIGINT NOT NULL DEFAULT 0,
  counted TINYINT(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (activity_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_activity_people_day ON crm_activity_people (user_id, day);

CREATE TABLE crm_visit_credits (
  user_id BIGINT NOT NULL DEFAULT 0,
  customer VARCHAR(32) NOT NULL DEFAULT '',
  day VARCHAR(10) NOT NULL DEFAULT '',
  activity_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, customer, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_next_steps (
  activity_id BIGINT NOT NULL DEFAULT 0,
  user_id BIGINT NOT NULL DEFAULT 0,
  team_id BIGINT NOT NULL DEFAULT 0,
  subject VARCHAR(32) NOT NULL DEFAULT '',
  what MEDIUMTEXT NOT NULL,
  day VARCHAR(10) NOT NULL DEFAULT '',
  minute_of INT NOT NULL DEFAULT 0,
  state VARCHAR(16) NOT NULL DEFAULT '',
  rev INT NOT NULL DEFAULT 0,
  closed_by BIGINT NOT NULL DEFAULT 0,
  remind_ms BIGINT NOT NULL DEFAULT 0,
  done_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (activity_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_next_steps_user ON crm_next_steps (user_id, state, day);
CREATE INDEX crm_next_steps_subject ON crm_next_steps (subject, state, day);
CREATE INDEX crm_next_steps_closed ON crm_next_steps (closed_by);
