ALTER TABLE crm_accounts ADD INDEX crm_accounts_merged (merged_id);
