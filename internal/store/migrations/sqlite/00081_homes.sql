CREATE TABLE crm_homes (
  platform TEXT NOT NULL DEFAULT '',
  app TEXT NOT NULL DEFAULT '',
  home TEXT NOT NULL DEFAULT '',
  at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, app)
);
