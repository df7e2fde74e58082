package store

import (
	"context"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/intake"
)

type intakeSourceRow struct {
	ID                            int64
	Name, Channel, Campaign, Mode string
	Origins                       string // one a line
	PerMinute                     int
	Enabled, Revoked              bool
	KeyHash                       string
	KeyVersion                    int
	CreatedBy                     int64
	CreatedMs, UpdatedMs, Version int64
}

func (intakeSourceRow) TableName() string { return "crm_intake_sources" }

func intakeSourceRowOf(s intake.Source) intakeSourceRow {
	return intakeSourceRow{ID: int64(s.ID), Name: s.Name, Channel: s.Channel, Campaign: s.Campaign, Mode: string(s.Mode), Origins: strings.Join(s.Origins, "\n"), PerMinute: s.PerMinute,
		Enabled: s.Enabled, Revoked: s.Revoked, KeyHash: s.KeyHash, KeyVersion: s.KeyVersion, CreatedBy: int64(s.CreatedBy), CreatedMs: ms(s.CreatedAt), UpdatedMs: ms(s.UpdatedAt), Version: s.Version}
}

func (r intakeSourceRow) entity() intake.Source {
	return intake.Source{ID: intake.SourceID(r.ID), Draft: intake.Draft{Name: r.Name, Channel: r.Channel, Campaign: r.Campaign, Mode: intake.Mode(r.Mode), Origins: strings.Fields(r.Origins), PerMinute: r.PerMinute},
		Enabled: r.Enabled, Revoked: r.Revoked, KeyHash: r.KeyHash, KeyVersion: r.KeyVersion, CreatedBy: crm.UserID(r.CreatedBy), CreatedAt: at(r.CreatedMs), UpdatedAt: at(r.UpdatedMs), Version: r.Version}
}

type intakeTokenRow struct {
	SourceID      int64  `gorm:"primaryKey;autoIncrement:false"`
	Token         string `gorm:"primaryKey"`
	Body, Receipt string
	AtMs          int64
}

func (intakeTokenRow) TableName() string { return "crm_intake_tokens" }

type inquiryRow struct {
	ID                                               int64
	Receipt                                          string
	SourceID                                         int64
	Channel, Campaign                                string
	Ref                                              string
	Fresh                                            bool
	Company, Contact, Phone, Email, City, Need, Note string
	AtMs                                             int64
}

func (inquiryRow) TableName() string { return "crm_inquiries" }

// Sources implements intake.Store.
func (d *DB) Sources(ctx context.Context) ([]intake.Source, error) {
	var rows []intakeSourceRow
	if err := d.read(ctx).Where("revoked = ?", false).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]intake.Source, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// Source implements intake.Store.
func (d *DB) Source(ctx context.Context, id intake.SourceID) (intake.Source, error) {
	var rows []intakeSourceRow
	if err := d.read(ctx).Where("id = ?", int64(id)).Limit(1).Find(&rows).Error; err != nil {
		return intake.Source{}, err
	}
	if len(rows) == 0 {
		return intake.Source{}, crm.NotFound("没有这个来源", "there is no such source").WithNext("发送 /来源 查看全部", "send /sources for all")
	}
	return rows[0].entity(), nil
}

// AddSource implements intake.Store.
func (d *DB) AddSource(ctx context.Context, s *intake.Source) error {
	row := intakeSourceRowOf(*s)
	err := d.write(ctx).Create(&row).Error
	s.ID = intake.SourceID(row.ID)
	return err
}

// SaveSource implements intake.Store.
func (d *DB) SaveSource(ctx context.Context, s intake.Source) (bool, error) {
	r := intakeSourceRowOf(s)
	res := d.write(ctx).Model(&intakeSourceRow{}).Where("id = ? AND version = ?", r.ID, r.Version-1).Updates(map[string]any{"name": r.Name, "channel": r.Channel, "campaign": r.Campaign,
		"origins": r.Origins, "per_minute": r.PerMinute, "enabled": r.Enabled, "revoked": r.Revoked, "key_hash": r.KeyHash, "key_version": r.KeyVersion, "updated_ms": r.UpdatedMs, "version": r.Version})
	return res.RowsAffected == 1, res.Error
}

// Token implements intake.Store.
func (d *DB) Token(ctx context.Context, source intake.SourceID, hash string) (intake.Token, bool, error) {
	var rows []intakeTokenRow
	if err := d.read(ctx).Where("source_id = ? AND token = ?", int64(source), hash).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return intake.Token{}, false, err
	}
	return intake.Token{Source: source, Hash: hash, Body: rows[0].Body, Receipt: rows[0].Receipt, At: at(rows[0].AtMs)}, true, nil
}

// AddToken implements intake.Store.
func (d *DB) AddToken(ctx context.Context, t intake.Token) (bool, error) {
	err := d.write(ctx).Create(&intakeTokenRow{SourceID: int64(t.Source), Token: t.Hash, Body: t.Body, Receipt: t.Receipt, AtMs: ms(t.At)}).Error
	if duplicate(err) {
		return false, nil
	}
	return err == nil, err
}

// DropToken implements intake.Store.
func (d *DB) DropToken(ctx context.Context, source intake.SourceID, hash string) error {
	return d.write(ctx).Where("source_id = ? AND token = ?", int64(source), hash).Delete(&intakeTokenRow{}).Error
}

// AddInquiry implements intake.Store.
func (d *DB) AddInquiry(ctx context.Context, q *intake.Inquiry) error {
	row := inquiryRow{Receipt: q.Receipt, SourceID: int64(q.Source), Channel: q.Channel, Campaign: q.Campaign, Ref: q.Record.String(), Fresh: q.Fresh,
		Company: q.Company, Contact: q.Contact, Phone: q.Phone, Email: q.Email, City: q.City, Need: q.Need, Note: q.Note, AtMs: ms(q.At)}
	err := d.write(ctx).Create(&row).Error
	q.ID = row.ID
	return err
}

// Inquiry implements intake.Store.
func (d *DB) Inquiry(ctx context.Context, receipt string) (intake.Inquiry, error) {
	var rows []inquiryRow
	if err := d.read(ctx).Where("receipt = ?", receipt).Limit(1).Find(&rows).Error; err != nil {
		return intake.Inquiry{}, err
	}
	if len(rows) == 0 {
		return intake.Inquiry{}, crm.NotFound("没有这条询盘", "there is no such inquiry")
	}
	r := rows[0]
	ref, err := crm.ParseRef(r.Ref)
	return intake.Inquiry{ID: r.ID, Receipt: r.Receipt, Source: intake.SourceID(r.SourceID), Channel: r.Channel, Campaign: r.Campaign, Record: ref, Fresh: r.Fresh,
		Company: r.Company, Contact: r.Contact, Phone: r.Phone, Email: r.Email, City: r.City, Need: r.Need, Note: r.Note, At: at(r.AtMs)}, err
}

// CountInquiries implements intake.Store.
func (d *DB) CountInquiries(ctx context.Context, since time.Time) (map[intake.SourceID]intake.Count, error) {
	var rows []struct {
		SourceID int64
		Fresh    bool
		N        int
	}
	if err := d.read(ctx).Model(&inquiryRow{}).Where("at_ms >= ?", ms(since)).Select("source_id, fresh, COUNT(*) AS n").Group("source_id, fresh").Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := map[intake.SourceID]intake.Count{}
	for _, r := range rows {
		c := out[intake.SourceID(r.SourceID)]
		c.Taken += r.N
		if r.Fresh {
			c.Fresh += r.N
		}
		out[intake.SourceID(r.SourceID)] = c
	}
	return out, nil
}
