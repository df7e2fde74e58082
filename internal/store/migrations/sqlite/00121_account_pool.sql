ALTER TABLE crm_accounts ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_accounts ADD COLUMN quality TEXT NOT NULL DEFAULT '';
ALTER TABLE crm_accounts ADD COLUMN pooled_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_accounts ADD COLUMN claimable_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_accounts ADD COLUMN merged_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crm_accounts ADD COLUMN level_no INTEGER NOT NULL DEFAULT 3;
CREATE INDEX crm_accounts_pool ON crm_accounts (owner_id, home_pool_id, state, level_no, id);
CREATE INDEX crm_accounts_region ON crm_accounts (owner_id, home_pool_id, state, region, level_no, id);
CREATE INDEX crm_accounts_idle ON crm_accounts (owner_id, dealt_ms, active_ms, id);
