-- An account that belonged to nobody was open to everybody; now it waits in its pool (P-01).
UPDATE crm_accounts SET home_pool_id = 2 WHERE home_pool_id = 0;
UPDATE crm_accounts SET pooled_ms = created_ms WHERE owner_id = 0;
UPDATE crm_accounts SET level_no = CASE level WHEN 'KA' THEN 0 WHEN 'A' THEN 1 WHEN 'B' THEN 2 ELSE 3 END;
