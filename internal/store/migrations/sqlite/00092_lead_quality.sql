ALTER TABLE crm_leads ADD COLUMN company_size TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_leads ADD COLUMN base_grade TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_leads ADD COLUMN low_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN low_day TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_leads ADD COLUMN given_grade TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_leads ADD COLUMN given_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN given_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN given_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN given_why TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_leads ADD COLUMN need_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN judged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_leads ADD COLUMN first_grade TEXT NOT NULL DEFAULT '';
CREATE INDEX crm_leads_judged ON crm_leads (judged, created_ms);
-- A grade that came with a lead held for ever; now it holds 30 days like any other (L-04).
UPDATE crm_leads SET given_grade = grade, given_by = created_by, given_ms = created_ms, given_until_ms = created_ms + 2592000000 WHERE grade_given = 1;
UPDATE crm_leads SET base_grade = grade;
-- Their confirmed need and the grade of their seventh day are not known: they count for their channel only (L-07).
UPDATE crm_leads SET judged = 1;
UPDATE crm_leads SET account_id = COALESCE((SELECT MIN(a.id) FROM crm_accounts a WHERE a.lead_id = crm_leads.id), 0), need_ms = updated_ms WHERE status = 'converted';

CREATE TABLE crm_lead_outcomes (
  month_of TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL DEFAULT '',
  grade TEXT NOT NULL DEFAULT '',
  leads INTEGER NOT NULL DEFAULT 0,
  reached INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (month_of, source, grade)
);

CREATE TABLE crm_lead_channels (
  source TEXT NOT NULL DEFAULT '',
  points INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source)
);

CREATE TABLE crm_lead_runs (
  name TEXT NOT NULL DEFAULT '',
  day TEXT NOT NULL DEFAULT '',
  after_id INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
);
-- One row each for the nightly scores and for the verdicts, which one run writes at a time.
INSERT INTO crm_lead_runs (name) VALUES ('score'), ('judge');
