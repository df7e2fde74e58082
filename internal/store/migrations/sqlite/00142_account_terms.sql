ALTER TABLE crm_accounts DROP COLUMN pinyin_keys;
