CREATE INDEX crm_accounts_home ON crm_accounts (home_pool_id, owner_id, id);
