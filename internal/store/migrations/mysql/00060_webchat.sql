-- +goose Up
CREATE TABLE crm_webchat_chats (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(100) NOT NULL DEFAULT '',
  members MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE crm_webchat_messages (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  chat VARCHAR(32) NOT NULL DEFAULT '',
  from_id BIGINT NOT NULL DEFAULT 0,
  body MEDIUMTEXT NOT NULL,
  card MEDIUMTEXT NOT NULL,
  file VARCHAR(255) NOT NULL DEFAULT '',
  data LONGBLOB NOT NULL,
  mkey VARCHAR(190) NULL,
  at_ms BIGINT NOT NULL DEFAULT 0,
  rev BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX crm_webchat_messages_key ON crm_webchat_messages (mkey);
CREATE INDEX crm_webchat_messages_chat ON crm_webchat_messages (chat, id);
