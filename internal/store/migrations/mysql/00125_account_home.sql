ALTER TABLE crm_accounts ADD INDEX crm_accounts_home (home_pool_id, owner_id, id);
