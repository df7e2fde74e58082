ALTER TABLE crm_leads ADD COLUMN merged_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX crm_leads_became ON crm_leads (account_id);
