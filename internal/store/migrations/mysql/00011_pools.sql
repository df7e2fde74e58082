CREATE TABLE crm_pools (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL DEFAULT '',
  kind VARCHAR(1) NOT NULL DEFAULT '',
  sort_no INT NOT NULL DEFAULT 0,
  users MEDIUMTEXT NOT NULL,
  teams MEDIUMTEXT NOT NULL,
  regions MEDIUMTEXT NOT NULL,
  daily INT NOT NULL DEFAULT 0,
  offday TINYINT(1) NOT NULL DEFAULT 0,
  hidden VARCHAR(255) NOT NULL DEFAULT '',
  retired TINYINT(1) NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO crm_pools (id, name, kind, sort_no, users, teams, regions, daily, offday, hidden, retired) VALUES (1, '', 'L', 1000, '', '', '', 0, 0, '', 0), (2, '', 'A', 1000, '', '', '', 0, 0, '', 0);

CREATE TABLE crm_ownership_ledger (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at_ms BIGINT NOT NULL DEFAULT 0,
  ref VARCHAR(32) NOT NULL DEFAULT '',
  kind VARCHAR(1) NOT NULL DEFAULT '',
  from_user BIGINT NOT NULL DEFAULT 0,
  to_user BIGINT NOT NULL DEFAULT 0,
  from_team BIGINT NOT NULL DEFAULT 0,
  to_team BIGINT NOT NULL DEFAULT 0,
  pool_id BIGINT NOT NULL DEFAULT 0,
  reason VARCHAR(16) NOT NULL DEFAULT '',
  by_user BIGINT NOT NULL DEFAULT 0,
  why VARCHAR(32) NOT NULL DEFAULT '',
  note VARCHAR(255) NOT NULL DEFAULT '',
  quota_day VARCHAR(10) NOT NULL DEFAULT '',
  refund TINYINT(1) NOT NULL DEFAULT 0,
  uncounted TINYINT(1) NOT NULL DEFAULT 0,
  override_rule VARCHAR(16) NOT NULL DEFAULT '',
  rule_version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX crm_ownership_ledger_ref ON crm_ownership_ledger (ref, id);
CREATE INDEX crm_ownership_ledger_to ON crm_ownership_ledger (to_user, kind, reason, at_ms, quota_day);
CREATE INDEX crm_ownership_ledger_from ON crm_ownership_ledger (from_user, kind, reason, at_ms);

CREATE TABLE crm_claim_quota (
  user_id BIGINT NOT NULL DEFAULT 0,
  kind VARCHAR(1) NOT NULL DEFAULT '',
  taken BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
