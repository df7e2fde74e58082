CREATE INDEX crm_accounts_merged ON crm_accounts (merged_id);
