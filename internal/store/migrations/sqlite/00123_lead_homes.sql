CREATE INDEX crm_leads_home ON crm_leads (pool_id, owner_id, status, rank_no, id);
