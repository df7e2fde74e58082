package htmlcard

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode"

	"crmbot/cards/card"
	"crmbot/cards/chart"
	"crmbot/cards/textcard"
)

// cardView, node and the other views are what the templates read; the texts in
// them are plain, the templates escape them.
type cardView struct {
	ID, Lang, Title, Subtitle, Tone string
	Tags                            []toneView
	Blocks                          []node
}

type node struct {
	Kind string // the template's name
	Data any
}

type toneView struct{ Text, Tone string }

type spanView struct {
	Text, Tone, URL string
	Bold, Strike    bool
}

type fieldView struct {
	Label, Value, Tone string
	Wide               bool
	Evidence           *buttonView
}

type cellView struct {
	Text, Tone    string
	Label         string // the column's title, shown where the table is a list
	Number, Brief bool   // Brief cells stay on one line
	Action        *buttonView
}

type rowView struct {
	More  bool // beyond the first page
	Cells []cellView
}

type tableView struct {
	ID, Name   string
	Stack      bool // too wide for a phone
	Columns    []card.Column
	Rows       []rowView
	More, Less string // what shows the rows beyond the first page, and hides them
	Empty      string
}

type chartView struct {
	SVG          template.HTML
	Show, Names  string
	Series       []string
	Rows         []chartRow
	Title, Plain string // Plain is shown when the chart cannot be drawn
}

type chartRow struct {
	Name   string
	Values []string
}

type imageView struct {
	Source template.URL
	Alt    string
}

type personView struct{ Initial, Name, Role string }

type columnView struct {
	Weight int
	Blocks []node
}

type foldView struct {
	Title  string
	Open   bool
	Blocks []node
}

func (b *builder) card(c card.Card) cardView {
	lang := "zh-CN"
	if b.lang.T("", "en") != "" {
		lang = "en"
	}
	v := cardView{ID: b.id(), Lang: lang, Title: clean(c.Title), Subtitle: clean(c.Subtitle), Tone: tone(c.Tone), Blocks: b.blocks(c.Blocks)}
	for _, t := range c.Tags {
		v.Tags = append(v.Tags, toneView{clean(t.Text), tone(t.Tone)})
	}
	return v
}

func clean(s string) string { return textcard.Clean(s) }

// tone is the class of a tone; unknown tones are neutral.
func tone(t card.Tone) string {
	switch t {
	case card.Info, card.Success, card.Warning, card.Danger, card.Muted:
		return string(t)
	}
	return "neutral"
}

func (b *builder) blocks(bs []card.Block) []node {
	nodes := make([]node, 0, len(bs))
	for _, x := range bs {
		nodes = append(nodes, b.block(x))
	}
	return nodes
}

func (b *builder) block(x card.Block) node {
	switch x := x.(type) {
	case card.Heading:
		level := x.Level
		if level < 1 || level > 3 {
			level = 1
		}
		return node{fmt.Sprintf("heading%d", level), clean(x.Text)}
	case card.Text:
		return node{"text", b.spans(x)}
	case card.Fields:
		return node{"fields", b.fields(x)}
	case card.Table:
		return node{"table", b.table(x)}
	case card.Chart:
		return node{"chart", b.chart(x)}
	case card.Image:
		return node{"image", b.image(x)}
	case card.People:
		return node{"people", people(x)}
	case card.Divider:
		return node{"divider", nil}
	case card.Note:
		return node{"note", clean(x.Text)}
	case card.Progress:
		return node{"progress", b.progress(x)}
	case card.Columns:
		cols := make([]columnView, 0, len(x.Cols))
		for _, c := range x.Cols {
			cols = append(cols, columnView{min(max(c.Weight, 1), 5), b.blocks(c.Blocks)})
		}
		return node{"columns", cols}
	case card.Collapsible:
		return node{"fold", foldView{clean(x.Title), x.Open, b.blocks(x.Blocks)}}
	case card.Buttons:
		items := make([]buttonView, 0, len(x.Items))
		for _, y := range x.Items {
			items = append(items, b.button(y))
		}
		return node{"buttons", items}
	case card.Form:
		return node{"form", b.form(x)}
	}
	b.fail(fmt.Errorf("block %T is not part of the card model", x))
	return node{"divider", nil}
}

func (b *builder) spans(t card.Text) []spanView {
	views := make([]spanView, 0, len(t.Spans))
	for _, s := range t.Spans {
		views = append(views, spanView{Text: clean(s.Text), Tone: tone(s.Tone), URL: b.link(s.URL), Bold: s.Bold, Strike: s.Strike})
	}
	return views
}

// link lets only http and https through.
func (b *builder) link(u string) string {
	if u != "" && !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") {
		b.fail(fmt.Errorf("link %q is not http(s)", u))
	}
	return u
}

func (b *builder) fields(f card.Fields) []fieldView {
	views := make([]fieldView, 0, len(f.Items))
	for _, x := range f.Items {
		v := fieldView{Label: clean(x.Label), Value: clean(x.Value), Tone: tone(x.Tone), Wide: x.Wide}
		if x.Evidence != nil {
			e := b.button(*x.Evidence)
			v.Evidence = &e
		}
		views = append(views, v)
	}
	return views
}

func (b *builder) table(t card.Table) tableView {
	page := t.PageSize
	if page < 1 || page > 10 {
		page = 10
	}
	v := tableView{Columns: make([]card.Column, len(t.Columns)), Name: b.lang.T("表格", "Table"), Stack: wide(t)}
	for i, c := range t.Columns {
		v.Columns[i] = card.Column{Title: clean(c.Title), Number: c.Number}
	}
	if n := len(t.Rows) - page; n > 0 {
		v.ID = b.id()
		v.More = fmt.Sprintf(b.lang.T("共 %d 行，展开其余 %d 行", "Show the other %[2]d of %[1]d rows"), len(t.Rows), n)
		v.Less = b.lang.T("收起", "Show fewer")
	}
	if len(t.Rows) == 0 {
		v.Empty = b.lang.T("没有记录", "No rows")
	}
	for k, r := range t.Rows {
		row := rowView{More: k >= page, Cells: make([]cellView, len(r))}
		for i, c := range r {
			x := cellView{Text: clean(c.Text), Tone: tone(c.Tone)}
			x.Brief = measure(x.Text) <= briefCell
			if i < len(v.Columns) {
				x.Number = v.Columns[i].Number
				if c.Action == nil || c.Action.Label != c.Text {
					x.Label = v.Columns[i].Title
				}
			}
			if c.Action != nil {
				a := b.button(*c.Action)
				x.Action = &a
			}
			row.Cells[i] = x
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (b *builder) chart(c card.Chart) chartView {
	svg, err := chart.SVG(c, b.lang)
	if err != nil {
		b.lost("chart", "text: "+err.Error())
		return chartView{Plain: textcard.Blocks(b.lang, c)}
	}
	v := chartView{SVG: template.HTML(svg), // the chart package escapes every text in it
		Title: clean(c.Title), Show: b.lang.T("数据", "Data"), Names: b.lang.T("项目", "Item")}
	for _, s := range c.Series {
		v.Series = append(v.Series, clean(s.Name))
	}
	for i, name := range c.Categories {
		row := chartRow{Name: clean(name)}
		for _, s := range c.Series {
			row.Values = append(row.Values, chart.Value(c, s.Values[i]))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (b *builder) image(i card.Image) imageView {
	v := imageView{Alt: clean(i.Alt)}
	if i.Key != "" && b.opts.ImageURL != nil {
		v.Source = template.URL(b.opts.ImageURL(i.Key)) // an address made by the program, not by people
	}
	if v.Source == "" && len(i.Data) > 0 {
		kind := http.DetectContentType(i.Data)
		if kind == "image/png" || kind == "image/jpeg" {
			v.Source = template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(i.Data))
		}
	}
	if v.Source == "" {
		b.lost("image", "alternative text")
		if v.Alt == "" {
			v.Alt = b.lang.T("图片", "Image")
		}
	}
	return v
}

func people(p card.People) []personView {
	views := make([]personView, 0, len(p.Persons))
	for _, x := range p.Persons {
		name := clean(x.Name)
		views = append(views, personView{Initial: initial(name), Name: name, Role: clean(x.Role)})
	}
	return views
}

// initial is what stands in a person's circle: the last two characters of a
// Chinese name, as both platforms do, or the first letter.
func initial(name string) string {
	r := []rune(strings.TrimSpace(name))
	if len(r) == 0 {
		return "?"
	}
	if unicode.Is(unicode.Han, r[0]) {
		return string(r[max(0, len(r)-2):])
	}
	return strings.ToUpper(string(r[:1]))
}
