package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/importer"
)

// TryImport takes the columns of the mapping form and says what the import
// would do.
type TryImport struct {
	Import crm.ImportID `json:"i"`
}

// ActionName implements card.Action.
func (TryImport) ActionName() string { return "import.try" }

// RemapImport opens the mapping of an import again.
type RemapImport struct {
	Import crm.ImportID `json:"i"`
}

// ActionName implements card.Action.
func (RemapImport) ActionName() string { return "import.remap" }

// CommitImport does the import.
type CommitImport struct {
	Import crm.ImportID `json:"i"`
}

// ActionName implements card.Action.
func (CommitImport) ActionName() string { return "import.commit" }

// UndoImport takes an import back.
type UndoImport struct {
	Import crm.ImportID `json:"i"`
}

// ActionName implements card.Action.
func (UndoImport) ActionName() string { return "import.undo" }

// ImportKindInput is the name of the select for the kind; the inputs of the
// fields are their keys after ImportFieldPrefix, their values are the number of
// the column or NoColumn.
const (
	ImportKindInput   = "kind"
	ImportFieldPrefix = "f_"
	NoColumn          = "-"
)

// ImportView is an import as its author sees it.
type ImportView struct {
	Job   importer.Job
	Now   time.Time
	Zone  *time.Location
	Frame LeadFrame
	// Opens are the records of its rows that the author may open.
	Opens map[crm.Ref]bool
}

// Import is the card of an import: choosing columns, the dry run, the progress,
// the result, and the way back.
func Import(l crm.Lang, v ImportView) card.Card {
	j := v.Job
	out := card.Card{Lang: l, Title: l.T("导入", "Import ") + j.Mapping.Kind.Name(l), Subtitle: importSubtitle(l, j), Tone: card.Info, About: []crm.Ref{j.ID.Ref()}}
	code := j.ID.String()
	switch j.State {
	case importer.Choosing:
		out.Tags = []card.Tag{{Text: l.T("选择列", "choose columns"), Tone: card.Info}}
		out.Blocks = mappingBlocks(l, j)
	case importer.Tried:
		out.Tags = []card.Tag{{Text: l.T("试算，未导入", "dry run, nothing imported"), Tone: card.Warning}}
		out.Tone = card.Warning
		out.Blocks = append(countBlocks(l, j, true), problemBlocks(l, j)...)
		out.Blocks = append(out.Blocks, twinBlocks(v)...)
		n := j.Counts.New + j.Counts.Update
		commit := card.Button{Label: l.T(fmt.Sprintf("导入 %d 行", n), fmt.Sprintf("Import %d rows", n)), Style: card.Primary, Action: CommitImport{j.ID}, Command: l.T("/导入 "+code+" 确认", "/import "+code+" confirm")}
		if n == 0 {
			commit.Style, commit.Disabled = card.Default, l.T("没有可导入的行", "there is nothing to import")
		}
		out.Blocks = append(out.Blocks, card.Buttons{Items: []card.Button{commit,
			{Label: l.T("修改列", "Change columns"), Action: RemapImport{j.ID}, Command: l.T("/导入 "+code+" 修改", "/import "+code+" columns")}}},
			card.Note{Text: l.T("重复和有误的行不会导入，原因见结果文件。", "Duplicate and bad rows are left out; the result file gives the reasons.")})
	case importer.Running:
		out.Tags = []card.Tag{{Text: l.T("正在导入", "importing"), Tone: card.Info}}
		done := j.Counts.Total()
		out.Blocks = []card.Block{card.Progress{Label: l.T("进度", "Progress"), Value: float64(done), Max: float64(max(j.Rows, done, 1)), Text: progressText(l, done, j.Rows), Tone: card.Info}}
		out.Blocks = append(out.Blocks, countBlocks(l, j, false)...)
		out.Blocks = append(out.Blocks, card.Note{Text: l.T("中断后可再次发送 /导入 "+code+" 确认，从断点继续。", "After an interruption send /import "+code+" confirm; it goes on where it stopped.")})
	case importer.Done:
		out.Tone, out.Tags = card.Success, []card.Tag{{Text: l.T("已导入", "imported"), Tone: card.Success}}
		out.Blocks = append(countBlocks(l, j, false), problemBlocks(l, j)...)
		out.Blocks = append(out.Blocks, twinBlocks(v)...)
		if j.Until.After(v.Now) {
			out.Blocks = append(out.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("撤销导入", "Take back"), Style: card.Risky, Action: UndoImport{j.ID}, Command: l.T("/导入 "+code+" 撤销", "/import "+code+" undo"),
				Confirm: &card.Confirm{Title: l.T("撤销这次导入？", "Take this import back?"), Text: l.T("新增的记录会被移除，补充的内容会恢复；已被人改动或跟进的会保留。", "New records are removed and changed ones restored; what people worked on since stays.")}}}},
				card.Note{Text: l.T("可撤销至 ", "can be taken back until ") + j.Until.In(v.Zone).Format("01-02 15:04")})
		}
	case importer.Undoing, importer.Undone:
		out.Tone, out.Tags = card.Muted, []card.Tag{{Text: l.T("已撤销", "taken back"), Tone: card.Muted}}
		if j.State == importer.Undoing {
			out.Tags[0].Text = l.T("正在撤销", "being taken back")
		}
		out.Blocks = []card.Block{card.Fields{Items: []card.Field{{Label: l.T("已撤销", "Taken back"), Value: rowsText(l, j.Taken)}, {Label: l.T("已被改动，保留", "Changed since, kept"), Value: rowsText(l, j.Kept)}}}}
	}
	return out
}

func importSubtitle(l crm.Lang, j importer.Job) string {
	parts := []string{j.ID.String(), j.File}
	if j.Rows > 0 {
		parts = append(parts, rowsText(l, j.Rows))
	}
	return strings.Join(append(parts, fileFormat(l, j.Format)), " · ")
}

// fileFormat says in words how a file was read; a comma between the columns
// goes without saying.
func fileFormat(l crm.Lang, format string) string {
	for mark, words := range map[string]crm.Text{",": {}, ";": {Zh: "分号分隔", En: "semicolons"}, "\t": {Zh: "制表符分隔", En: "tabs"}, "|": {Zh: "竖线分隔", En: "vertical bars"}} {
		if rest, ok := strings.CutSuffix(format, " · "+mark); ok {
			if w := words.In(l); w != "" {
				rest += " · " + w
			}
			return rest
		}
	}
	return format
}

func rowsText(l crm.Lang, n int) string {
	return l.T(fmt.Sprintf("%d 行", n), fmt.Sprintf("%d rows", n))
}

func progressText(l crm.Lang, done, rows int) string {
	if rows == 0 {
		return rowsText(l, done)
	}
	return fmt.Sprintf("%d / %d", done, rows)
}

func countBlocks(l crm.Lang, j importer.Job, dry bool) []card.Block {
	c := j.Counts
	label := func(zh, en string) string { return l.T(zh, en) }
	fs := []card.Field{{Label: label("已新增", "New"), Value: rowsText(l, c.New), Tone: card.Success}, {Label: label("已补充", "Updated"), Value: rowsText(l, c.Update), Tone: card.Info},
		{Label: label("重复，跳过", "Duplicate, skipped"), Value: rowsText(l, c.Same)}, {Label: label("有误，未导入", "Bad, left out"), Value: rowsText(l, c.Bad)}}
	if dry {
		fs[0].Label, fs[1].Label = label("将新增", "Would be new"), label("将补充", "Would be updated")
	}
	if c.Bad > 0 {
		fs[3].Tone = card.Danger
	}
	return []card.Block{card.Fields{Items: fs}}
}

func problemBlocks(l crm.Lang, j importer.Job) []card.Block {
	if len(j.Problems) == 0 {
		return nil
	}
	var t card.Text
	for i, p := range j.Problems {
		if i > 0 {
			t.Spans = append(t.Spans, card.Span{Text: "\n"})
		}
		t.Spans = append(t.Spans, card.Span{Text: l.T(fmt.Sprintf("第 %d 行：", p.Line), fmt.Sprintf("row %d: ", p.Line)), Bold: true}, card.Span{Text: p.Reason.In(l)})
	}
	title := l.T("有误的行", "Bad rows")
	if n := j.Counts.Bad; n > len(j.Problems) {
		title = l.T(fmt.Sprintf("有误的行（前 %d / %d）", len(j.Problems), n), fmt.Sprintf("Bad rows (first %d of %d)", len(j.Problems), n))
	}
	return []card.Block{card.Collapsible{Title: title, Open: true, Blocks: []card.Block{t}}}
}

// twinBlocks name the first rows whose company may be, or is, a record that exists,
// with the ways on: to merge where both are there, else to open the one (DU-01).
func twinBlocks(v ImportView) []card.Block {
	l := v.Frame.Lang
	var out []card.Block
	for _, part := range []struct {
		title crm.Text
		rows  []importer.Twin
	}{{crm.Text{Zh: "重复？名称相近的行（前几行）", En: "Duplicates? Rows with similar names (the first)"}, v.Job.Alike}, {crm.Text{Zh: "已存在、没有导入的行（前几行）", En: "Rows that exist already and were left out (the first)"}, v.Job.Known}} {
		if len(part.rows) > 0 {
			out = append(out, card.B(part.title.In(l)))
		}
		for _, t := range part.rows {
			line := l.T(fmt.Sprintf("第 %d 行", t.Line), fmt.Sprintf("row %d", t.Line))
			if t.Made.ID != 0 {
				line += " " + t.Made.String()
			}
			out = append(out, card.Text{Spans: []card.Span{{Text: line + l.T("：", ": "), Bold: true}, {Text: t.Reason.In(l)}}})
			var bs []card.Button
			if v.Opens[t.Made] && v.Opens[t.Other] && v.Frame.Merger {
				bs = append(bs, v.Frame.mergeButton(t.Other, t.Made))
			}
			if v.Opens[t.Other] {
				bs = append(bs, v.Frame.openRecord(t.Other, l.T("打开 ", "Open ")+t.Other.String()))
			}
			if len(bs) > 0 {
				out = append(out, card.Buttons{Items: bs})
			}
		}
	}
	return out
}

// mappingBlocks show how the first rows would be read, and a select for every
// field.
func mappingBlocks(l crm.Lang, j importer.Job) []card.Block {
	var out []card.Block
	if t, ok := sampleTable(l, j); ok {
		out = append(out, card.P(l.T("文件的前几行将这样读取：", "This is how the first rows would be read:")), t)
	}
	f := card.Form{Name: "mapping", Inputs: []card.Input{{Kind: card.SelectInput, Name: ImportKindInput, Label: l.T("导入为", "Import as"), Default: string(j.Mapping.Kind)}},
		Submit:  card.Button{Label: l.T("试算", "Dry run"), Style: card.Primary, Action: TryImport{j.ID}, Command: l.T("/导入 "+j.ID.String()+" 试算", "/import "+j.ID.String()+" try")},
		Example: importLine(l, j)}
	for _, k := range importer.Kinds {
		f.Inputs[0].Options = append(f.Inputs[0].Options, card.Option{Value: string(k), Label: k.Name(l)})
	}
	shown := shownFields(j)
	clipped := false
	for _, x := range shown {
		in := columnInput(l, j, x, len(shown))
		clipped = clipped || len(in.Options) <= len(j.Header)
		f.Inputs = append(f.Inputs, in)
	}
	out = append(out, f)
	notes := []string{}
	if j.Remembered {
		notes = append(notes, l.T("已沿用上次同样表头的设置。", "The columns are as chosen for the last file of this form."))
	}
	if unused := unusedColumns(j); len(unused) > 0 {
		notes = append(notes, l.T("未使用的列：", "Columns not used: ")+clipList(l, unused, 12))
	}
	if clipped {
		notes = append(notes, l.T("选项里没有的列，回复一行即可：", "A column that is not among the options, by one line: ")+importLine(l, j))
	}
	if len(notes) > 0 {
		out = append(out, card.Note{Text: strings.Join(notes, "\n")})
	}
	return out
}

// importLine is a line that chooses columns by name and tries them out: for the
// first field that has none and the first column that is not used, which is
// what the person most likely misses.
func importLine(l crm.Lang, j importer.Job) string {
	field, column := l.T("备注", "note"), l.T("列名", "column")
	for _, f := range shownFields(j) {
		if c := j.Mapping.Fields[f.Key]; c.Column == "" && c.Template == "" && c.Default == "" {
			field = f.In(l)
			break
		}
	}
	if unused := unusedColumns(j); len(unused) > 0 {
		column = unused[0]
	}
	return l.T("/导入 ", "/import ") + j.ID.String() + " " + field + "=" + column + l.T(" 试算", " try")
}

// shownFields are the fields on the form: the usual ones and all that are mapped.
func shownFields(j importer.Job) []importer.Field {
	var out []importer.Field
	for _, f := range importer.Fields(j.Mapping.Kind) {
		if _, mapped := j.Mapping.Fields[f.Key]; f.Main || mapped {
			out = append(out, f)
		}
	}
	return out
}

// columnInput is the select for one field. All selects together must fit into a
// card: of a wide file each offers its own column and the unused ones first.
func columnInput(l crm.Lang, j importer.Job, f importer.Field, fields int) card.Input {
	const budget = 100 // options of all selects together: platforms count each as an element
	in := card.Input{Kind: card.SelectInput, Name: ImportFieldPrefix + f.Key, Label: f.In(l), Required: f.Required, Default: NoColumn}
	chosen := -1
	c := j.Mapping.Fields[f.Key]
	if c.Column != "" {
		chosen = slices.Index(j.Header, c.Column)
	}
	if chosen >= 0 {
		in.Default = fmt.Sprint(chosen)
	}
	none := l.T("（不导入）", "(not imported)")
	switch {
	case c.Template != "":
		none = c.Template
	case c.Default != "":
		none = l.T("固定值：", "always: ") + c.Default
	}
	in.Options = []card.Option{{Value: NoColumn, Label: none}}
	limit := max(5, budget/max(fields, 1))
	add := func(i int) {
		if len(in.Options) <= limit {
			in.Options = append(in.Options, card.Option{Value: fmt.Sprint(i), Label: j.Header[i]})
		}
	}
	if chosen >= 0 {
		add(chosen)
	}
	unused := unusedColumns(j)
	for i, h := range j.Header {
		if i != chosen && slices.Contains(unused, h) {
			add(i)
		}
	}
	for i, h := range j.Header {
		if i != chosen && !slices.Contains(unused, h) {
			add(i)
		}
	}
	return in
}

func unusedColumns(j importer.Job) []string {
	used := map[string]bool{}
	for _, c := range j.Mapping.Fields {
		used[c.Column] = true
		for _, h := range j.Header {
			if strings.Contains(c.Template, "{"+h+"}") {
				used[h] = true
			}
		}
	}
	var out []string
	for _, h := range j.Header {
		if !used[h] {
			out = append(out, h)
		}
	}
	return out
}

func clipList(l crm.Lang, list []string, n int) string {
	s := strings.Join(list[:min(n, len(list))], l.T("、", ", "))
	if len(list) > n {
		s += " …"
	}
	return s
}

// sampleTable shows the first rows under the names of the fields.
func sampleTable(l crm.Lang, j importer.Job) (card.Table, bool) {
	t := card.Table{PageSize: 3}
	var at []int
	for _, f := range shownFields(j) {
		if i := slices.Index(j.Header, j.Mapping.Fields[f.Key].Column); i >= 0 && len(at) < 5 {
			t.Columns = append(t.Columns, card.Column{Title: f.In(l)})
			at = append(at, i)
		}
	}
	for _, r := range j.Sample {
		cells := make([]card.Cell, len(at))
		for k, i := range at {
			if i < len(r) {
				cells[k].Text = r[i]
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t, len(at) > 0 && len(t.Rows) > 0
}

// ImportHelp explains how to import.
func ImportHelp(l crm.Lang, rows, megabytes, undo int64) card.Card {
	return card.Card{Lang: l, Title: l.T("导入表格", "Import a table"), Tone: card.Info, Blocks: []card.Block{
		card.P(l.T("把 .csv 或 .xlsx 文件发到这里就可以导入。第一行是表头，例如：公司、联系人、电话、来源、城市。", "Send a .csv or .xlsx file here. Its first row is the header, for example: company, contact, phone, source, city.")),
		card.Text{Spans: []card.Span{
			{Text: l.T("1. 核对列", "1. Check the columns"), Bold: true}, {Text: l.T("：系统按表头推荐，同样的表头下次自动沿用\n", ": they are proposed from the header and remembered for the next file like it\n")},
			{Text: l.T("2. 试算", "2. Dry run"), Bold: true}, {Text: l.T("：先看新增、重复和有误的行，附每行原因\n", ": see what is new, duplicate or bad, with a reason for every row\n")},
			{Text: l.T("3. 导入", "3. Import"), Bold: true}, {Text: l.T("：点一下完成，", ": one tap, ") + l.T(fmt.Sprintf("%d 小时内可以撤销", undo), fmt.Sprintf("which can be taken back for %d hours", undo))},
		}},
		card.Note{Text: l.T(fmt.Sprintf("最多 %d 行、%d MB；中文编码 UTF-8 和 GB18030 都可以。可导入线索、客户、产品、商机（管理员还可导入人员）。", rows, megabytes),
			fmt.Sprintf("At most %d rows and %d MB; UTF-8 and GB18030 are both read. Leads, accounts, products and deals can be imported, and people by administrators.", rows, megabytes))},
	}}
}
