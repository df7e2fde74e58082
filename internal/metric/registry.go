package metric

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

// Registry holds the metrics by key. It does not change after it was made and
// is safe for concurrent use.
type Registry struct {
	defs  map[string]Def
	order []string
}

// NewRegistry checks and takes the definitions and reports all problems at
// once: duplicate keys or names, missing texts, unknown fact keys and
// aggregates that do not fit their facts. The program does not start with one.
func NewRegistry(defs ...Def) (*Registry, error) {
	r := &Registry{defs: map[string]Def{}}
	names := map[string]string{}
	var errs []error
	for _, d := range defs {
		if _, dup := r.defs[d.Key]; dup {
			errs = append(errs, fmt.Errorf("metric %q is registered twice", d.Key))
			continue
		}
		for _, n := range []string{d.Name.Zh, d.Name.En} {
			n = fold(n)
			if other, dup := names[n]; dup && other != d.Key && n != "" {
				errs = append(errs, fmt.Errorf("metrics %q and %q have the same name %q", other, d.Key, n))
			}
			names[n] = d.Key
		}
		errs = append(errs, d.check()...)
		r.defs[d.Key] = d
		r.order = append(r.order, d.Key)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func (d Def) check() []error {
	var errs []error
	bad := func(f string, a ...any) {
		errs = append(errs, fmt.Errorf("metric %q: "+f, append([]any{d.Key}, a...)...))
	}
	for what, t := range map[string]crm.Text{"name": d.Name, "unit": d.Unit, "definition": d.Definition, "time field": d.TimeField} {
		if t.Zh == "" || t.En == "" {
			bad("needs a %s in both languages", what)
		}
	}
	if d.Key == "" || strings.ContainsAny(d.Key, "/ |,") {
		bad("needs a key without spaces and separators")
	}
	if d.Owner == "" {
		bad("needs an owner")
	}
	if d.Kind != Flow && d.Kind != Snapshot && d.Kind != Cohort {
		bad("unknown kind %q", d.Kind)
	}
	if len(d.Facts) == 0 || (d.Aggregate == Ratio || d.Aggregate == CostPer) != (len(d.Of) > 0) {
		bad("aggregate %q does not fit %d facts and %d below the line", d.Aggregate, len(d.Facts), len(d.Of))
	}
	for _, k := range d.keys() {
		m, ok := facts[k]
		switch {
		case !ok:
			bad("unknown fact key %q", k)
		case (d.Aggregate == SumAmount || d.Aggregate == CostPer && slices.Contains(d.Facts, k)) && !m.Amount:
			bad("fact %q carries no amount", k)
		case (d.Aggregate == MedianQty) != m.Minutes, (d.Aggregate == SumHundredths) != m.Hundredths:
			bad("aggregate %q does not fit fact %q", d.Aggregate, k)
		}
	}
	switch d.Aggregate {
	case SumQty, SumAmount, SumHundredths, MedianQty, Ratio, CostPer:
	default:
		bad("unknown aggregate %q", d.Aggregate)
	}
	return errs
}

// Get finds a metric by its key.
func (r *Registry) Get(key string) (Def, bool) {
	d, ok := r.defs[key]
	return d, ok
}

// Has reports whether the key is registered and not deprecated.
func (r *Registry) Has(key string) bool {
	d, ok := r.defs[key]
	return ok && d.Deprecated == ""
}

// All are the metrics in order of registration.
func (r *Registry) All() []Def {
	out := make([]Def, 0, len(r.order))
	for _, k := range r.order {
		out = append(out, r.defs[k])
	}
	return out
}

// Visible are the metrics in use that the actor may see.
func (r *Registry) Visible(a crm.Actor) []Def {
	return slices.DeleteFunc(r.All(), func(d Def) bool { return d.Deprecated != "" || !d.VisibleTo(a) })
}

func fold(s string) string {
	return strings.ToLower(strings.ReplaceAll(crm.Normalize(s), " ", ""))
}

// Find finds a metric by key or name in either language, exact first, else the
// only one whose name contains the text. The error says which ones are near.
func (r *Registry) Find(a crm.Actor, text string) (Def, error) {
	q := fold(text)
	var near []Def
	for _, d := range r.Visible(a) {
		names := []string{fold(d.Key), fold(d.Name.Zh), fold(d.Name.En)}
		if slices.Contains(names, q) {
			return d, nil
		}
		for _, n := range names {
			if q != "" && strings.Contains(n, q) {
				near = append(near, d)
				break
			}
		}
	}
	if len(near) == 1 {
		return near[0], nil
	}
	offer := near
	if len(offer) == 0 {
		offer = r.Visible(a)
	}
	zh, en := make([]string, 0, 8), make([]string, 0, 8)
	for _, d := range offer[:min(len(offer), 8)] {
		zh, en = append(zh, d.Name.Zh), append(en, d.Name.En)
	}
	if len(near) > 1 {
		return Def{}, crm.Invalid("“"+text+"”对应多个指标："+strings.Join(zh, "、"), "“"+text+"” fits several metrics: "+strings.Join(en, ", ")).
			WithNext("请写指标全称", "please give the full name")
	}
	moreZh, moreEn := "", ""
	if len(offer) > len(zh) {
		moreZh, moreEn = fmt.Sprintf(" 等 %d 个，发送 /指标 查看全部", len(offer)), fmt.Sprintf(" and %d more; send /metrics for all", len(offer)-len(zh))
	}
	return Def{}, crm.NotFound("没有叫“"+text+"”的指标", "there is no metric called “"+text+"”").
		WithNext("可用的有："+strings.Join(zh, "、")+moreZh, "there are: "+strings.Join(en, ", ")+moreEn)
}
