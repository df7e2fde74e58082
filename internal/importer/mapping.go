package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"crmbot/internal/crm"
)

// Mapping says how the columns of a file become the fields of a kind.
type Mapping struct {
	Kind Kind `yaml:"kind" json:"kind"`
	// Fields are by field key.
	Fields map[string]Column `yaml:"fields" json:"fields"`
	// Empty are values that mean "not answered" in every column.
	Empty []string `yaml:"empty,omitempty" json:"empty,omitempty"`
	// ListPrice gives deals without an amount the list price of their product.
	ListPrice bool `yaml:"list_price,omitempty" json:"list_price,omitempty"`
	// Pool names the pool that leads go to; empty: the pool that fits.
	Pool string `yaml:"pool,omitempty" json:"pool,omitempty"`
}

// Column says where one field comes from. In YAML it is either a header or a
// mapping with these keys.
type Column struct {
	// Column is the header in the file.
	Column string `yaml:"column,omitempty" json:"column,omitempty"`
	// Template composes several columns: "{product} · {account}". It is empty when
	// all of its columns are.
	Template string `yaml:"template,omitempty" json:"template,omitempty"`
	// Values replaces whole values; a key is compared without case and spaces
	// around.
	Values map[string]string `yaml:"values,omitempty" json:"values,omitempty"`
	// Default is used where there is nothing.
	Default string `yaml:"default,omitempty" json:"default,omitempty"`
	// Date is the form of dates as a Go layout, such as "02/01/2006"; empty: the
	// usual forms with the year first.
	Date string `yaml:"date,omitempty" json:"date,omitempty"`
	// Times multiplies amounts: 1000000 for a column in millions.
	Times int64 `yaml:"times,omitempty" json:"times,omitempty"`
}

// UnmarshalYAML reads a header or a mapping.
func (c *Column) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		c.Column = n.Value
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a field takes a header or a mapping", n.Line)
	}
	known := []string{"column", "template", "values", "default", "date", "times"}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i].Value; !slices.Contains(known, k) {
			return fmt.Errorf("line %d: unknown key %q, known are %s", n.Content[i].Line, k, strings.Join(known, ", "))
		}
	}
	type plain Column
	return n.Decode((*plain)(c))
}

// ParseMapping reads a mapping file. Unknown keys and fields are errors.
func ParseMapping(data []byte) (Mapping, error) {
	var m Mapping
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return Mapping{}, crm.Invalid("列映射文件不对："+err.Error(), "the mapping file is wrong: "+err.Error())
	}
	return m, m.check()
}

func (m Mapping) check() error {
	if _, ok := fields[m.Kind]; !ok {
		return crm.Invalid("映射没有写明类型 kind", "the mapping does not say its kind: org, leads, accounts, products or deals")
	}
	for _, key := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.ContainsFunc(fields[m.Kind], func(f Field) bool { return f.Key == key }) {
			return crm.Invalid(fmt.Sprintf("%s没有字段“%s”", m.Kind.Name(crm.Chinese), key), fmt.Sprintf("%s have no field %q", m.Kind.Name(crm.English), key)).
				WithNext("字段有："+fieldKeys(m.Kind), "the fields are: "+fieldKeys(m.Kind))
		}
	}
	return nil
}

func fieldKeys(k Kind) string {
	var out []string
	for _, f := range fields[k] {
		out = append(out, f.Key)
	}
	return strings.Join(out, ", ")
}

// Propose maps the columns of a header by their names.
func Propose(k Kind, head []string) Mapping {
	m := Mapping{Kind: k, Fields: map[string]Column{}}
	taken := map[int]bool{}
	for _, exact := range []bool{true, false} {
		for _, f := range fields[k] {
			if m.Fields[f.Key].Column != "" {
				continue
			}
			for i, h := range head {
				if !taken[i] && f.fits(h, exact) {
					taken[i] = true
					m.Fields[f.Key] = Column{Column: h}
					break
				}
			}
		}
	}
	return m
}

func (f Field) fits(h string, exact bool) bool {
	k := headerKey(h)
	if exact {
		return k != "" && (k == headerKey(f.Key) || k == headerKey(f.Zh) || k == headerKey(f.En))
	}
	return slices.Contains(f.Synonyms, k)
}

// GuessKind is the kind whose fields the header names most of, required ones
// first; leads when nothing speaks for another.
func GuessKind(head []string) Kind {
	best, most := Leads, -1
	for _, k := range Kinds {
		m := Propose(k, head)
		score := 0
		for _, f := range fields[k] {
			if h := m.Fields[f.Key].Column; h != "" && f.fits(h, true) {
				score += 3 // the field's own name says more than a synonym
			} else if h != "" {
				score += 2
			} else if f.Required {
				score -= 3
			}
		}
		if score > most {
			best, most = k, score
		}
	}
	return best
}

// Fingerprint names a header, so that a mapping is remembered for files of the
// same form.
func Fingerprint(head []string) string {
	h := sha256.New()
	for _, c := range head {
		fmt.Fprintf(h, "%s\x00", headerKey(c))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// row is one record with its fields taken out.
type row struct {
	line   int
	values map[string]string
	cells  []string
	bad    crm.Text
}

// binder applies a mapping to the rows of one file.
type binder struct {
	m      Mapping
	fields []bound
	empty  map[string]bool
}

type bound struct {
	Field
	col    Column
	at     int // index of Column.Column, or -1
	parts  []part
	values map[string]string
}

// part is a piece of a template: a literal, or a column when at >= 0.
type part struct {
	text string
	at   int
}

// bind checks that every column that the mapping names is in the file.
func (m Mapping) bind(head []string) (*binder, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	index := map[string]int{}
	for i := len(head) - 1; i >= 0; i-- {
		index[head[i]] = i
	}
	b := &binder{m: m, empty: map[string]bool{}}
	for _, e := range m.Empty {
		b.empty[valueKey(e)] = true
	}
	var missing []string
	find := func(name string) int {
		if i, ok := index[name]; ok {
			return i
		}
		for i, h := range head {
			if headerKey(h) == headerKey(name) {
				return i
			}
		}
		missing = append(missing, name)
		return -1
	}
	for _, f := range fields[m.Kind] {
		c, ok := m.Fields[f.Key]
		if !ok || c.Column == "" && c.Template == "" && c.Default == "" {
			if f.Required {
				return nil, crm.Invalid("还没有选择“"+f.Zh+"”对应的列", "no column is chosen for “"+f.En+"”").
					WithNext("请在映射卡片上选择", "please choose it on the mapping card")
			}
			continue
		}
		x := bound{Field: f, col: c, at: -1, values: map[string]string{}}
		for k, v := range c.Values {
			x.values[valueKey(k)] = v
		}
		if c.Column != "" {
			x.at = find(c.Column)
		}
		rest := c.Template
		for rest != "" {
			i := strings.IndexByte(rest, '{')
			j := strings.IndexByte(rest, '}')
			if i < 0 || j < i {
				x.parts = append(x.parts, part{rest, -1})
				break
			}
			if i > 0 {
				x.parts = append(x.parts, part{rest[:i], -1})
			}
			x.parts = append(x.parts, part{"", find(rest[i+1 : j])})
			rest = rest[j+1:]
		}
		b.fields = append(b.fields, x)
	}
	if len(missing) > 0 {
		list := strings.Join(missing, "、")
		return nil, crm.Invalid("文件里没有这些列："+list, "the file has no columns "+strings.Join(missing, ", ")).
			WithNext("文件的列："+cutRunes(strings.Join(head, "、"), 200), "its columns are: "+cutRunes(strings.Join(head, ", "), 200))
	}
	if len(b.fields) == 0 {
		return nil, crm.Invalid("没有任何列可以导入", "no column is mapped").
			WithNext("请给至少一列选字段；文件的列："+cutRunes(strings.Join(head, "、"), 200), "choose a field for at least one; the columns are: "+cutRunes(strings.Join(head, ", "), 200))
	}
	return b, nil
}

func valueKey(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// row takes the fields out of a record.
func (b *binder) row(r Record) row {
	out := row{line: r.Line, cells: r.Cells, bad: r.Bad, values: make(map[string]string, len(b.fields))}
	if out.bad != (crm.Text{}) {
		return out
	}
	for _, f := range b.fields {
		v := ""
		if f.at >= 0 {
			v = b.value(r.Cells[f.at])
		}
		if v == "" && len(f.parts) > 0 {
			v = b.compose(f.parts, r.Cells)
		}
		if to, ok := f.values[valueKey(v)]; ok {
			v = to
		}
		if v == "" {
			v = f.col.Default
		}
		if v == "" && f.Required {
			out.bad = crm.Text{Zh: "缺少" + f.Zh, En: "there is no " + f.En}
			return out
		}
		if v != "" {
			out.values[f.Key] = v
		}
	}
	return out
}

func (b *binder) value(cell string) string {
	v := crm.Normalize(cell)
	if b.empty[valueKey(v)] {
		return ""
	}
	return v
}

// compose fills a template in. The literal before an empty column is left out
// with it, so that no separators pile up.
func (b *binder) compose(parts []part, cells []string) string {
	var s strings.Builder
	pending, gap, some := "", false, false
	for _, p := range parts {
		if p.at < 0 {
			pending += p.text
			continue
		}
		v := b.value(cells[p.at])
		if v == "" {
			pending, gap = "", true
			continue
		}
		if !gap || s.Len() > 0 {
			s.WriteString(pending)
		}
		s.WriteString(v)
		pending, some = "", true
	}
	if !some {
		return ""
	}
	return strings.TrimSpace(s.String() + pending)
}
