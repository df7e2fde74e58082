-- level_no orders accounts in a pool by their level; see account.Level.Order.
ALTER TABLE crm_accounts
  ADD COLUMN state VARCHAR(16) NOT NULL DEFAULT '',
  ADD COLUMN quality VARCHAR(32) NOT NULL DEFAULT '',
  ADD COLUMN pooled_ms BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN claimable_ms BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN merged_id BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN level_no INT NOT NULL DEFAULT 3,
  ADD INDEX crm_accounts_pool (owner_id, home_pool_id, state, level_no, id),
  ADD INDEX crm_accounts_region (owner_id, home_pool_id, state, region, level_no, id),
  ADD INDEX crm_accounts_idle (owner_id, dealt_ms, active_ms, id);
