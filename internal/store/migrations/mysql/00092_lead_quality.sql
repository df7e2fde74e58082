ALTER TABLE crm_leads
  ADD COLUMN company_size VARCHAR(64) NOT NULL DEFAULT '',
  ADD COLUMN base_grade VARCHAR(1) NOT NULL DEFAULT '',
  ADD COLUMN low_runs INT NOT NULL DEFAULT 0,
  ADD COLUMN low_day VARCHAR(10) NOT NULL DEFAULT '',
  ADD COLUMN given_grade VARCHAR(1) NOT NULL DEFAULT '',
  ADD COLUMN given_by BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN given_ms BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN given_until_ms BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN given_why VARCHAR(250) NOT NULL DEFAULT '',
  ADD COLUMN need_ms BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN judged INT NOT NULL DEFAULT 0,
  ADD COLUMN first_grade VARCHAR(1) NOT NULL DEFAULT '',
  ADD INDEX crm_leads_judged (judged, created_ms);
-- A grade that came with a lead held for ever; now it holds 30 days like any other (L-04).
UPDATE crm_leads SET given_grade = grade, given_by = created_by, given_ms = created_ms, given_until_ms = created_ms + 2592000000 WHERE grade_given = 1;
UPDATE crm_leads SET base_grade = grade;
-- Their confirmed need and the grade of their seventh day are not known: they count for their channel only (L-07).
UPDATE crm_leads SET judged = 1;
UPDATE crm_leads SET account_id = COALESCE((SELECT MIN(a.id) FROM crm_accounts a WHERE a.lead_id = crm_leads.id), 0), need_ms = updated_ms WHERE status = 'converted';

CREATE TABLE crm_lead_outcomes (
  month_of VARCHAR(7) NOT NULL DEFAULT '',
  source VARCHAR(64) NOT NULL DEFAULT '',
  grade VARCHAR(1) NOT NULL DEFAULT '',
  leads BIGINT NOT NULL DEFAULT 0,
  reached BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (month_of, source, grade)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_lead_channels (
  source VARCHAR(64) NOT NULL DEFAULT '',
  points INT NOT NULL DEFAULT 0,
  PRIMARY KEY (source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_lead_runs (
  name VARCHAR(16) NOT NULL DEFAULT '',
  day VARCHAR(10) NOT NULL DEFAULT '',
  after_id BIGINT NOT NULL DEFAULT 0,
  finished TINYINT(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- One row each for the nightly scores and for the verdicts, which one run writes at a time.
INSERT INTO crm_lead_runs (name) VALUES ('score'), ('judge');
