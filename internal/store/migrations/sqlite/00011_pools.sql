CREATE TABLE crm_pools (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  sort_no INTEGER NOT NULL DEFAULT 0,
  users TEXT NOT NULL,
  teams TEXT NOT NULL,
  regions TEXT NOT NULL,
  daily INTEGER NOT NULL DEFAULT 0,
  offday INTEGER NOT NULL DEFAULT 0,
  hidden TEXT NOT NULL DEFAULT '',
  retired INTEGER NOT NULL DEFAULT 0
);
INSERT INTO crm_pools (id, name, kind, sort_no, users, teams, regions, daily, offday, hidden, retired) VALUES (1, '', 'L', 1000, '', '', '', 0, 0, '', 0), (2, '', 'A', 1000, '', '', '', 0, 0, '', 0);

CREATE TABLE crm_ownership_ledger (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL DEFAULT 0,
  ref TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  from_user INTEGER NOT NULL DEFAULT 0,
  to_user INTEGER NOT NULL DEFAULT 0,
  from_team INTEGER NOT NULL DEFAULT 0,
  to_team INTEGER NOT NULL DEFAULT 0,
  pool_id INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  by_user INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  quota_day TEXT NOT NULL DEFAULT '',
  refund INTEGER NOT NULL DEFAULT 0,
  uncounted INTEGER NOT NULL DEFAULT 0,
  override_rule TEXT NOT NULL DEFAULT '',
  rule_version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crm_ownership_ledger_ref ON crm_ownership_ledger (ref, id);
CREATE INDEX crm_ownership_ledger_to ON crm_ownership_ledger (to_user, kind, reason, at_ms, quota_day);
CREATE INDEX crm_ownership_ledger_from ON crm_ownership_ledger (from_user, kind, reason, at_ms);

CREATE TABLE crm_claim_quota (
  user_id INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  taken INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, kind)
);
