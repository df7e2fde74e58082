package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/importer"
	"crmbot/internal/sched"
)

// viewImport is the view of an import's card; its ref is the code.
const viewImport = "import.card"

// importArgs is what /导入 says: nothing, or an import with a step or columns.
type importArgs struct {
	id      crm.ImportID // zero: how does it work
	step    string       // "try", "commit", "undo", "remap" or empty
	kind    importer.Kind
	choices []importer.Choice
}

var importSteps = map[string]string{"试算": "try", "try": "try", "确认": "commit", "导入": "commit", "confirm": "commit", "commit": "commit", "撤销": "undo", "undo": "undo", "修改": "remap", "columns": "remap"}

func parseImport(rest string) (importArgs, error) {
	var in importArgs
	words := strings.Fields(rest)
	if len(words) == 0 {
		return in, nil
	}
	ref, err := crm.ParseRef(words[0])
	if err != nil || ref.Kind != crm.KindImport {
		return in, crm.Invalid("请发送文件，或写导入编号，如 I-3", "send a file, or name the import by its code, such as I-3")
	}
	in.id = crm.ImportID(ref.ID)
	for _, w := range joinPairs(words[1:]) {
		if field, column, ok := strings.Cut(w, "="); ok {
			if f := strings.ToLower(field); f == "类型" || f == "kind" {
				k, ok := importer.ParseKind(column)
				if !ok {
					return in, crm.Invalid("没有类型“"+clipText(column)+"”", "there is no kind “"+clipText(column)+"”").WithNext("可用：线索、客户、产品、商机、人员", "use leads, accounts, products, deals or people")
				}
				in.kind = k
				continue
			}
			in.choices = append(in.choices, importer.Choice{Field: field, Column: column})
			continue
		}
		step, ok := importSteps[strings.ToLower(w)]
		if !ok {
			return in, crm.Invalid("看不懂“"+clipText(w)+"”", "cannot read “"+clipText(w)+"”").WithNext("可写：试算、确认、撤销，或 字段=列名", "write try, confirm, undo, or field=column")
		}
		in.step = step
	}
	return in, nil
}

// joinPairs puts words without "=" that follow a pair back to it: column names
// may have spaces.
func joinPairs(words []string) []string {
	var out []string
	for _, w := range words {
		if n := len(out); n > 0 && strings.Contains(out[n-1], "=") && !strings.Contains(w, "=") && importSteps[strings.ToLower(w)] == "" {
			out[n-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

func imports(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[importArgs]{Name: "导入", Aliases: []string{"import"}, Summary: crm.Text{Zh: "导入表格：发送 .csv 或 .xlsx 文件即可", En: "import a table: just send a .csv or .xlsx file"}, Usage: crm.Text{Zh: "[I-3 试算|确认|撤销|字段=列]", En: "[I-3 try|confirm|undo|field=column]"},
				Examples: []string{"/导入", "/导入 I-3", "/导入 I-3 电话=手机 来源=渠道 试算", "/导入 I-3 试算", "/导入 I-3 确认", "/导入 I-3 撤销", "/import I-3"}, Roles: importer.Operators, Parse: parseImport, Run: s.importCommand},
			bot.Handle[cards.TryImport]{Roles: importer.Operators, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.TryImport) (bot.Reply, error) {
				return s.tryImport(ctx, a, p.Import, c.Values)
			}},
			bot.Handle[cards.RemapImport]{Roles: importer.Operators, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.RemapImport) (bot.Reply, error) {
				j, err := s.Imports.Remap(ctx, a, p.Import, "", nil)
				return s.importReply(ctx, a, j, true, crm.Text{}, err)
			}},
			bot.Handle[cards.CommitImport]{Roles: importer.Operators, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.CommitImport) (bot.Reply, error) {
				return s.commitImport(ctx, a, p.Import, true)
			}},
			bot.Handle[cards.UndoImport]{Roles: importer.Operators, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.UndoImport) (bot.Reply, error) {
				return s.undoImport(ctx, a, p.Import, true)
			}},
		},
		Views: []bot.ViewDef{{Name: viewImport, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			r, err := crm.ParseRef(ref)
			if err != nil || r.Kind != crm.KindImport {
				return card.Card{}, fmt.Errorf("import view: %q is no import", ref)
			}
			if v.Group {
				return card.Card{}, bot.ErrNothing // files hold names and numbers (PM-03)
			}
			j, err := s.Imports.Get(ctx, v.Actor, crm.ImportID(r.ID))
			if err != nil {
				return card.Card{}, err
			}
			return s.importCard(ctx, v.Actor, v.Lang, j)
		}}},
		Uploads: []Fallback{s.uploadTable},
		Jobs:    []sched.Job{{Name: "import.cleanup", Next: daily(s.Calendar, calendar.Clock(3, 30)), Run: func(ctx context.Context, _ time.Time) error { return s.Imports.Cleanup(ctx) }}},
	}
}

// importCard shows an import; records that it names can be opened and merged by who
// may see them.
func (s *Services) importCard(ctx context.Context, a crm.Actor, l crm.Lang, j importer.Job) (card.Card, error) {
	v := cards.ImportView{Job: j, Now: s.Clock.Now(), Zone: s.Calendar.Zone(), Frame: leadHandlers{s}.frame(a), Opens: map[crm.Ref]bool{}}
	v.Frame.Lang = l
	for _, t := range slices.Concat(j.Alike, j.Known) {
		for _, ref := range []crm.Ref{t.Made, t.Other} {
			var err error
			switch ref.Kind {
			case crm.KindLead:
				_, err = s.Leads.Peek(ctx, a, crm.LeadID(ref.ID))
			case crm.KindAccount:
				_, err = s.Accounts.Get(ctx, a, crm.AccountID(ref.ID))
			default:
				continue
			}
			if code := crm.CodeOf(err); err != nil && code != crm.CodeNotFound && code != crm.CodeForbidden {
				return card.Card{}, err
			}
			v.Opens[ref] = err == nil
		}
	}
	return cards.Import(l, v), nil
}

// importReply shows the import as it is now; update replaces the pressed card.
func (s *Services) importReply(ctx context.Context, a crm.Actor, j importer.Job, update bool, toast crm.Text, err error) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.importCard(ctx, a, a.Lang, j)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(shown, bot.View{Name: viewImport, Ref: j.ID.String()})
	rep.Update, rep.Private = update, true
	rep.Toast, rep.ToastTone = toast.In(a.Lang), bot.ToastSuccess
	return rep, nil
}

func (s *Services) importCommand(ctx context.Context, a crm.Actor, c bot.Call, in importArgs) (bot.Reply, error) {
	if in.id == 0 {
		if c.Req != nil && len(c.Req.Files) > 0 {
			return s.uploadTable(ctx, a, c)
		}
		rows, megabytes, undo := s.Imports.Limits(ctx)
		help := cards.ImportHelp(a.Lang, rows, megabytes, undo)
		return bot.Reply{Card: &help}, nil
	}
	if in.kind != "" || len(in.choices) > 0 || in.step == "remap" {
		was, err := s.Imports.Get(ctx, a, in.id)
		if err != nil {
			return bot.Reply{}, err
		}
		j, err := s.Imports.Remap(ctx, a, in.id, in.kind, in.choices)
		if err == nil && j.Mapping.Kind != was.Mapping.Kind {
			return s.importReply(ctx, a, j, false, kindChanged(j.Mapping.Kind), nil)
		}
		if err != nil || in.step != "try" {
			return s.importReply(ctx, a, j, false, crm.Text{}, err)
		}
	}
	switch in.step {
	case "try":
		return s.tryImport(ctx, a, in.id, nil)
	case "commit":
		return s.commitImport(ctx, a, in.id, false)
	case "undo":
		return s.undoImport(ctx, a, in.id, false)
	}
	j, err := s.Imports.Get(ctx, a, in.id)
	return s.importReply(ctx, a, j, false, crm.Text{}, err)
}

// uploadTable begins an import with a file that came without a command.
func (s *Services) uploadTable(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	if c.Req == nil {
		return bot.Reply{}, bot.ErrUnhandled
	}
	i := slices.IndexFunc(c.Req.Files, func(f bot.File) bool { return importer.IsTable(f.Name) })
	if i < 0 {
		return bot.Reply{}, bot.ErrUnhandled
	}
	f := c.Req.Files[i]
	j, err := s.Imports.Upload(ctx, a, f.Name, f.Data)
	return s.importReply(ctx, a, j, false, crm.Text{}, err)
}

// tryImport takes over the form's columns, if there are any, and does the dry
// run. Another kind shows its fields first.
func (s *Services) tryImport(ctx context.Context, a crm.Actor, id crm.ImportID, v bot.Values) (bot.Reply, error) {
	update := v != nil
	if update {
		j, err := s.Imports.Get(ctx, a, id)
		if err != nil {
			return bot.Reply{}, err
		}
		kind, choices, err := importChoices(j, v)
		if err != nil {
			return bot.Reply{}, err
		}
		was := j.Mapping.Kind
		if kind != was {
			choices = nil
		}
		if j, err = s.Imports.Remap(ctx, a, id, kind, choices); err != nil {
			return bot.Reply{}, err
		}
		if kind != was {
			return s.importReply(ctx, a, j, true, kindChanged(kind), nil)
		}
	}
	j, file, err := s.Imports.Try(ctx, a, id)
	rep, err := s.importReply(ctx, a, j, update, crm.Text{Zh: "试算完成，尚未导入", En: "dry run done, nothing imported yet"}, err)
	if err == nil {
		rep.Files = []bot.File{{Name: file.Name, Data: file.Data}}
	}
	return rep, err
}

// kindChanged tells that the fields are others now, so their columns are shown
// before anything is tried.
func kindChanged(k importer.Kind) crm.Text {
	return crm.Text{Zh: "已改为导入" + k.Name(crm.Chinese) + "，请核对列", En: "now importing " + k.Name(crm.English) + "; please check the columns"}
}

// importChoices reads the mapping form. Fields whose select stayed on "not
// imported" keep a template or a default that a mapping file gave them.
func importChoices(j importer.Job, v bot.Values) (importer.Kind, []importer.Choice, error) {
	kind := j.Mapping.Kind
	if k, ok := importer.ParseKind(v.Get(cards.ImportKindInput)); ok {
		kind = k
	}
	var out []importer.Choice
	for _, f := range importer.Fields(j.Mapping.Kind) {
		val := v.Get(cards.ImportFieldPrefix + f.Key)
		if val == "" {
			continue
		}
		if val == cards.NoColumn {
			if j.Mapping.Fields[f.Key].Column != "" {
				out = append(out, importer.Choice{Field: f.Key})
			}
			continue
		}
		i, err := strconv.Atoi(val)
		if err != nil || i < 0 || i >= len(j.Header) {
			return kind, nil, crm.Invalid("没有这一列", "there is no such column")
		}
		out = append(out, importer.Choice{Field: f.Key, Column: j.Header[i]})
	}
	return kind, out, nil
}

func (s *Services) commitImport(ctx context.Context, a crm.Actor, id crm.ImportID, update bool) (bot.Reply, error) {
	j, file, err := s.Imports.Commit(ctx, a, id)
	n := j.Counts.New + j.Counts.Update
	rep, err := s.importReply(ctx, a, j, update, crm.Text{Zh: fmt.Sprintf("已导入 %d 行", n), En: fmt.Sprintf("imported %d rows", n)}, err)
	if err == nil {
		rep.Files = []bot.File{{Name: file.Name, Data: file.Data}}
	}
	return rep, err
}

func (s *Services) undoImport(ctx context.Context, a crm.Actor, id crm.ImportID, update bool) (bot.Reply, error) {
	j, err := s.Imports.Undo(ctx, a, id)
	return s.importReply(ctx, a, j, update, crm.Text{Zh: fmt.Sprintf("已撤销 %d 行，保留 %d 行", j.Taken, j.Kept), En: fmt.Sprintf("took %d rows back, kept %d", j.Taken, j.Kept)}, err)
}
