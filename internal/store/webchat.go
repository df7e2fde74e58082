package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

type webchatRow struct {
	ID      int64
	Title   string
	Members string
}

func (webchatRow) TableName() string { return "crm_webchat_chats" }

type webMessageRow struct {
	ID     int64
	Chat   string
	FromID int64
	Body   string
	Card   string
	File   string
	Data   []byte
	Mkey   *string // NULL for people's messages: the unique index allows many
	AtMs   int64
	Rev    int64
}

func (webMessageRow) TableName() string { return "crm_webchat_messages" }

const webMessageCols = "id, chat, from_id, body, card, file, mkey, at_ms, rev"

func (r webMessageRow) entity() (webchat.Message, error) {
	m := webchat.Message{ID: r.ID, Chat: r.Chat, From: crm.UserID(r.FromID), Text: r.Body, File: r.File, At: at(r.AtMs), Rev: r.Rev}
	if r.Mkey != nil {
		m.Key = *r.Mkey
	}
	if r.Card != "" {
		m.Card = &card.Card{}
		if err := json.Unmarshal([]byte(r.Card), m.Card); err != nil {
			return m, fmt.Errorf("stored card of message %d: %w", r.ID, err)
		}
	}
	return m, nil
}

// Webchat gives the store of the browser chat.
func (d *DB) Webchat() WebchatStore { return WebchatStore{d} }

// WebchatStore implements webchat.Store.
type WebchatStore struct{ d *DB }

// SaveChat implements webchat.Store.
func (s WebchatStore) SaveChat(ctx context.Context, c *webchat.Chat) error {
	ids := make([]string, len(c.Members))
	for i, m := range c.Members {
		ids[i] = strconv.FormatInt(int64(m), 10)
	}
	r := webchatRow{Title: c.Title, Members: strings.Join(ids, ",")}
	if c.ID != "" {
		n, err := strconv.ParseInt(strings.TrimPrefix(c.ID, "g"), 10, 64)
		if err != nil {
			return fmt.Errorf("chat id %q: %w", c.ID, err)
		}
		r.ID = n
	}
	if err := s.d.write(ctx).Save(&r).Error; err != nil {
		return err
	}
	c.ID = "g" + strconv.FormatInt(r.ID, 10)
	return nil
}

// Chats implements webchat.Store.
func (s WebchatStore) Chats(ctx context.Context) ([]webchat.Chat, error) {
	var rows []webchatRow
	if err := s.d.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	var out []webchat.Chat
	for _, r := range rows {
		c := webchat.Chat{ID: "g" + strconv.FormatInt(r.ID, 10), Title: r.Title}
		for _, m := range strings.Split(r.Members, ",") {
			if n, err := strconv.ParseInt(m, 10, 64); err == nil {
				c.Members = append(c.Members, crm.UserID(n))
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// AddMessage implements webchat.Store.
func (s WebchatStore) AddMessage(ctx context.Context, m *webchat.Message, file []byte) (bool, error) {
	r := webMessageRow{Chat: m.Chat, FromID: int64(m.From), Body: m.Text, File: m.File, Data: file, AtMs: ms(m.At)}
	if r.Data == nil {
		r.Data = []byte{}
	}
	if m.Key != "" {
		r.Mkey = &m.Key
	}
	if m.Card != nil {
		raw, err := json.Marshal(m.Card)
		if err != nil {
			return false, err
		}
		r.Card = string(raw)
	}
	err := s.d.write(ctx).Create(&r).Error
	if duplicate(err) && m.Key != "" {
		var have []webMessageRow
		if err := s.d.write(ctx).Select("id").Where("mkey = ?", m.Key).Limit(1).Find(&have).Error; err != nil || len(have) == 0 {
			return false, err
		}
		m.ID = have[0].ID
		return false, nil
	}
	m.ID = r.ID
	return err == nil, err
}

// UpdateMessage implements webchat.Store.
func (s WebchatStore) UpdateMessage(ctx context.Context, id int64, c card.Card) (webchat.Message, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return webchat.Message{}, err
	}
	res := s.d.write(ctx).Model(&webMessageRow{}).Where("id = ?", id).Updates(map[string]any{"card": string(raw), "rev": gormInc("rev")})
	if res.Error != nil {
		return webchat.Message{}, res.Error
	}
	if res.RowsAffected == 0 {
		return webchat.Message{}, fmt.Errorf("%w: message %d is gone", bot.ErrPermanent, id)
	}
	return s.Message(ctx, id)
}

// Message implements webchat.Store.
func (s WebchatStore) Message(ctx context.Context, id int64) (webchat.Message, error) {
	var rows []webMessageRow
	if err := s.d.read(ctx).Select(webMessageCols).Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return webchat.Message{}, err
	}
	if len(rows) == 0 {
		return webchat.Message{}, crm.NotFound("这条消息不存在", "there is no such message")
	}
	return rows[0].entity()
}

// Messages implements webchat.Store.
func (s WebchatStore) Messages(ctx context.Context, chat string, before int64, n int) ([]webchat.Message, error) {
	q := s.d.read(ctx).Select(webMessageCols).Where("chat = ?", chat)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []webMessageRow
	if err := q.Order("id DESC").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	out := make([]webchat.Message, 0, len(rows))
	for _, r := range rows {
		m, err := r.entity()
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// FileOf implements webchat.Store.
func (s WebchatStore) FileOf(ctx context.Context, id int64) (string, []byte, error) {
	var rows []webMessageRow
	if err := s.d.read(ctx).Select("file", "data").Where("id = ? AND file <> ''", id).Limit(1).Find(&rows).Error; err != nil {
		return "", nil, err
	}
	if len(rows) == 0 {
		return "", nil, crm.NotFound("这个文件不存在", "there is no such file")
	}
	return rows[0].File, rows[0].Data, nil
}
