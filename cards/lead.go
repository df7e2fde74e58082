package cards

import (
	"fmt"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// ClaimLead claims a lead from the pool for whoever presses it.
type ClaimLead struct {
	Lead crm.LeadID `json:"l"`
	V    int64      `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (ClaimLead) ActionName() string { return "lead.claim" }

// OpenLead shows a lead in detail.
type OpenLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (OpenLead) ActionName() string { return "lead.open" }

// ClearLead ends the review of a lead's data.
type ClearLead struct {
	Lead   crm.LeadID `json:"l"`
	Usable bool       `json:"ok,omitempty"`
}

// ActionName implements card.Action.
func (ClearLead) ActionName() string { return "lead.review" }

// LeadFrame is for whom and when cards about leads are built.
type LeadFrame struct {
	Lang crm.Lang
	Now  time.Time
	Zone *time.Location
	// Rep may claim, Supervisor may assign.
	Rep, Supervisor bool
	// Merger may make one record of two.
	Merger bool
	// Group is a card that a group reads: no names, phones or amounts (PM-03).
	Group bool
}

func (f LeadFrame) minute(t time.Time) string { return t.In(f.Zone).Format("01-02 15:04") }

func (f LeadFrame) command(zh, en, rest string) string {
	return "/" + f.Lang.T(zh, en) + " " + rest
}

func (f LeadFrame) claimButton(v lead.Seen) card.Button {
	b := card.Button{Label: f.Lang.T("认领", "Claim"), Style: card.Primary, Action: ClaimLead{Lead: v.ID, V: v.Version}, Command: f.command("认领", "claim", v.ID.String())}
	return f.notYet(b, v.ClaimableAt, v.CoolingUntil)
}

// notYet disables a claim button during the embargo (P-07) and the viewer's
// cool-down (P-06), and says until when.
func (f LeadFrame) notYet(b card.Button, claimable, cooling time.Time) card.Button {
	l := f.Lang
	switch {
	case claimable.After(f.Now):
		b.Disabled = l.T(f.minute(claimable)+" 起可认领，还有 ", "claimable from "+f.minute(claimable)+", in ") + f.span(claimable.Sub(f.Now))
	case cooling.After(f.Now):
		b.Disabled = l.T("您在冷却期，"+f.minute(cooling)+" 起可认领", "you are in cool-down; claimable from "+f.minute(cooling))
	}
	if b.Disabled != "" {
		b.Style = card.Default
	}
	return b
}

func (f LeadFrame) span(d time.Duration) string {
	d = d.Round(time.Minute)
	h, m := int(d.Hours()), int(d.Minutes())%60
	if h == 0 {
		return f.Lang.T(fmt.Sprintf("%d 分钟", m), fmt.Sprintf("%d min", m))
	}
	return f.Lang.T(fmt.Sprintf("%d 小时 %d 分钟", h, m), fmt.Sprintf("%d h %d min", h, m))
}

func (f LeadFrame) openButton(id crm.LeadID, label string) card.Button {
	return card.Button{Label: label, Action: OpenLead{Lead: id}, Command: f.command("线索", "lead", id.String())}
}

func leadGradeTone(g lead.Grade) card.Tone {
	switch g {
	case "A":
		return card.Danger
	case "B":
		return card.Warning
	case "C":
		return card.Info
	}
	return card.Neutral
}

// dueTone is how urgent the days left are.
func dueTone(left int) card.Tone {
	switch {
	case left < 0:
		return card.Danger
	case left <= 1:
		return card.Warning
	}
	return card.Neutral
}

// dueText is the release day with the working days left.
func (f LeadFrame) dueText(d lead.Due) string {
	l, day := f.Lang, string(d.Release)[5:]
	if d.Trial {
		return day + l.T("（观察期，暂不释放）", " (being observed, nothing is released)")
	}
	switch {
	case d.Left < 0:
		return l.T(fmt.Sprintf("%s（已超 %d 个工作日）", day, -d.Left), day+" ("+workingDays(-d.Left)+" over)")
	case d.Left == 0:
		return l.T(day+"（今天）", day+" (today)")
	}
	return l.T(fmt.Sprintf("%s（剩 %d 个工作日）", day, d.Left), day+" ("+workingDays(d.Left)+" left)")
}

// sourceName shows a stored source in the language where it is a known one.
func sourceName(l crm.Lang, source string) string {
	if s, ok := lead.FindSource(lead.Sources.Default, source); ok {
		return s.Name(l)
	}
	return source
}

func leadFields(f LeadFrame, v lead.Seen) card.Fields {
	l := f.Lang
	var fs card.Fields
	add := func(label, value string, wide bool) {
		if value != "" {
			fs.Items = append(fs.Items, card.Field{Label: label, Value: value, Wide: wide})
		}
	}
	contact := v.Contact
	if v.Title != "" {
		contact = strings.TrimSpace(contact + l.T("（"+v.Title+"）", " ("+v.Title+")"))
	}
	add(l.T("联系人", "Contact"), contact, false)
	add(l.T("电话", "Phone"), v.Phone, false)
	add(l.T("邮箱", "E-mail"), v.Email, false)
	add(l.T("城市", "City"), joinWords(v.City, v.Region), false)
	add(l.T("行业", "Industry"), v.Industry, false)
	add(l.T("来源", "Source"), sourceName(l, v.Source), false)
	add(l.T("预算", "Budget"), v.Budget, false)
	add(l.T("地址", "Address"), v.Address, true)
	add(l.T("需求", "Need"), v.Need, true)
	add(l.T("备注", "Note"), v.Note, true)
	if v.Size != "" {
		add(l.T("规模", "Size"), v.Size, false)
	}
	if !v.NeedAt.IsZero() {
		add(l.T("需求确认", "Need confirmed"), f.minute(v.NeedAt), false)
	}
	add(l.T("评分", "Score"), v.Score.Explain(v.Grade, v.GradeGiven, l), true)
	if v.Given.Holds(f.Now) && !f.Group && !v.Masked {
		add(l.T("✎ 人工评级", "✎ Grade by hand"), f.givenText(v), true)
	}
	return fs
}

func joinWords(words ...string) string {
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// Lead is a lead in detail, as the viewer may see it. lines, if given, come
// first: what has just happened and what to do now.
func Lead(f LeadFrame, v lead.Seen, lines ...string) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: strings.TrimSpace(v.ID.String() + " " + leadTitle(v)), Tone: leadTone(v), About: []crm.Ref{v.Ref()}}
	if v.Grade != "" {
		c.Tags = append(c.Tags, card.Tag{Text: l.T(string(v.Grade)+" 级", "grade "+string(v.Grade)), Tone: leadGradeTone(v.Grade)})
	}
	switch {
	case v.Status != lead.Open:
		c.Tags = append(c.Tags, card.Tag{Text: v.Status.Name(l), Tone: card.Muted})
	case v.InPool():
		c.Tags = append(c.Tags, card.Tag{Text: l.T("待认领", "to claim"), Tone: card.Info})
	case !v.Contacted():
		c.Tags = append(c.Tags, card.Tag{Text: l.T("待首次联系", "not yet contacted"), Tone: card.Warning})
	}
	c.Subtitle = v.PoolTitle.In(l)
	if v.OwnerName != "" {
		c.Subtitle = l.T("负责人 ", "Owner ") + v.OwnerName
	}
	if v.Code != 0 {
		lines = append(lines, MergedLine(l, v.Ref(), v.Code.Ref()))
	}
	for i, s := range lines {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: s, Bold: i == 0}}})
	}
	c.Blocks = append(c.Blocks, leadTwins(f, v)...)
	c.Blocks = append(c.Blocks, leadFields(f, v))
	if items := f.dueFields(v.Due); len(items) > 0 {
		c.Blocks = append(c.Blocks, card.Fields{Items: items})
	}
	c.Blocks = append(c.Blocks, leadStory(f, v)...)
	if v.Masked {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("联系方式在认领后显示（P-08）。", "Contact details are shown once it is claimed (P-08).")})
	}
	bs := leadButtons(f, v)
	if b, ok := filesButton(l, v.Ref(), v.Files); ok && !v.Masked {
		bs = append(bs, b)
	}
	if len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	return c
}

// leadTitle is the name without the code, which stands before it.
func leadTitle(v lead.Seen) string {
	if n := v.Name(); n != v.ID.String() {
		return n
	}
	return ""
}

func leadTone(v lead.Seen) card.Tone {
	switch {
	case v.Status == lead.Converted || v.Status == lead.Invalid:
		return card.Muted
	case v.InPool():
		return card.Info
	case v.Due.Release != "" && v.Due.Left <= 1 && !v.Due.Trial && len(v.Due.Holds) == 0:
		return dueTone(v.Due.Left)
	}
	return card.Success
}

func leadButtons(f LeadFrame, v lead.Seen) []card.Button {
	l, id := f.Lang, v.ID
	var bs []card.Button
	switch {
	case v.Status == lead.Review && f.Supervisor:
		bs = append(bs, card.Button{Label: l.T("资料可用，放回公海", "Data is fine, back to the pool"), Style: card.Primary, Action: ClearLead{Lead: id, Usable: true}, Command: f.command("核对", "review", id.String()+l.T(" 可用", " usable"))},
			card.Button{Label: l.T("标为无效", "Mark as invalid"), Style: card.Risky, Action: ClearLead{Lead: id}, Command: f.command("核对", "review", id.String()+l.T(" 无效", " invalid")),
				Confirm: &card.Confirm{Title: l.T("标为无效？", "Mark as invalid?"), Text: l.T("这条线索不再出现在公海。", "The lead will not appear in the pool any more.")}})
	case v.Status != lead.Open:
	case v.InPool():
		if f.Rep {
			bs = append(bs, f.claimButton(v))
		}
		if f.Supervisor || v.Manages {
			bs = append(bs, f.passButton(v, l.T("分配", "Assign")))
		}
	case v.Mine:
		bs = append(bs, CommandButton(l.T("记跟进", "Log activity"), f.command("跟进", "log", id.String())), f.passButton(v, l.T("转交", "Transfer")), f.releaseButton(id, l.T("释放", "Release")))
		bs = append(bs, f.qualityButtons(v)...)
		bs = append(bs, f.keepButtons(v.Ref().String(), v.Due)...)
	case v.Manages:
		bs = append(bs, f.passButton(v, l.T("分配给别人", "Assign to another")), f.releaseButton(id, l.T("释放", "Release")))
		bs = append(bs, f.qualityButtons(v)...)
	}
	if v.Manages && (v.Status == lead.Open || v.Status == lead.Review) && v.Quality == "" {
		bs = append(bs, f.gradeButton(v))
	}
	return bs
}

// leadStory is what the next owner must know (P-18): the last activities and
// through whose hands it went.
func leadStory(f LeadFrame, v lead.Seen) []card.Block {
	l := f.Lang
	var out []card.Block
	if len(v.Story) > 0 {
		out = append(out, card.Heading{Text: l.T("最近跟进", "Last activities"), Level: 3})
		for _, s := range v.Story {
			out = append(out, card.Text{Spans: []card.Span{{Text: f.minute(s.At) + " " + s.Who + " " + s.Kind.In(l), Tone: card.Muted}, {Text: "\n" + s.Text}}})
		}
	}
	if len(v.Past) == 0 {
		return out
	}
	return append(out, f.pastBlock(v.Past))
}

// pastBlock is through whose hands a record went.
func (f LeadFrame) pastBlock(past []pool.Past) card.Block {
	lines := make([]string, 0, len(past))
	for _, p := range past {
		lines = append(lines, f.pastLine(p))
	}
	return card.Collapsible{Title: f.Lang.T("经手记录", "Former owners"), Blocks: []card.Block{card.P(strings.Join(lines, "\n"))}}
}

func (f LeadFrame) pastLine(p pool.Past) string {
	l := f.Lang
	s := f.minute(p.At) + " " + p.Reason.Name(l)
	who := func(name string) string {
		if name == "" {
			return l.T("公海", "pool")
		}
		return name
	}
	if p.Reason == pool.Merge {
		s += " ← " + p.Note
		if p.To == "" && p.From != "" {
			s = f.minute(p.At) + l.T(" 并入 ", " became part of ") + p.Note
		}
		if p.By != "" {
			s += l.T("（操作人 "+p.By+"）", " (by "+p.By+")")
		}
		return s
	}
	switch {
	case p.From == "" && p.To != "" && (p.Reason == pool.Create || p.Reason == pool.Import):
		s += " → " + p.To // it never was in the pool
	case p.From != "" || p.To != "":
		s += " " + who(p.From) + " → " + who(p.To)
	}
	if p.By != "" && p.By != p.From && p.By != p.To {
		s += l.T("（操作人 "+p.By+"）", " (by "+p.By+")")
	}
	if w := p.Why.In(l); w != "" {
		s += " · " + w
	}
	if p.Note != "" {
		s += " · " + p.Note
	}
	return s
}

// LeadClaimed is the answer to a successful claim: the lead unmasked, its
// story, the numbers and the first thing to do.
func LeadClaimed(f LeadFrame, c lead.Claimed) card.Card {
	l := f.Lang
	if c.Already {
		return Lead(f, c.Seen, l.T("这条线索已在您名下", "This lead is already yours"))
	}
	head := l.T(fmt.Sprintf("认领成功 · 今日已领 %d/%d · 持有 %d/%d", c.Used, c.Limit, c.Held, c.Hold), fmt.Sprintf("Claimed · %d of %d today · you hold %d of %d", c.Used, c.Limit, c.Held, c.Hold))
	who := c.Contact
	if who == "" {
		who = l.T("对方", "them")
	}
	first := l.T("第一步：联系"+who, "First step: contact "+who)
	if !c.Due.Contact.IsZero() {
		first = l.T("第一步："+f.minute(c.Due.Contact)+" 前联系"+who+" "+c.Phone+"，然后记一条跟进", "First step: contact "+who+" "+c.Phone+" by "+f.minute(c.Due.Contact)+", then log it")
	}
	return Lead(f, c.Seen, head, first)
}

// LeadGone replaces the card of a lead that the viewer may not see any more.
func LeadGone(l crm.Lang, id crm.LeadID) card.Card {
	return card.Card{Lang: l, Title: id.String(), Tone: card.Muted, About: []crm.Ref{id.Ref()},
		Blocks: []card.Block{card.P(l.T("这条线索现在由别人跟进，内容不再显示。", "Somebody else follows this lead up now; its content is no longer shown."))}}
}

// LeadSummary is what a group may read about one lead (PM-03): nothing that
// names a person or a company.
func LeadSummary(f LeadFrame, v lead.Seen) card.Card {
	l := f.Lang
	f.Group = true
	c := card.Card{Lang: l, Title: v.ID.String(), Tone: leadTone(v), About: []crm.Ref{v.Ref()}}
	c.Blocks = append(c.Blocks, poolLine(f, v), card.Note{Text: l.T("名称、电话等详情请私聊查看。", "Names and phone numbers are shown in private chat.")})
	return c
}
