package cards

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

// AcceptOffer takes a lead that was offered to the presser.
type AcceptOffer struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (AcceptOffer) ActionName() string { return "assign.accept" }

// DeclineOffer gives an offer back with the reason of the form.
type DeclineOffer struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (DeclineOffer) ActionName() string { return "assign.decline" }

// AssignByRules gives one lead out as the rules say.
type AssignByRules struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (AssignByRules) ActionName() string { return "assign.rules" }

// AssignNames name what distribution is about, in the reader's language.
type AssignNames struct {
	Person func(crm.UserID) string
	Pool   func(crm.PoolID) string
	Steps  func([]assign.Step) string
	// Part is one part of a rule as it is written; empty: any.
	Part func(assign.Rule, string) string
}

// whyMe says why somebody got the lead, or is asked (AS-02).
func whyMe(l crm.Lang, f LeadFrame, r assign.Run) string {
	w := r.Why
	s := l.T("为什么是我：", "Why me: ")
	switch {
	case r.Cause == assign.Reassign:
		s += l.T("原负责人超时未联系，自动改派", "its owner did not contact it in time, so it was given to somebody else")
	case r.Rule.ID != 0:
		s += l.T(fmt.Sprintf("规则 %d“%s”", r.Rule.ID, r.Rule.Name), fmt.Sprintf("rule %d “%s”", r.Rule.ID, r.Rule.Name))
	default:
		s += l.T("公海的默认方式", "the way of its pool")
	}
	if r.Rule.Version != 0 {
		s += l.T(fmt.Sprintf("（版本 %d）", r.Rule.Version), fmt.Sprintf(" (version %d)", r.Rule.Version))
	}
	s += l.T("，", ", ") + w.Method.Name(l) + l.T("：", ": ")
	switch {
	case w.Method == assign.Turn && w.Last.IsZero():
		s += l.T("您还没有分到过线索", "you have not had one yet")
	case w.Method == assign.Turn:
		s += l.T("您上次分到是 "+f.minute(w.Last)+"，等得最久", "your last one was at "+f.minute(w.Last)+", the longest ago")
	default:
		s += l.T(fmt.Sprintf("您今天收到 %d 条，权重 %d，按比例最少", w.Received, max(1, w.Weight)), fmt.Sprintf("you got %d today with a weight of %d, the least in proportion", w.Received, max(1, w.Weight)))
	}
	s += l.T(fmt.Sprintf("（%d 位可接收的同事中）", w.Rivals), fmt.Sprintf(" (of %d who could take it)", w.Rivals))
	if w.Bounces > 0 {
		s += l.T(fmt.Sprintf("；之前有 %d 位没有接", w.Bounces), fmt.Sprintf("; %d did not take it before", w.Bounces))
	}
	return s
}

// AssignOffer asks somebody to take a lead, and afterwards shows what became of
// it (AS-03).
func AssignOffer(f LeadFrame, o assign.Shown, reasons []assign.Reason) card.Card {
	l, id := f.Lang, o.Lead
	c := card.Card{Lang: l, Title: l.T("派单 ", "Offer ") + strings.TrimSpace(id.String()+" "+leadTitle(o.Seen)), Tone: card.Warning, About: []crm.Ref{id.Ref()}}
	if o.Grade != "" {
		c.Tags = append(c.Tags, card.Tag{Text: l.T(string(o.Grade)+" 级", "grade "+string(o.Grade)), Tone: leadGradeTone(o.Grade)})
	}
	until := f.minute(o.Expires)
	open := o.State == assign.OfferOpen && f.Now.Before(o.Expires)
	if open {
		c.Subtitle = l.T("请在 "+until+" 前确认", "please answer by "+until)
		c.Summary = l.T("有一条线索派给您，请在 "+until+" 前确认", "a lead is offered to you; please answer by "+until)
		c.Blocks = append(c.Blocks, leadFields(f, o.Seen))
		if o.Run.Why.Rivals > 0 {
			c.Blocks = append(c.Blocks, card.Note{Text: whyMe(l, f, o.Run)})
		}
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("接受", "Accept"), Style: card.Primary, Action: AcceptOffer{Lead: id}, Command: f.command("接受", "accept", id.String())}}})
		var opts []card.Option
		for _, r := range reasons {
			opts = append(opts, card.Option{Value: r.Code, Label: r.Name(l)})
		}
		line := f.command("婉拒", "pass", id.String()+" "+reasons[0].Name(l))
		c.Blocks = append(c.Blocks, card.Form{Name: "decline", Inputs: []card.Input{
			{Kind: card.SelectInput, Name: LeadReason, Label: l.T("婉拒原因", "Why not"), Required: true, Options: opts},
			{Kind: card.TextInput, Name: LeadNote, Label: l.T("说明", "In your own words"), MaxLen: 200, Placeholder: l.T("选“其他”时必填", "required with “other”")},
		}, Submit: card.Button{Label: l.T("婉拒", "Decline"), Action: DeclineOffer{Lead: id}, Command: line}, Example: line},
			card.Note{Text: l.T("到时未确认或婉拒，会派给下一位（AS-03）；不影响您的持有和认领额度。", "If it is declined or not answered in time the next colleague is asked (AS-03); nothing is counted against you.")})
		return c
	}
	text := ""
	switch o.State {
	case assign.OfferAccepted:
		c.Tone, text = card.Success, l.T("您已接受，线索在您名下。", "You accepted it; the lead is yours.")
	case assign.OfferDeclined:
		c.Tone, text = card.Muted, l.T("您已婉拒："+reasonName(l, reasons, o.Reason), "You declined: "+reasonName(l, reasons, o.Reason))
		if o.Note != "" {
			text += " · " + o.Note
		}
	case assign.OfferVoid:
		c.Tone, text = card.Muted, l.T("这条线索已由经理或别人处理，派单作废。", "The lead went another way meanwhile; this offer is void.")
	default:
		c.Tone, text = card.Muted, l.T("已超时（"+until+"），派给了下一位。", "The time is up ("+until+"); the next colleague is asked.")
	}
	c.Blocks = append(c.Blocks, card.P(text))
	if o.State == assign.OfferAccepted {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{f.openButton(id, l.T("打开线索", "Open the lead"))}})
	}
	return c
}

func reasonName(l crm.Lang, list []assign.Reason, code string) string {
	for _, r := range list {
		if r.Code == code {
			return r.Name(l)
		}
	}
	return code
}

// AssignGiven tells somebody that they got a lead by the rules, and why (AS-02).
func AssignGiven(f LeadFrame, v lead.Seen, r assign.Run, byRules bool) card.Card {
	l := f.Lang
	line := l.T("有一条线索分给您了", "A lead was assigned to you")
	if !byRules {
		return Lead(f, v)
	}
	first := l.T("请尽快联系并记一条跟进", "please contact them soon and log it")
	if !v.Due.Contact.IsZero() {
		first = l.T("请在 "+f.minute(v.Due.Contact)+" 前联系，然后记一条跟进", "please contact them by "+f.minute(v.Due.Contact)+", then log it")
	}
	c := Lead(f, v, line+l.T("，", "; ")+first, whyMe(l, f, r))
	c.Summary = line + l.T("：", ": ") + v.ID.String()
	return c
}

// AssignAccepted confirms an acceptance: the lead unmasked, and what to do first.
func AssignAccepted(f LeadFrame, v lead.Seen) card.Card {
	l := f.Lang
	first := l.T("第一步：联系对方", "First step: contact them")
	if !v.Due.Contact.IsZero() {
		first = l.T("第一步："+f.minute(v.Due.Contact)+" 前联系"+v.Contact+" "+v.Phone+"，然后记一条跟进", "First step: contact "+v.Contact+" "+v.Phone+" by "+f.minute(v.Due.Contact)+", then log it")
	}
	return Lead(f, v, l.T("接受成功，线索在您名下", "Accepted; the lead is yours"), first)
}

// AssignManual asks a manager who gets a lead that nobody took (AS-03).
func AssignManual(f LeadFrame, d assign.Decision, n AssignNames) card.Card {
	l, v := f.Lang, d.Seen
	c := card.Card{Lang: l, Title: l.T("请分配 ", "Please assign ") + strings.TrimSpace(v.ID.String()+" "+leadTitle(v)), Tone: card.Warning, About: []crm.Ref{v.Ref()}, Summary: l.T("有一条线索等您分配", "a lead waits for you to assign it")}
	if v.Grade != "" {
		c.Tags = append(c.Tags, card.Tag{Text: l.T(string(v.Grade)+" 级", "grade "+string(v.Grade)), Tone: leadGradeTone(v.Grade)})
	}
	if v.Owner != 0 || v.Status != lead.Open {
		c.Tone = card.Success
		text := l.T("已由 "+v.OwnerName+" 跟进。", v.OwnerName+" follows it up now.")
		if v.Owner == 0 {
			c.Tone, text = card.Muted, v.Status.Name(l)
		}
		c.Blocks = []card.Block{card.P(text)}
		return c
	}
	reason := l.T("规则把它交给经理决定。", "The rule leaves it to a manager.")
	if len(d.Asked) > 0 {
		reason = l.T(fmt.Sprintf("派单 %d 次没有人接（AS-03），现在留在公海。", len(d.Asked)), fmt.Sprintf("It was offered %d times and nobody took it (AS-03); it is in the pool now.", len(d.Asked)))
	}
	c.Blocks = append(c.Blocks, card.P(reason), leadFields(f, v))
	if len(d.Asked) > 0 {
		lines := make([]string, len(d.Asked))
		for i, o := range d.Asked {
			what := l.T("超时未确认", "did not answer in time")
			if o.State == assign.OfferDeclined {
				what = l.T("婉拒：", "declined: ") + reasonName(l, d.Reasons, o.Reason)
				if o.Note != "" {
					what += " · " + o.Note
				}
			}
			lines[i] = f.minute(o.CreatedAt) + " " + n.Person(o.User) + " " + what
		}
		c.Blocks = append(c.Blocks, card.P(strings.Join(lines, "\n")))
	}
	c.Blocks = append(c.Blocks, assignForm(f, v.ID, d.People)...)
	return c
}

// assignForm chooses who gets a lead.
func assignForm(f LeadFrame, id crm.LeadID, people []org.User) []card.Block {
	l := f.Lang
	var opts []card.Option
	for _, p := range people[:min(len(people), 50)] {
		opts = append(opts, card.Option{Value: fmt.Sprint(int64(p.ID)), Label: p.Name})
	}
	if len(opts) == 0 {
		return []card.Block{card.P(l.T("您的团队里没有可以接收的销售。", "There is no sales rep in your teams who could receive it."))}
	}
	line := f.command("分配", "assign", id.String()+" "+opts[0].Label)
	return []card.Block{card.Form{Name: "give", Inputs: []card.Input{{Kind: card.PersonInput, Name: LeadPerson, Label: l.T("交给", "To"), Required: true, Options: opts}},
		Submit: card.Button{Label: l.T("分配", "Assign"), Style: card.Primary, Action: PassLead{Lead: id}, Command: line}, Example: line}}
}

// AssignClaim lists new leads of a pool for those who may claim them.
func AssignClaim(f LeadFrame, pool string, list lead.PoolList) card.Card {
	c := LeadPool(f, lead.Filter{}, list)
	c.Title = f.Lang.T(pool+" 有新线索", "New leads in "+pool)
	c.Summary = f.Lang.T(pool+" 有新线索可认领", "there are new leads to claim in "+pool)
	return c
}

// AssignUnplaced tells a manager how many leads nobody could take on a day.
func AssignUnplaced(l crm.Lang, day crm.Day, counts map[string]int) card.Card {
	total := 0
	c := card.Card{Lang: l, Title: l.T("没有人可以接收的线索", "Leads that nobody could take"), Subtitle: string(day), Tone: card.Warning}
	var fs card.Fields
	for _, name := range sortedNames(counts) {
		total += counts[name]
		fs.Items = append(fs.Items, card.Field{Label: name, Value: l.T(fmt.Sprintf("%d 条", counts[name]), fmt.Sprintf("%d leads", counts[name]))})
	}
	if total == 0 {
		c.Tone = card.Success
		c.Blocks = []card.Block{card.P(l.T("都已有人跟进。", "Somebody follows up all of them."))}
		return c
	}
	c.Summary = l.T(fmt.Sprintf("%d 条线索没有人可以接收", total), fmt.Sprintf("nobody could take %d leads", total))
	c.Blocks = []card.Block{card.P(l.T("按规则没有找到可接收的人（额度、持有、值班），它们留在公海，可以认领。", "By the rules nobody could take them (quota, hold limit, duty). They stay in the pool and can be claimed.")), fs,
		card.Buttons{Items: []card.Button{CommandButton(l.T("看公海", "Open the pool"), l.T("/公海", "/pool")), CommandButton(l.T("看值班", "See the roster"), l.T("/值班", "/roster"))}}}
	return c
}
