CREATE TABLE crm_webchat_chats (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL DEFAULT '',
  members TEXT NOT NULL
);

CREATE TABLE crm_webchat_messages (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  chat TEXT NOT NULL DEFAULT '',
  from_id INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL,
  card TEXT NOT NULL,
  file TEXT NOT NULL DEFAULT '',
  data BLOB NOT NULL,
  mkey TEXT NULL,
  at_ms INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crm_webchat_messages_key ON crm_webchat_messages (mkey);
CREATE INDEX crm_webchat_messages_chat ON crm_webchat_messages (chat, id);
