package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/importer"
)

// filePart is how many bytes of a file go into one row, so that no statement
// outgrows the smallest packet that servers accept by default.
const filePart = 512 << 10

type importRow struct {
	ID         int64
	Kind       string
	State      string
	AuthorID   int64
	FileName   string
	FileSize   int64
	RowCount   int
	NewRows    int
	UpdateRows int
	SameRows   int
	BadRows    int
	LastLine   int
	TakenRows  int
	KeptRows   int
	Detail     string
	CreatedMs  int64
	DoneMs     int64
	UntilMs    int64
	UpdatedMs  int64
	Version    int64
}

func (importRow) TableName() string { return "crm_imports" }

type importFileRow struct {
	ImportID int64 `gorm:"primaryKey;autoIncrement:false"`
	Part     int   `gorm:"primaryKey;autoIncrement:false"`
	Data     []byte
}

func (importFileRow) TableName() string { return "crm_import_files" }

type importRowRow struct {
	ImportID   int64 `gorm:"primaryKey;autoIncrement:false"`
	Line       int   `gorm:"primaryKey;autoIncrement:false"`
	Outcome    string
	RefKind    string
	RefID      int64
	RefVersion int64
	BeforeJSON string
}

func (importRowRow) TableName() string { return "crm_import_rows" }

type importMappingRow struct {
	Fingerprint string `gorm:"primaryKey"`
	Mapping     string
	UserID      int64
	UpdatedMs   int64
}

func (importMappingRow) TableName() string { return "crm_import_mappings" }

// importDetail is what nobody searches by.
type importDetail struct {
	Format     string             `json:"format"`
	Header     []string           `json:"header"`
	Sample     [][]string         `json:"sample,omitempty"`
	Mapping    importer.Mapping   `json:"mapping"`
	Remembered bool               `json:"remembered,omitempty"`
	Problems   []importer.Problem `json:"problems,omitempty"`
	Alike      []importer.Twin    `json:"alike,omitempty"`
	Known      []importer.Twin    `json:"known,omitempty"`
}

func importRowOf(j importer.Job) (importRow, error) {
	detail, err := json.Marshal(importDetail{j.Format, j.Header, j.Sample, j.Mapping, j.Remembered, j.Problems, j.Alike, j.Known})
	if err != nil {
		return importRow{}, fmt.Errorf("encode import: %w", err)
	}
	return importRow{ID: int64(j.ID), Kind: string(j.Mapping.Kind), State: string(j.State), AuthorID: int64(j.Author), FileName: j.File, FileSize: j.Size, RowCount: j.Rows,
		NewRows: j.Counts.New, UpdateRows: j.Counts.Update, SameRows: j.Counts.Same, BadRows: j.Counts.Bad, LastLine: j.Line, TakenRows: j.Taken, KeptRows: j.Kept, Detail: string(detail),
		CreatedMs: ms(j.CreatedAt), DoneMs: ms(j.DoneAt), UntilMs: ms(j.Until), UpdatedMs: ms(j.UpdatedAt), Version: j.Version}, nil
}

func (r importRow) entity() (importer.Job, error) {
	var d importDetail
	if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
		return importer.Job{}, fmt.Errorf("decode import %d: %w", r.ID, err)
	}
	return importer.Job{ID: crm.ImportID(r.ID), Author: crm.UserID(r.AuthorID), File: r.FileName, Size: r.FileSize, Format: d.Format, Header: d.Header, Sample: d.Sample, Rows: r.RowCount,
		Mapping: d.Mapping, Remembered: d.Remembered, Problems: d.Problems, Alike: d.Alike, Known: d.Known, State: importer.State(r.State), Counts: importer.Counts{New: r.NewRows, Update: r.UpdateRows, Same: r.SameRows, Bad: r.BadRows},
		Line: r.LastLine, Taken: r.TakenRows, Kept: r.KeptRows, CreatedAt: at(r.CreatedMs), DoneAt: at(r.DoneMs), Until: at(r.UntilMs), UpdatedAt: at(r.UpdatedMs), Version: r.Version}, nil
}

// AddImport implements importer.Store.
func (d *DB) AddImport(ctx context.Context, j *importer.Job, data []byte) error {
	j.Version = 1
	r, err := importRowOf(*j)
	if err != nil {
		return err
	}
	if err := d.write(ctx).Create(&r).Error; err != nil {
		return err
	}
	j.ID = crm.ImportID(r.ID)
	for part := 0; len(data) > 0; part++ {
		n := min(len(data), filePart)
		if err := d.write(ctx).Create(&importFileRow{ImportID: r.ID, Part: part, Data: data[:n]}).Error; err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Import implements importer.Store.
func (d *DB) Import(ctx context.Context, id crm.ImportID) (importer.Job, error) {
	var r importRow
	err := d.read(ctx).Take(&r, "id = ?", int64(id)).Error
	if missing(err) {
		return importer.Job{}, crm.NotFound("没有导入 "+id.String(), "there is no import "+id.String()).WithNext("请核对编号，或重新发送文件", "check the number, or send the file again")
	}
	if err != nil {
		return importer.Job{}, err
	}
	return r.entity()
}

// ImportFile implements importer.Store.
func (d *DB) ImportFile(ctx context.Context, id crm.ImportID) ([]byte, error) {
	var out []byte
	for part := 0; ; part++ {
		var rows []importFileRow
		if err := d.read(ctx).Where("import_id = ? AND part = ?", int64(id), part).Limit(1).Find(&rows).Error; err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		out = append(out, rows[0].Data...)
	}
	if len(out) == 0 {
		return nil, crm.NotFound("导入 "+id.String()+" 的文件已删除", "the file of import "+id.String()+" was removed")
	}
	return out, nil
}

// UpdateImport implements importer.Store.
func (d *DB) UpdateImport(ctx context.Context, j *importer.Job) error {
	r, err := importRowOf(*j)
	if err != nil {
		return err
	}
	r.Version++
	res := d.write(ctx).Model(&importRow{}).Select("*").Omit("id").Where("id = ? AND version = ?", r.ID, j.Version).Updates(&r)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("CH-05", "导入 "+j.ID.String()+" 已有更新", "import "+j.ID.String()+" has changed since").WithNext("请看最新的卡片", "please look at its newest card")
	}
	j.Version = r.Version
	return nil
}

// AddImportRows implements importer.Store.
func (d *DB) AddImportRows(ctx context.Context, id crm.ImportID, list []importer.RowRecord) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]importRowRow, len(list))
	for i, x := range list {
		rows[i] = importRowRow{ImportID: int64(id), Line: x.Line, Outcome: string(x.Outcome), RefKind: string(x.Ref.Kind), RefID: x.Ref.ID, RefVersion: x.Version, BeforeJSON: x.Before}
	}
	return d.write(ctx).CreateInBatches(rows, 200).Error
}

// ImportRows implements importer.Store.
func (d *DB) ImportRows(ctx context.Context, id crm.ImportID, n int) ([]importer.RowRecord, error) {
	var rows []importRowRow
	if err := d.read(ctx).Where("import_id = ?", int64(id)).Order("line DESC").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]importer.RowRecord, len(rows))
	for i, r := range rows {
		out[i] = importer.RowRecord{Line: r.Line, Result: bulk.Result{Outcome: bulk.Outcome(r.Outcome), Ref: crm.Ref{Kind: crm.Kind(r.RefKind), ID: r.RefID}, Version: r.RefVersion, Before: r.BeforeJSON}}
	}
	return out, nil
}

// DropImportRows implements importer.Store.
func (d *DB) DropImportRows(ctx context.Context, id crm.ImportID, lines []int) error {
	return d.write(ctx).Where("import_id = ? AND line IN ?", int64(id), lines).Delete(&importRowRow{}).Error
}

// RememberMapping implements importer.Store.
func (d *DB) RememberMapping(ctx context.Context, fingerprint string, m importer.Mapping, by crm.UserID) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode mapping: %w", err)
	}
	set := map[string]any{"mapping": string(raw), "user_id": int64(by), "updated_ms": ms(d.clock.Now())}
	res := d.write(ctx).Model(&importMappingRow{}).Where("fingerprint = ?", fingerprint).Updates(set)
	if res.Error != nil || res.RowsAffected > 0 {
		return res.Error
	}
	err = d.write(ctx).Create(&importMappingRow{Fingerprint: fingerprint, Mapping: string(raw), UserID: int64(by), UpdatedMs: ms(d.clock.Now())}).Error
	if duplicate(err) {
		return nil // somebody chose for the same form at the same moment
	}
	return err
}

// RememberedMapping implements importer.Store.
func (d *DB) RememberedMapping(ctx context.Context, fingerprint string) (importer.Mapping, bool, error) {
	var rows []importMappingRow
	if err := d.read(ctx).Where("fingerprint = ?", fingerprint).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return importer.Mapping{}, false, err
	}
	var m importer.Mapping
	if err := json.Unmarshal([]byte(rows[0].Mapping), &m); err != nil {
		return importer.Mapping{}, false, nil // of an older program: chosen anew
	}
	return m, true, nil
}

// DropImportFiles implements importer.Store.
func (d *DB) DropImportFiles(ctx context.Context, before time.Time) (int64, error) {
	res := d.write(ctx).Where("import_id IN (SELECT id FROM crm_imports WHERE created_ms < ?)", ms(before)).Delete(&importFileRow{})
	return res.RowsAffected, res.Error
}
