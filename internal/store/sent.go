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
	// Digest is a hash of what the card shows, to skip updates without a change;
	// empty while somebody updates it.
	Digest string
	// Rev counts the updates; see ClaimSent.
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

// SaveSent remembers what a message shows, replacing what it showed before. An
// update of the card that is under way is told by the changed Rev.
func (d *DB) SaveSent(ctx context.Context, c SentCard) error {
	_, err := d.PutSent(ctx, c)
	return err
}

// PutSent is SaveSent and returns what was stored.
func (d *DB) PutSent(ctx context.Context, c SentCard) (SentCard, error) {
	out, err := d.putSent(ctx, c)
	if duplicate(err) { // somebody else stored the same message first
		out, err = d.putSent(ctx, c)
	}
	return out, err
}

func (d *DB) putSent(ctx context.Context, c SentCard) (SentCard, error) {
	err := d.InTx(plumbing(ctx), func(ctx context.Context) error {
		now := ms(d.clock.Now())
		var rows []sentRow
		if err := d.write(ctx).Where("platform = ? AND message_id = ?", c.Message.Platform, c.Message.ID).Limit(1).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			row := sentRow{Platform: c.Message.Platform, Chat: c.Message.Chat, MessageID: c.Message.ID, View: c.View.Name, Ref: c.View.Ref,
				UserID: int64(c.User), InGroup: c.Group, Digest: c.Digest, Rev: 1, SentMs: now}
			if err := d.write(ctx).Create(&row).Error; err != nil {
				return err
			}
			c.ID, c.Rev = row.ID, row.Rev
			return d.linkSent(ctx, c.ID, c.About)
		}
		// The number grows in the statement itself: a claim may come in between.
		set := map[string]any{"chat": c.Message.Chat, "view": c.View.Name, "ref": c.View.Ref, "digest": c.Digest, "rev": gormInc("rev")}
		if c.User != 0 {
			set["user_id"], set["in_group"] = int64(c.User), c.Group
		}
		var row sentRow
		if err := d.write(ctx).Model(&sentRow{}).Where("id = ?", rows[0].ID).Updates(set).Error; err != nil {
			return err
		}
		if err := d.write(ctx).Where("id = ?", rows[0].ID).Take(&row).Error; err != nil {
			return err
		}
		c.ID, c.Rev, c.User, c.Group = row.ID, row.Rev, crm.UserID(row.UserID), row.InGroup
		return d.linkSent(ctx, c.ID, c.About)
	})
	return c, err
}

// plumbing is a context for bookkeeping beside an event: it claims no event and
// may write for somebody who may not act.
func plumbing(ctx context.Context) context.Context {
	return crm.WithReadOnly(crm.WithEvent(ctx, crm.Event{}), nil)
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
	return d.InTx(plumbing(ctx), func(ctx context.Context) error {
		if err := d.write(ctx).Where("sent_id = ?", id).Delete(&sentRef{}).Error; err != nil {
			return err
		}
		return d.write(ctx).Where("id = ?", id).Delete(&sentRow{}).Error
	})
}

// RefreshLater queues an update of the cards about the records, beside an event.
func (d *DB) RefreshLater(ctx context.Context, about ...crm.Ref) error {
	return d.InTx(plumbing(ctx), func(ctx context.Context) error { return d.Effects().Refresh(ctx, about...) })
}

func gormInc(col string) any { return gorm.Expr(col + " + 1") }

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n])
	}
	return s
}

// ClaimSent claims a card for an update: the card's Rev must still be rev, and
// becomes rev+1. Whoever claims renders afterwards, updates the message and then
// calls FinishSent. If somebody else claimed meanwhile, that fails, and the
// update must be done again from the start: the two may have reached the
// platform in either order. The last update is thus always one that was
// rendered after all claims, and shows the newest state.
func (d *DB) ClaimSent(ctx context.Context, id, rev int64) (bool, error) {
	res := d.write(ctx).Model(&sentRow{}).Where("id = ? AND rev = ?", id, rev).Updates(map[string]any{"rev": rev + 1, "digest": ""})
	return res.RowsAffected > 0, res.Error
}

// FinishSent stores what a claimed card shows now; false when somebody else
// claimed it after rev.
func (d *DB) FinishSent(ctx context.Context, id, rev int64, digest string, about []crm.Ref) (bool, error) {
	ok := false
	err := d.InTx(plumbing(ctx), func(ctx context.Context) error {
		res := d.write(ctx).Model(&sentRow{}).Where("id = ? AND rev = ?", id, rev).Update("digest", digest)
		if ok = res.RowsAffected > 0; res.Error != nil || !ok {
			return res.Error
		}
		return d.linkSent(ctx, id, about)
	})
	return ok, err
}

// RestoreSent ends a claim without an update: the card shows what it did.
func (d *DB) RestoreSent(ctx context.Context, id, rev int64, digest string) error {
	return d.write(ctx).Model(&sentRow{}).Where("id = ? AND rev = ?", id, rev).Update("digest", digest).Error
}
