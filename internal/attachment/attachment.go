// Package attachment keeps the pictures, documents and forwarded texts that
// belong to a lead or an account: a business card, a message, a brochure.
package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// File is one attachment without its bytes.
type File struct {
	ID int64
	// Ref is the record; zero while it is only kept for whoever sent it.
	Ref  crm.Ref
	Name string
	Mime string
	Size int64
	Hash string
	User crm.UserID
	At   time.Time
}

// Store keeps attachments.
type Store interface {
	// AddRecordFile stores a file and sets its id.
	AddRecordFile(ctx context.Context, f *File, data []byte) error
	// RecordFile finds one; crm.CodeNotFound when there is none.
	RecordFile(ctx context.Context, id int64) (File, error)
	// RecordFileData is the content; nil when it is gone.
	RecordFileData(ctx context.Context, id int64) ([]byte, error)
	// RecordFiles are the files of a record, oldest first, at most n.
	RecordFiles(ctx context.Context, ref crm.Ref, n int) ([]File, error)
	// CountRecordFiles counts them.
	CountRecordFiles(ctx context.Context, ref crm.Ref) (int, error)
	// TieRecordFile gives a file without a record to one, and reports whether it
	// had none.
	TieRecordFile(ctx context.Context, id int64, ref crm.Ref) (bool, error)
	// PruneRecordFiles removes files without a record from before the moment, at
	// most n, and returns how many.
	PruneRecordFiles(ctx context.Context, before time.Time, n int) (int, error)
}

// Rights tells whether the actor may read a record in full, and the record that
// its code means now.
type Rights func(ctx context.Context, a crm.Actor, ref crm.Ref) (now crm.Ref, full bool, err error)

// Deps are what the service works with.
type Deps struct {
	Store   Store
	Tx      crm.Transactor
	Effects crm.Effects
	Clock   crm.Clock
	Rules   *rule.Book
	Rights  Rights
}

// Service is what can be done with attachments. Safe for concurrent use.
type Service struct{ d Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

var (
	maxMB   = rule.Int{Key: "attachment.max_mb", Title: crm.Text{Zh: "附件最大大小", En: "largest attachment"}, Unit: crm.Text{Zh: "MB", En: "MB"}, Default: 10, Min: 1, Max: 15}
	maxEach = rule.Int{Key: "attachment.per_record", Title: crm.Text{Zh: "每条记录的附件数上限", En: "attachments of one record"}, Unit: crm.Text{Zh: "个", En: "files"}, Default: 20, Min: 1, Max: 200}
	keepFor = rule.Int{Key: "attachment.keep_hours", Title: crm.Text{Zh: "未归属附件的保留时间", En: "how long a file without a record is kept"}, Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 24, Min: 1, Max: 720}
)

// Settings are the definitions for the book of rules.
func Settings() []rule.Def { return []rule.Def{maxMB.Def(), maxEach.Def(), keepFor.Def()} }

// MimeOf is what the bytes are, by their content; empty for what is not taken:
// pictures, PDF and plain text are.
func MimeOf(data []byte) string {
	switch m, _, _ := strings.Cut(http.DetectContentType(data), ";"); m {
	case "image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "text/plain":
		return m
	}
	// HEIC, as phones write it, has no entry in the standard table.
	if len(data) > 12 && bytes.Equal(data[4:8], []byte("ftyp")) && (bytes.HasPrefix(data[8:], []byte("heic")) || bytes.HasPrefix(data[8:], []byte("mif1"))) {
		return "image/heic"
	}
	return ""
}

const maxName = 100

// endings are how files of a kind may be called, the usual one first.
var endings = map[string][]string{"image/jpeg": {".jpg", ".jpeg"}, "image/png": {".png"}, "image/gif": {".gif"}, "image/webp": {".webp"}, "image/heic": {".heic", ".heif"}, "application/pdf": {".pdf"}, "text/plain": {".txt"}}

// named is the name of a file with an ending that fits what it is: others are
// sent it, and nobody must get a page or a program to open that was taken as a
// picture.
func named(name, mime string) string {
	name = crm.Normalize(name)
	if name == "" {
		name = "file"
	}
	fit := endings[mime]
	if !slices.Contains(fit, strings.ToLower(path.Ext(name))) {
		name += fit[0]
	}
	r := []rune(name)
	return string(r[max(0, len(r)-maxName):]) // the end has the kind of file
}

func mayAct(a crm.Actor) error {
	if a.Frozen {
		return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	return nil
}

// Keep stores a file for whoever sent it, until they say where it belongs.
func (s *Service) Keep(ctx context.Context, a crm.Actor, name string, data []byte) (File, error) {
	if err := mayAct(a); err != nil {
		return File{}, err
	}
	mime := MimeOf(data)
	if mime == "" || len(data) == 0 {
		return File{}, crm.Invalid("附件只支持图片、PDF 和文字", "attachments are pictures, PDF files and text")
	}
	most := maxMB.Of(ctx, s.d.Rules)
	if int64(len(data)) > most<<20 {
		return File{}, crm.Invalid(fmt.Sprintf("附件最大 %d MB，收到 %.1f MB", most, float64(len(data))/(1<<20)), fmt.Sprintf("an attachment has at most %d MB; this one has %.1f MB", most, float64(len(data))/(1<<20))).WithNext("请压缩后再发", "please send a smaller one")
	}
	sum := sha256.Sum256(data)
	f := File{Name: named(name, mime), Mime: mime, Size: int64(len(data)), Hash: hex.EncodeToString(sum[:]), User: a.ID, At: s.d.Clock.Now()}
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.AddRecordFile(ctx, &f, data) })
	return f, err
}

// Kept is the actor's own file that belongs to no record yet, with its bytes.
func (s *Service) Kept(ctx context.Context, a crm.Actor, id int64) (File, []byte, error) {
	f, err := s.d.Store.RecordFile(ctx, id)
	if err == nil && f.User != a.ID {
		err = crm.NotFound("没有这个附件", "there is no such attachment")
	}
	if err != nil {
		return File{}, nil, err
	}
	data, err := s.d.Store.RecordFileData(ctx, id)
	return f, data, err
}

// Takes reports whether the actor may add files to a record, under the code that it
// has now; one that is gone or out of reach takes none.
func (s *Service) Takes(ctx context.Context, a crm.Actor, ref crm.Ref) (crm.Ref, bool, error) {
	if a.Frozen || ref.Kind != crm.KindLead && ref.Kind != crm.KindAccount {
		return ref, false, nil
	}
	now, full, err := s.d.Rights(ctx, a, ref)
	switch crm.CodeOf(err) {
	case "":
		return now, full, nil
	case crm.CodeNotFound, crm.CodeForbidden, crm.CodeRefused:
		return ref, false, nil
	}
	return ref, false, err
}

// Tie gives the actor's kept file to a record that they may read in full. Doing
// it again changes nothing; the same bytes are kept once for a record.
func (s *Service) Tie(ctx context.Context, a crm.Actor, id int64, ref crm.Ref) error {
	if err := mayAct(a); err != nil {
		return err
	}
	f, _, err := s.Kept(ctx, a, id)
	if err != nil {
		return err
	}
	ref, full, err := s.d.Rights(ctx, a, ref)
	if err != nil {
		return err
	}
	if !full {
		return crm.Refused("P-08", ref.String()+" 在公海，认领后才能添加附件", ref.String()+" is in the pool; claim it before adding a file").WithNext("认领：/认领 "+ref.String(), "claim it: /claim "+ref.String())
	}
	if f.Ref == ref {
		return nil
	}
	have, err := s.d.Store.RecordFiles(ctx, ref, 500)
	if err != nil {
		return err
	}
	if most := int(maxEach.Of(ctx, s.d.Rules)); len(have) >= most {
		return crm.Refused("", fmt.Sprintf("%s 已有 %d/%d 个附件", ref, len(have), most), fmt.Sprintf("%s has %d of at most %d attachments", ref, len(have), most)).WithNext("请管理员调整上限", "an administrator can raise the limit")
	}
	for _, h := range have {
		if h.Hash == f.Hash {
			return nil
		}
	}
	return s.Attach(ctx, a, id, ref)
}

// Attach is Tie for a record that the actor has just made, wherever it went.
func (s *Service) Attach(ctx context.Context, a crm.Actor, id int64, ref crm.Ref) error {
	if err := mayAct(a); err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		f, err := s.d.Store.RecordFile(ctx, id)
		if err != nil {
			return err
		}
		ok := false
		if f.User == a.ID {
			if ok, err = s.d.Store.TieRecordFile(ctx, id, ref); err != nil {
				return err
			}
		}
		if !ok {
			return crm.Conflict("", "这个附件已归属别的记录", "this file belongs to another record already")
		}
		if err := s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Actor: a.ID, Action: "attachment.add", Ref: ref, Detail: map[string]any{"file": id, "size": f.Size}}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, ref)
	})
}

// Content is a file with its bytes.
type Content struct {
	File
	Data []byte
}

// maxSent is how many files one answer brings, the newest ones.
const maxSent = 5

// Of are the newest files of a record that the actor may read in full, with
// their bytes, and how many there are in all. In a pool they are hidden like the
// numbers that they show (P-08).
func (s *Service) Of(ctx context.Context, a crm.Actor, ref crm.Ref) ([]Content, int, error) {
	ref, full, err := s.d.Rights(ctx, a, ref)
	if err != nil {
		return nil, 0, err
	}
	if !full {
		return nil, 0, crm.Refused("P-08", ref.String()+" 在公海，附件在认领后可看", ref.String()+" is in the pool; its files are shown once it is claimed").WithNext("认领：/认领 "+ref.String(), "claim it: /claim "+ref.String())
	}
	list, err := s.d.Store.RecordFiles(ctx, ref, 500)
	if err != nil {
		return nil, 0, err
	}
	var out []Content
	for _, f := range list[max(0, len(list)-maxSent):] {
		data, err := s.d.Store.RecordFileData(ctx, f.ID)
		if err != nil {
			return nil, 0, err
		}
		if data != nil {
			out = append(out, Content{f, data})
		}
	}
	return out, len(list), nil
}

// Count is how many files a record has.
func (s *Service) Count(ctx context.Context, ref crm.Ref) (int, error) {
	return s.d.Store.CountRecordFiles(ctx, ref)
}

// pruneBatch is how many files one statement removes.
const pruneBatch = 50

// Prune removes files that nobody gave to a record in time.
func (s *Service) Prune(ctx context.Context) error {
	before := s.d.Clock.Now().Add(-time.Duration(keepFor.Of(ctx, s.d.Rules)) * time.Hour)
	for {
		n, err := s.d.Store.PruneRecordFiles(ctx, before, pruneBatch)
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
