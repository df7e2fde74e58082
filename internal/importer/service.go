package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Deps are what the service needs.
type Deps struct {
	Store    Store
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	Rules    *rule.Book
	Nouns    Nouns
}

// Service imports files. Safe for concurrent use.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

var (
	maxRows = rule.Int{Key: "CH-05.rows", Title: crm.Text{Zh: "聊天中导入的最多行数", En: "most rows of a file sent in the chat"},
		Unit: crm.Text{Zh: "行", En: "rows"}, Default: 5000, Min: 1, Max: 100000}
	maxMegabytes = rule.Int{Key: "CH-05.megabytes", Title: crm.Text{Zh: "聊天中导入的最大文件", En: "largest file sent in the chat"},
		Unit: crm.Text{Zh: "MB", En: "MB"}, Default: 20, Min: 1, Max: 200}
	undoHours = rule.Int{Key: "CH-05.undo_hours", Title: crm.Text{Zh: "导入后可撤销的时间", En: "how long an import can be taken back"},
		Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 24, Min: 0, Max: 720}
)

// Settings are the run-time settings of imports.
func Settings() []rule.Def { return []rule.Def{maxRows.Def(), maxMegabytes.Def(), undoHours.Def()} }

// KeepFiles is how long the bytes of an imported file are kept.
const KeepFiles = 7 * 24 * time.Hour

// Operators may import.
var Operators = []crm.Role{crm.Marketing, crm.Manager, crm.Admin}

// Limits are the bounds for files in the chat.
func (s *Service) Limits(ctx context.Context) (rows, megabytes, undo int64) {
	return maxRows.Of(ctx, s.Rules), maxMegabytes.Of(ctx, s.Rules), undoHours.Of(ctx, s.Rules)
}

func may(a crm.Actor) error {
	if !a.Is(Operators...) {
		return crm.Forbid(a, Operators...).WithNext("可请市场或经理导入", "marketing or your manager can import for you")
	}
	if a.Frozen {
		e := crm.Forbidden("您的账号正在交接，只能查看", "your account is being handed over and is read-only")
		e.Rule = "HO-01"
		return e
	}
	return nil
}

// IsTable reports whether the name is of a file that can be imported.
func IsTable(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm":
		return true
	}
	return false
}

// Upload takes a file from the chat and proposes how to map it. A size or
// number of rows beyond the limits is refused before anything is stored.
func (s *Service) Upload(ctx context.Context, a crm.Actor, name string, data []byte) (Job, error) {
	if err := may(a); err != nil {
		return Job{}, err
	}
	rows, megabytes, _ := s.Limits(ctx)
	if int64(len(data)) > megabytes<<20 {
		return Job{}, crm.Refused("CH-05", fmt.Sprintf("文件有 %d MB，聊天中最多 %d MB", (len(data)+1<<19)>>20, megabytes),
			fmt.Sprintf("the file has %d MB; in the chat at most %d MB are possible", (len(data)+1<<19)>>20, megabytes)).
			WithNext("请拆分文件，或由管理员用 crmbot import 导入", "split it, or let an administrator use crmbot import")
	}
	j := Job{Author: a.ID, File: cutRunes(crm.Normalize(name), 120), Size: int64(len(data)), State: Choosing, CreatedAt: s.Clock.Now()}
	if err := s.inspect(&j, data, rows); err != nil {
		return Job{}, err
	}
	if m, ok, err := s.Store.RememberedMapping(ctx, Fingerprint(j.Header)); err != nil {
		return Job{}, err
	} else if ok {
		if _, err := m.bind(j.Header); err == nil {
			j.Mapping, j.Remembered = m, true
		}
	}
	if !j.Remembered {
		j.Mapping = Propose(GuessKind(j.Header), j.Header)
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddImport(ctx, &j, data); err != nil {
			return err
		}
		return s.audit(ctx, a, j, "import.upload")
	})
	return j, err
}

// inspect reads the whole file once: header, sample and number of rows.
func (s *Service) inspect(j *Job, data []byte, limit int64) error {
	src, err := Open(j.File, bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer src.Close()
	j.Header, j.Format = src.Header(), src.Format()
	for {
		r, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		j.Rows++
		if len(j.Sample) < 3 && r.Bad == (crm.Text{}) {
			short := make([]string, len(r.Cells))
			for i, c := range r.Cells {
				short[i] = cutRunes(crm.Normalize(c), 40)
			}
			j.Sample = append(j.Sample, short)
		}
		if int64(j.Rows) > limit {
			return crm.Refused("CH-05", fmt.Sprintf("文件超过 %d 行，聊天中最多 %d 行", limit, limit), fmt.Sprintf("the file has more than %d rows; in the chat at most %d are possible", limit, limit)).
				WithNext("请拆分文件，或由管理员用 crmbot import 导入", "split it, or let an administrator use crmbot import")
		}
	}
	if j.Rows == 0 {
		return crm.Invalid("文件只有一行，没有数据", "the file has one line and no data").
			WithNext("第一行是表头，数据从第二行开始，请补上后重新发送", "the first line is the header, data begins in the second; add it and send the file again")
	}
	return nil
}

func (s *Service) audit(ctx context.Context, a crm.Actor, j Job, action string) error {
	return s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: action, Ref: j.ID.Ref(), Rule: "CH-05",
		Detail: map[string]any{"kind": string(j.Mapping.Kind), "new": j.Counts.New, "update": j.Counts.Update, "same": j.Counts.Same, "bad": j.Counts.Bad, "undone": j.Taken}})
}

// Get opens an import: its author's own, or any for administrators.
func (s *Service) Get(ctx context.Context, a crm.Actor, id crm.ImportID) (Job, error) {
	if err := may(a); err != nil {
		return Job{}, err
	}
	j, err := s.Store.Import(ctx, id)
	if err != nil {
		return Job{}, err
	}
	if j.Author != a.ID && !a.Is(crm.Admin) {
		return Job{}, crm.Forbidden("这次导入是别人的", "this import is somebody else's").WithNext("请发送文件开始自己的导入", "send a file to begin your own")
	}
	return j, nil
}

// Choice sets one field of the mapping to a column of the header, by name; "" or
// "-" means not imported.
type Choice struct{ Field, Column string }

// Remap changes kind and columns of an import that was not committed yet, and
// remembers the mapping for files of the same form. An empty kind keeps it;
// another kind begins from the proposal for it.
func (s *Service) Remap(ctx context.Context, a crm.Actor, id crm.ImportID, kind Kind, choices []Choice) (Job, error) {
	var j Job
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if j, err = s.Get(ctx, a, id); err != nil {
			return err
		}
		if j.State != Choosing && j.State != Tried {
			return over(j)
		}
		m := j.Mapping
		m.Fields = maps.Clone(m.Fields)
		if kind != "" && kind != m.Kind {
			m = Propose(kind, j.Header)
		}
		for _, c := range choices {
			f, ok := FieldOf(m.Kind, c.Field)
			if !ok {
				return crm.Invalid(m.Kind.Name(crm.Chinese)+"没有字段“"+cutRunes(c.Field, 20)+"”", m.Kind.Name(crm.English)+" have no field “"+cutRunes(c.Field, 20)+"”").
					WithNext("可用字段："+fieldNames(m.Kind, crm.Chinese), "the fields are: "+fieldNames(m.Kind, crm.English))
			}
			if c.Column == "" || c.Column == "-" {
				delete(m.Fields, f.Key)
				continue
			}
			col, ok := findColumn(j.Header, c.Column)
			if !ok {
				return crm.Invalid("文件里没有列“"+cutRunes(c.Column, 30)+"”", "the file has no column “"+cutRunes(c.Column, 30)+"”").
					WithNext("文件的列："+cutRunes(strings.Join(j.Header, "、"), 200), "its columns are: "+cutRunes(strings.Join(j.Header, ", "), 200))
			}
			old := m.Fields[f.Key]
			old.Column, old.Template = col, ""
			m.Fields[f.Key] = old
		}
		j.forget()
		j.Mapping, j.State = m, Choosing
		return s.save(ctx, &j, func(ctx context.Context) error { return s.Store.RememberMapping(ctx, Fingerprint(j.Header), m, a.ID) })
	})
	return j, err
}

func findColumn(head []string, text string) (string, bool) {
	for _, h := range head {
		if h == text {
			return h, true
		}
	}
	for _, h := range head {
		if headerKey(h) == headerKey(text) && headerKey(h) != "" {
			return h, true
		}
	}
	return "", false
}

func fieldNames(k Kind, l crm.Lang) string {
	var out []string
	for _, f := range fields[k] {
		out = append(out, f.In(l))
	}
	return strings.Join(out, l.T("、", ", "))
}

func over(j Job) error {
	switch j.State {
	case Running:
		return crm.Conflict("CH-05", j.ID.String()+" 正在导入", j.ID.String()+" is being imported").WithNext("请稍候，完成后会更新卡片", "please wait; the card is updated when it is done")
	case Undoing:
		return crm.Conflict("CH-05", j.ID.String()+" 正在撤销", j.ID.String()+" is being taken back")
	case Undone:
		return crm.Conflict("CH-05", j.ID.String()+" 已撤销", j.ID.String()+" was taken back").WithNext("如需再次导入，请重新发送文件", "to import it again, send the file again")
	}
	return crm.Conflict("CH-05", j.ID.String()+" 已导入完成", j.ID.String()+" was imported already").WithNext("如有误可在时限内撤销：/导入 "+j.ID.String(), "it can be taken back for some hours: /import "+j.ID.String())
}

// Cleanup removes the files of old imports; what they did stays known.
func (s *Service) Cleanup(ctx context.Context) error {
	_, err := s.Store.DropImportFiles(ctx, s.Clock.Now().Add(-KeepFiles))
	return err
}
