package assign

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// Words finds what a rule names, and names what a rule holds.
type Words interface {
	TeamNamed(ctx context.Context, text string) (crm.TeamID, error)
	PersonNamed(ctx context.Context, text string) (crm.UserID, error)
	PoolNamed(ctx context.Context, text string) (crm.PoolID, error)
	TeamName(ctx context.Context, id crm.TeamID) string
	PersonName(ctx context.Context, id crm.UserID) string
	PoolName(ctx context.Context, id crm.PoolID, l crm.Lang) string
}

// Change is one edit of the rules as somebody wrote it. Its text can be carried
// in a card and read again.
type Change struct {
	Text string
	// Do is "new", "set", "off", "on", "delete", "up", "down", "to" or "pool".
	Do   string
	Rule int64
	// To is the place of "to", 1 is the first.
	To int
	// Name is the name of a new rule, or of the pool.
	Name string
	// Set are the parts that were written, by key.
	Set    map[string]string
	Reason string
	// Day is from when on it is to hold, empty: the next working day; Urgent: at
	// once, with a second administrator (RC-01). Text does not say either.
	Day    crm.Day
	Urgent bool
}

// The keys of a rule's parts.
const (
	KeyName     = "name"
	KeySource   = "source"
	KeyCampaign = "campaign"
	KeyPlace    = "city"
	KeyProduct  = "product"
	KeyGrade    = "grade"
	KeyPool     = "pool"
	KeySteps    = "do"
	keyReason   = "reason"
)

// Keys are the parts in the order in which they are shown, with their names.
var Keys = []struct {
	Key  string
	Name crm.Text
}{
	{KeySource, crm.Text{Zh: "来源", En: "source"}}, {KeyCampaign, crm.Text{Zh: "活动", En: "campaign"}}, {KeyPlace, crm.Text{Zh: "城市", En: "city"}},
	{KeyProduct, crm.Text{Zh: "产品", En: "product"}}, {KeyGrade, crm.Text{Zh: "等级", En: "grade"}}, {KeyPool, crm.Text{Zh: "池", En: "pool"}}, {KeySteps, crm.Text{Zh: "方式", En: "do"}},
}

var keyWords = map[string]string{"名称": KeyName, "来源": KeySource, "渠道": KeySource, "channel": KeySource, "活动": KeyCampaign, "城市": KeyPlace, "区域": KeyPlace, "region": KeyPlace,
	"产品": KeyProduct, "等级": KeyGrade, "池": KeyPool, "公海": KeyPool, "方式": KeySteps, "原因": keyReason}

var verbs = map[string]string{"停用": "off", "off": "off", "启用": "on", "on": "on", "删除": "delete", "delete": "delete", "上移": "up", "up": "up", "下移": "down", "down": "down"}

func keyOf(word string) (string, bool) {
	if k, ok := keyWords[word]; ok {
		return k, true
	}
	w := strings.ToLower(word)
	if k, ok := keyWords[w]; ok {
		return k, true
	}
	switch w {
	case KeyName, KeySource, KeyCampaign, KeyPlace, KeyProduct, KeyGrade, KeyPool, KeySteps, keyReason:
		return w, true
	}
	return "", false
}

// timing takes from when on a change holds out of its words. Inside a name or a
// reason "urgent" is a word like any other, unless it is the last of all. The first
// word is what the change is about and may be called anything.
func (c *Change) timing(words []string) ([]string, error) {
	var rest []string
	said := "" // which value the word belongs to
	for i, w := range words {
		name, day, ok := strings.Cut(w, "=")
		if ok {
			said, _ = keyOf(name)
		}
		switch {
		case i > 0 && (said != KeyName && said != keyReason || i == len(words)-1) && (w == "加急" || strings.EqualFold(w, "urgent")):
			c.Urgent = true
		case ok && (name == "生效" || strings.EqualFold(name, "from")):
			d, err := crm.ParseDay(day)
			if err != nil {
				return nil, err
			}
			c.Day = d
		default:
			rest = append(rest, w)
		}
	}
	return rest, nil
}

// ParseChange reads "新建 华东展会 来源=展会 等级=A 方式=派单 华东 2人 > 认领", "2 停用",
// "2 等级=A,B", "2 第 1", "公海 华东池 方式=轮流". A value goes on until the next word
// with a "=" behind a known name. "生效=2026-03-10" and "加急" stand outside names and reasons.
func ParseChange(text string) (Change, error) {
	c := Change{Text: crm.Normalize(text), Set: map[string]string{}}
	words := strings.Fields(c.Text)
	if len(words) == 0 {
		return c, crm.Invalid("请写要改什么", "say what to change").WithNext("例如 /分配规则 新建 华东展会 来源=展会 方式=轮流 华东", "for example /assignrules new Fairs source=fair do=turn East")
	}
	first := words[0]
	rest, err := c.timing(words[1:])
	if err != nil {
		return c, err
	}
	c.Text = strings.Join(append([]string{first}, rest...), " ")
	switch {
	case first == "新建" || strings.EqualFold(first, "new"):
		c.Do = "new"
	case first == "公海" || first == "池" || strings.EqualFold(first, "pool"):
		c.Do = "pool"
	default:
		id, err := strconv.ParseInt(first, 10, 64)
		if err != nil || id <= 0 {
			return c, crm.Invalid("“"+first+"”不是规则的编号", "“"+first+"” is not the number of a rule").WithNext("发送 /分配规则 查看全部；新建写 /分配规则 新建 名称 …", "send /assignrules for all, /assignrules new NAME … for a new one")
		}
		c.Do, c.Rule = "set", id
	}
	if c.Do == "set" && len(rest) > 0 {
		if do, ok := verbs[strings.ToLower(rest[0])]; ok {
			c.Do, rest = do, rest[1:]
		} else if place, ok := placeOf(rest); ok {
			c.Do, c.To = "to", place
			rest = rest[len(rest):]
		}
	}
	last := ""
	for _, w := range rest {
		if k, v, ok := strings.Cut(w, "="); ok {
			key, known := keyOf(k)
			if !known {
				return c, crm.Invalid("不认识“"+k+"”", "“"+k+"” is not known").WithNext("可以写：名称、来源、活动、城市、产品、等级、池、方式、原因、生效", "there are: name, source, campaign, city, product, grade, pool, do, reason, from")
			}
			c.Set[key], last = v, key
			continue
		}
		switch {
		case last != "":
			c.Set[last] = strings.TrimSpace(c.Set[last] + " " + w)
		case c.Do == "new" || c.Do == "pool":
			c.Name = strings.TrimSpace(c.Name + " " + w)
		default:
			return c, crm.Invalid("不认识“"+w+"”", "“"+w+"” is not known").WithNext("可以写 停用、启用、删除、上移、下移、第 1，或 来源=… 这样的修改", "it takes off, on, delete, up, down, to 1, or changes such as source=…")
		}
	}
	c.Reason = c.Set[keyReason]
	delete(c.Set, keyReason)
	if c.Do == "set" && len(c.Set) == 0 {
		return c, crm.Invalid("没有写要改什么", "there is nothing to change").WithNext("例如 /分配规则 2 等级=A,B", "for example /assignrules 2 grade=A,B")
	}
	return c, nil
}

// placeOf reads "第 1", "第1", "to 1".
func placeOf(words []string) (int, bool) {
	w := strings.ToLower(strings.Join(words, " "))
	for _, head := range []string{"第", "到", "to "} {
		if t, ok := strings.CutPrefix(w, head); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(t, "位")))
			return n, err == nil && n > 0
		}
	}
	return 0, false
}

// Without is the change's text without its reason.
func (c Change) Without() string {
	for _, k := range []string{" 原因=", " reason="} {
		if i := strings.Index(c.Text, k); i >= 0 {
			return c.Text[:i]
		}
	}
	return c.Text
}

// Apply is the book after the change, and the rule that it is about; a zero one
// for a pool's way.
func (c Change) Apply(ctx context.Context, b Book, sources []lead.Source, w Words) (Book, Rule, error) {
	out := b.clone()
	if c.Do == "pool" {
		return c.applyWay(ctx, out, w)
	}
	if c.Do == "new" {
		r := Rule{ID: b.next(), Name: c.Name}
		if n := c.Set[KeyName]; n != "" {
			r.Name = n
		}
		if err := c.fill(ctx, &r, sources, w); err != nil {
			return b, r, err
		}
		out.Rules = append(out.Rules, r)
		return out, r, out.Check()
	}
	i := b.index(c.Rule)
	if i < 0 {
		return b, Rule{}, crm.NotFound(fmt.Sprintf("没有分配规则 %d", c.Rule), fmt.Sprintf("there is no rule %d", c.Rule)).WithNext("发送 /分配规则 查看全部", "send /assignrules for all")
	}
	r := out.Rules[i]
	move := func(to int) {
		out.Rules = slices.Delete(out.Rules, i, i+1)
		out.Rules = slices.Insert(out.Rules, max(0, min(to, len(out.Rules))), r)
	}
	switch c.Do {
	case "set":
		if n := c.Set[KeyName]; n != "" {
			r.Name = n
		}
		if err := c.fill(ctx, &r, sources, w); err != nil {
			return b, r, err
		}
		out.Rules[i] = r
	case "off", "on":
		r.Off = c.Do == "off"
		out.Rules[i] = r
	case "delete":
		out.Rules = slices.Delete(out.Rules, i, i+1)
	case "up":
		move(i - 1)
	case "down":
		move(i + 1)
	case "to":
		move(c.To - 1)
	}
	return out, r, out.Check()
}

func (c Change) applyWay(ctx context.Context, out Book, w Words) (Book, Rule, error) {
	name := c.Name
	if v := c.Set[KeyPool]; v != "" {
		name = v
	}
	if name == "" {
		name = "公海"
	}
	id, err := w.PoolNamed(ctx, name)
	if err != nil {
		return out, Rule{}, err
	}
	i := slices.IndexFunc(out.Ways, func(x Way) bool { return x.Pool == id })
	switch text := c.Set[KeySteps]; {
	case none(text):
		if i >= 0 {
			out.Ways = slices.Delete(out.Ways, i, i+1)
		}
	default:
		steps, err := ParseSteps(ctx, text, w)
		if err != nil {
			return out, Rule{}, err
		}
		if i >= 0 {
			out.Ways[i].Steps = steps
		} else {
			out.Ways = append(out.Ways, Way{Pool: id, Steps: steps})
		}
	}
	return out, Rule{}, out.Check()
}

func none(text string) bool {
	return slices.Contains([]string{"", "无", "不限", "none", "any", "-"}, strings.ToLower(strings.TrimSpace(text)))
}

// fill takes over the parts that were written; "无" clears one.
func (c Change) fill(ctx context.Context, r *Rule, sources []lead.Source, w Words) error {
	list := func(key string, to *[]string) {
		if v, ok := c.Set[key]; ok {
			*to = splitList(v)
		}
	}
	list(KeyCampaign, &r.When.Campaigns)
	list(KeyPlace, &r.When.Places)
	list(KeyProduct, &r.When.Products)
	if v, ok := c.Set[KeySource]; ok {
		r.When.Sources = splitList(v)
		for i, s := range r.When.Sources {
			if src, ok := lead.FindSource(sources, s); ok {
				r.When.Sources[i] = src.Zh
			}
		}
	}
	for i, p := range r.When.Places {
		r.When.Places[i] = strings.TrimSuffix(p, "市")
	}
	if v, ok := c.Set[KeyGrade]; ok {
		r.When.Grades = nil
		if !none(v) {
			for _, g := range strings.Split(strings.ToUpper(strings.Join(splitList(strings.Join(strings.Fields(v), ",")), "")), "") {
				r.When.Grades = append(r.When.Grades, lead.Grade(g))
			}
		}
	}
	if v, ok := c.Set[KeyPool]; ok {
		r.When.Pools = nil
		for _, name := range splitList(v) {
			id, err := w.PoolNamed(ctx, name)
			if err != nil {
				return err
			}
			r.When.Pools = append(r.When.Pools, id)
		}
	}
	if v, ok := c.Set[KeySteps]; ok || len(r.Steps) == 0 {
		steps, err := ParseSteps(ctx, v, w)
		if err != nil {
			return err
		}
		r.Steps = steps
	}
	return nil
}

func splitList(v string) []string {
	if none(v) {
		return nil
	}
	var out []string
	for _, p := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(",，、;/", r) }) {
		if p = strings.TrimSpace(p); p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// ParseSteps reads "派单 华东 2人 > 轮流 华东 > 认领".
func ParseSteps(ctx context.Context, text string, w Words) ([]Step, error) {
	var out []Step
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '>' || r == '→' }) {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		s, ok := Step{}, false
		for m, name := range methodNames {
			if words[0] == name.Zh || strings.EqualFold(words[0], name.En) {
				s.Method, ok = m, true
			}
		}
		if !ok {
			return nil, crm.Invalid("没有“"+words[0]+"”这种方式", "there is no method “"+words[0]+"”").WithNext("方式有：轮流、加权、派单、认领、人工", "the methods are: turn, weighted, offer, claim, manual")
		}
		if err := s.scope(ctx, strings.Join(words[1:], " "), w); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, checkSteps(out)
}

// scope reads who may get it: teams and people, and for offers how many are
// asked.
func (s *Step) scope(ctx context.Context, text string, w Words) error {
	var names []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、", r) }) {
		words := strings.Fields(part)
		var rest []string
		for i := 0; i < len(words); i++ {
			if n, used := mostOf(words[i:]); used > 0 {
				s.Most = n
				i += used - 1
				continue
			}
			rest = append(rest, words[i])
		}
		if len(rest) > 0 {
			names = append(names, strings.Join(rest, " "))
		}
	}
	for _, n := range names {
		if err := s.named(ctx, n, w); err != nil {
			words := strings.Fields(n)
			if len(words) < 2 {
				return err
			}
			for _, x := range words { // several names with spaces between them
				if e := s.named(ctx, x, w); e != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Step) named(ctx context.Context, name string, w Words) error {
	if t, err := w.TeamNamed(ctx, strings.TrimPrefix(name, "@")); err == nil && !strings.HasPrefix(name, "@") {
		s.Teams = append(s.Teams, t)
		return nil
	}
	u, err := w.PersonNamed(ctx, name)
	if err != nil {
		return crm.NotFound("没有叫“"+name+"”的团队或成员", "there is no team or person called “"+name+"”").WithNext("请写团队名称或成员姓名", "write the name of a team or a person")
	}
	s.People = append(s.People, u)
	return nil
}

// mostOf reads "2人", "2 人", "2 people".
func mostOf(words []string) (n, used int) {
	units := []string{"人", "people", "person"}
	if t, ok := strings.CutSuffix(words[0], "人"); ok {
		if n, err := strconv.Atoi(t); err == nil {
			return n, 1
		}
	}
	if n, err := strconv.Atoi(words[0]); err == nil && len(words) > 1 && slices.Contains(units, strings.ToLower(words[1])) {
		return n, 2
	}
	return 0, 0
}

// StepsText is steps as ParseSteps reads them.
func StepsText(ctx context.Context, l crm.Lang, steps []Step, w Words) string {
	parts := make([]string, len(steps))
	for i, s := range steps {
		var who []string
		for _, t := range s.Teams {
			who = append(who, w.TeamName(ctx, t))
		}
		for _, p := range s.People {
			who = append(who, w.PersonName(ctx, p))
		}
		if s.Most > 0 {
			who = append(who, l.T(fmt.Sprintf("%d人", s.Most), fmt.Sprintf("%d people", s.Most)))
		}
		parts[i] = strings.TrimSpace(s.Method.Name(l) + " " + strings.Join(who, l.T("、", ", ")))
	}
	return strings.Join(parts, " > ")
}

// Part is the value of one part of the rule as it is written; empty: any.
func (r Rule) Part(ctx context.Context, l crm.Lang, key string, w Words) string {
	comma := l.T("、", ", ")
	switch key {
	case KeySource:
		return strings.Join(r.When.Sources, comma)
	case KeyCampaign:
		return strings.Join(r.When.Campaigns, comma)
	case KeyPlace:
		return strings.Join(r.When.Places, comma)
	case KeyProduct:
		return strings.Join(r.When.Products, comma)
	case KeyGrade:
		s := make([]string, len(r.When.Grades))
		for i, g := range r.When.Grades {
			s[i] = string(g)
		}
		return strings.Join(s, comma)
	case KeyPool:
		s := make([]string, len(r.When.Pools))
		for i, p := range r.When.Pools {
			s[i] = w.PoolName(ctx, p, l)
		}
		return strings.Join(s, comma)
	case KeySteps:
		return StepsText(ctx, l, r.Steps, w)
	}
	return ""
}
