package store

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

type dupKeyRow struct {
	Kind   string `gorm:"primaryKey"`
	DupKey string `gorm:"primaryKey"`
	Ref    string
}

func (dupKeyRow) TableName() string { return "crm_dup_keys" }

type dupGramRow struct {
	Gram   string `gorm:"primaryKey"`
	Ref    string `gorm:"primaryKey"`
	SizeNo int
	DupKey string
}

func (dupGramRow) TableName() string { return "crm_dup_grams" }

type searchTermRow struct {
	Term     string `gorm:"primaryKey"`
	Kind     string `gorm:"primaryKey"`
	RecordID int64  `gorm:"primaryKey;autoIncrement:false"`
}

func (searchTermRow) TableName() string { return "crm_search_terms" }

// FindKeys implements lead.Index.
func (d *DB) FindKeys(ctx context.Context, keys ...lead.Key) ([]lead.Key, error) {
	byKind := map[string][]string{}
	for _, k := range keys {
		byKind[string(k.Kind)] = append(byKind[string(k.Kind)], k.Value)
	}
	var out []lead.Key
	for _, kind := range sortedKeys(byKind) {
		for chunk := range slices.Chunk(byKind[kind], 500) {
			var rows []dupKeyRow
			if err := d.read(ctx).Where("kind = ? AND dup_key IN ?", kind, chunk).Find(&rows).Error; err != nil {
				return nil, err
			}
			for _, r := range rows {
				ref, err := crm.ParseRef(r.Ref)
				if err != nil {
					return nil, err
				}
				out = append(out, lead.Key{Kind: lead.KeyKind(r.Kind), Value: r.DupKey, Ref: ref})
			}
		}
	}
	return out, nil
}

// AddKeys implements lead.Index.
func (d *DB) AddKeys(ctx context.Context, keys ...lead.Key) error {
	if len(keys) == 0 {
		return nil
	}
	rows := make([]dupKeyRow, len(keys))
	for i, k := range keys {
		rows[i] = dupKeyRow{Kind: string(k.Kind), DupKey: k.Value, Ref: k.Ref.String()}
	}
	// One order for all transactions, so that two of them cannot wait for each other.
	slices.SortFunc(rows, func(a, b dupKeyRow) int {
		switch {
		case a.Kind+"\x00"+a.DupKey < b.Kind+"\x00"+b.DupKey:
			return -1
		case a.Kind+"\x00"+a.DupKey > b.Kind+"\x00"+b.DupKey:
			return 1
		}
		return 0
	})
	err := d.write(ctx).CreateInBatches(rows, 500).Error
	if duplicate(err) {
		return lead.ErrKeyTaken
	}
	return err
}

// FindGrams implements lead.Index.
func (d *DB) FindGrams(ctx context.Context, grams []string, minSize, maxSize, limit int) ([]lead.Gram, error) {
	var out []lead.Gram
	for chunk := range slices.Chunk(grams, 500) {
		var rows []dupGramRow
		if err := d.read(ctx).Where("gram IN ? AND size_no BETWEEN ? AND ?", chunk, minSize, maxSize).Limit(limit).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			ref, err := crm.ParseRef(r.Ref)
			if err != nil {
				return nil, err
			}
			out = append(out, lead.Gram{Gram: r.Gram, Size: r.SizeNo, Name: r.DupKey, Ref: ref})
		}
	}
	return out, nil
}

// AddGrams implements lead.Index.
func (d *DB) AddGrams(ctx context.Context, grams ...lead.Gram) error {
	if len(grams) == 0 {
		return nil
	}
	rows := make([]dupGramRow, len(grams))
	for i, g := range grams {
		rows[i] = dupGramRow{Gram: g.Gram, Ref: g.Ref.String(), SizeNo: g.Size, DupKey: g.Name}
	}
	return d.write(ctx).CreateInBatches(rows, 500).Error
}

// MoveKeys implements lead.Index.
func (d *DB) MoveKeys(ctx context.Context, from, to crm.Ref) error {
	// Both may have a pair: names that are alike share some.
	var shared []string
	if err := d.write(ctx).Model(&dupGramRow{}).Where("ref = ?", to.String()).Pluck("gram", &shared).Error; err != nil {
		return err
	}
	if len(shared) > 0 {
		if err := d.write(ctx).Where("ref = ? AND gram IN ?", from.String(), shared).Delete(&dupGramRow{}).Error; err != nil {
			return err
		}
	}
	for _, table := range []string{"crm_dup_keys", "crm_dup_grams"} {
		if err := d.write(ctx).Table(table).Where("ref = ?", from.String()).Updates(map[string]any{"ref": to.String()}).Error; err != nil {
			return err
		}
	}
	return nil
}

// DropKeys implements lead.Index.
func (d *DB) DropKeys(ctx context.Context, refs ...crm.Ref) error {
	codes := make([]string, len(refs))
	ids := map[string][]int64{}
	for i, r := range refs {
		codes[i] = r.String()
		ids[string(r.Kind)] = append(ids[string(r.Kind)], r.ID)
	}
	for chunk := range slices.Chunk(codes, 500) {
		if err := d.write(ctx).Where("ref IN ?", chunk).Delete(&dupKeyRow{}).Error; err != nil {
			return err
		}
		if err := d.write(ctx).Where("ref IN ?", chunk).Delete(&dupGramRow{}).Error; err != nil {
			return err
		}
	}
	for _, kind := range sortedKeys(ids) {
		for chunk := range slices.Chunk(ids[kind], 500) {
			if err := d.write(ctx).Where("kind = ? AND record_id IN ?", kind, chunk).Delete(&searchTermRow{}).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// AddTerms implements lead.Index.
func (d *DB) AddTerms(ctx context.Context, terms map[crm.Ref][]string) error {
	n := 0
	for _, ts := range terms {
		n += len(ts)
	}
	if n == 0 {
		return nil
	}
	rows := make([]searchTermRow, 0, n)
	for ref, ts := range terms {
		for _, t := range ts {
			rows = append(rows, searchTermRow{Term: t, Kind: string(ref.Kind), RecordID: ref.ID})
		}
	}
	slices.SortFunc(rows, func(a, b searchTermRow) int {
		switch {
		case a.Term < b.Term:
			return -1
		case a.Term > b.Term:
			return 1
		}
		return int(a.RecordID - b.RecordID)
	})
	// Plain SQL: an import writes more of these rows than of all others together.
	for chunk := range slices.Chunk(rows, 1000) {
		args := make([]any, 0, 3*len(chunk))
		for _, r := range chunk {
			args = append(args, r.Term, r.Kind, r.RecordID)
		}
		q := "INSERT INTO crm_search_terms (term, kind, record_id) VALUES (?,?,?)" + strings.Repeat(",(?,?,?)", len(chunk)-1)
		if err := d.write(ctx).Exec(q, args...).Error; err != nil {
			return err
		}
	}
	return nil
}
