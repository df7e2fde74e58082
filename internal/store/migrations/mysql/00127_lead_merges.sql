ALTER TABLE crm_leads
  ADD COLUMN merged_id BIGINT NOT NULL DEFAULT 0,
  ADD INDEX crm_leads_became (account_id);
