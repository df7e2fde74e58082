package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"crmbot/bot"
	"crmbot/internal/crm"
)

// SentCard is a card that somebody sees and what it shows.
type SentCard struct {
	ID      int64
	Message bot.MessageRef
	View    crm.View
	// User is the person of the 1:1 chat; zero for a group.
	User  crm.UserID
	Group bool
	// Digest is a hash of what the card showed last, to skip updates without a change.
	Digest string
	// Rev is the newest outbox row that updated the card.
	Rev int64
	// About are the records that the card shows.
	About []crm.Ref
}

type sentRow struct {
	ID        int64
	Platform  string
	Chat      string
	MessageID string
	View      string
	Ref       string
	UserID    int64
	InGroup   bool
	Rev       int64
	Digest    string
	SentMs    int64
}

func (sentRow) TableName() string { return "crm_sent_cards" }

type sentRef struct {
	Ref    string `gorm:"primaryKey"`
	SentID int64  `gorm:"primaryKey"`
}

func (sentRef) TableName() string { return "crm_sent_refs" }

func (r sentRow) entity() SentCard {
	return SentCard{ID: r.ID, Message: bot.MessageRef{Platform: r.Platform, Chat: r.Chat, ID: r.MessageID}, View: crm.View{Name: r.View, Ref: r.Ref},
		User: crm.UserID(r.UserID), Group: r.InGroup, Digest: r.Digest, Rev: r.Rev}
}

// SaveSent remembers what a message shows, replacing what it showed before.
func (d *DB) SaveSent(ctx context.Context, c SentCard) error {
	return d.InTx(crm.WithEvent(ctx, crm.Event{}), func(ctx context.Context) error {
		now := ms(d.clock.Now())
		var rows []sentRow
		if err := d.write(ctx).Where("platform = ? AND message_id = ?", c.Message.Platform, c.Message.ID).Limit(1).Find(&rows).Error; err != nil {
			return err
		}
		row := sentRow{Platform: c.Message.Platform, Chat: c.Message.Chat, MessageID: c.Message.ID, View: c.View.Name, Ref: c.View.Ref,
			UserID: int64(c.User), InGroup: c.Group, Digest: c.Digest, Rev: c.Rev, SentMs: now}
		if len(rows) == 1 {
			row.ID, row.SentMs, row.Rev = rows[0].ID, rows[0].SentMs, max(c.Rev, rows[0].Rev)
			if row.UserID == 0 {
				row.UserID, row.InGroup = rows[0].UserID, rows[0].InGroup
			}
		}
		if err := d.write(ctx).Save(&row).Error; err != nil {
			return err
		}
		return d.linkSent(ctx, row.ID, c.About)
	})
}

func (d *DB) linkSent(ctx context.Context, id int64, about []crm.Ref) error {
	var have []sentRef
	if err := d.write(ctx).Where("sent_id = ?", id).Find(&have).Error; err != nil {
		return err
	}
	old := map[string]bool{}
	for _, h := range have {
		old[h.Ref] = true
	}
	want := map[string]bool{}
	var add []sentRef
	for _, r := range about {
		s := r.String()
		if s != "" && !want[s] && !old[s] {
			add = append(add, sentRef{Ref: s, SentID: id})
		}
		want[s] = true
	}
	for _, h := range have {
		if !want[h.Ref] {
			if err := d.write(ctx).Where("sent_id = ? AND ref = ?", id, h.Ref).Delete(&sentRef{}).Error; err != nil {
				return err
			}
		}
	}
	if len(add) == 0 {
		return nil
	}
	return d.write(ctx).CreateInBatches(add, 100).Error
}

// SentAbout are the cards sent since then that show the record, newest first,
// at most n.
func (d *DB) SentAbout(ctx context.Context, ref string, since time.Time, n int) ([]SentCard, error) {
	var rows []sentRow
	err := d.read(ctx).Where("id IN (?)", d.read(ctx).Model(&sentRef{}).Select("sent_id").Where("ref = ?", ref)).
		Where("sent_ms >= ?", ms(since)).Order("id DESC").Limit(n).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]SentCard, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// SentMessage is what a message shows; ok is false for a message without a view.
func (d *DB) SentMessage(ctx context.Context, m bot.MessageRef) (SentCard, bool, error) {
	var rows []sentRow
	if err := d.read(ctx).Where("platform = ? AND message_id = ?", m.Platform, m.ID).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return SentCard{}, false, err
	}
	return rows[0].entity(), true, nil
}

// ForgetSent drops a card that can no longer be updated.
func (d *DB) ForgetSent(ctx context.Context, id int64) error {
	return d.InTx(crm.WithEvent(ctx, crm.Event{}), func(ctx context.Context) error {
		if err := d.write(ctx).Where("sent_id = ?", id).Delete(&sentRef{}).Error; err != nil {
			return err
		}
		return d.write(ctx).Where("id = ?", id).Delete(&sentRow{}).Error
	})
}

func gormInc(col string) any { return gorm.Expr(col + " + 1") }

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n])
	}
	return s
}

// ClaimSent records that the outbox row rev updates the card; false when a
// newer one did already.
func (d *DB) ClaimSent(ctx context.Context, id, rev int64) (bool, error) {
	res := d.write(ctx).Model(&sentRow{}).Where("id = ? AND rev <= ?", id, rev).Update("rev", rev)
	return res.RowsAffected > 0, res.Error
}
