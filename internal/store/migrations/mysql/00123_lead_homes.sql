ALTER TABLE crm_leads ADD INDEX crm_leads_home (pool_id, owner_id, status, rank_no, id);
