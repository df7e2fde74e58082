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

// JoinLead asks the owner of a lead to let the presser work along.
type JoinLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (JoinLead) ActionName() string { return "lead.join" }

// AnswerJoin is the owner's answer.
type AnswerJoin struct {
	Lead   crm.LeadID `json:"l"`
	User   crm.UserID `json:"u"`
	Accept bool       `json:"ok,omitempty"`
}

// ActionName implements card.Action.
func (AnswerJoin) ActionName() string { return "lead.join_answer" }

// WatchLead asks for a reminder when the lead is due to be released.
type WatchLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (WatchLead) ActionName() string { return "lead.watch" }

// existsButtons are what can be done about a record that exists (DU-02).
func existsButtons(f LeadFrame, d lead.DuplicateOf) []card.Button {
	l := f.Lang
	if d.Match.Ref.Kind == crm.KindAccount {
		return existingAccountButtons(f, d)
	}
	id := crm.LeadID(d.Match.Ref.ID)
	switch {
	case d.InPool && d.Open:
		bs := []card.Button{f.openButton(id, l.T("详情", "Details"))}
		if f.Rep && d.Opening.Now() {
			bs = append([]card.Button{{Label: l.T("认领", "Claim"), Style: card.Primary, Action: ClaimLead{Lead: id}, Command: f.command("认领", "claim", id.String())}}, bs...)
		}
		return bs
	case d.Open:
		return []card.Button{f.openButton(id, l.T("打开", "Open"))}
	case d.Owner == 0:
		return nil
	}
	bs := []card.Button{{Label: l.T("申请协作", "Ask to collaborate"), Style: card.Primary, Action: JoinLead{Lead: id}, Command: f.command("协作", "collaborate", id.String())}}
	if d.Release != "" {
		bs = append(bs, card.Button{Label: l.T("到期提醒我", "Remind me at release"), Action: WatchLead{Lead: id}, Command: f.command("到期提醒", "watch", id.String())})
	}
	return bs
}

// existingAccountButtons are what can be done about an account that exists.
func existingAccountButtons(f LeadFrame, d lead.DuplicateOf) []card.Button {
	l, id := f.Lang, crm.AccountID(d.Match.Ref.ID)
	switch {
	case d.Open:
		bs := []card.Button{f.openAccount(id, l.T("打开", "Open"))}
		if d.InPool && f.Rep && d.Opening.Now() {
			bs = append([]card.Button{{Label: l.T("认领", "Claim"), Style: card.Primary, Action: ClaimAccount{Account: id}, Command: f.command("认领", "claim", id.String())}}, bs...)
		}
		return bs
	case d.Owner == 0:
		return nil
	}
	return accountTakenButtons(f, id, d.Release)
}

// LeadExists is the answer of DU-02: what may be known of the record that
// exists, and the ways on.
func LeadExists(f LeadFrame, d lead.DuplicateOf) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("这家公司已存在", "This company exists already"), Tone: card.Warning, Blocks: []card.Block{card.P(d.Line(l))}}
	switch {
	case d.Match.Kind == "": // somebody asked about it by its code
		c.Title, c.Tone = l.T(d.Match.Ref.String()+" 不在您名下", d.Match.Ref.String()+" is not yours"), card.Info
	case d.Twin != 0:
		c.Blocks = append(c.Blocks, card.Note{Text: d.Match.Kind.Name(l) + l.T("（DU-01），没有保存。", " (DU-01); nothing was saved.")})
	default:
		c.Blocks = append(c.Blocks, card.Note{Text: d.Match.Kind.Name(l) + l.T("（DU-01），没有新建。", " (DU-01); nothing was created.")})
	}
	if d.Open {
		c.About = []crm.Ref{d.Match.Ref}
	}
	if d.InPool && !d.Opening.Now() {
		_, said := f.opening(d.Opening)
		c.Blocks = append(c.Blocks, said...)
	}
	bs := existsButtons(f, d)
	if d.Twin != 0 && d.Open && f.Merger {
		bs = append(bs, f.mergeButton(d.Match.Ref, d.Twin.Ref()))
	}
	if len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	return c
}

// LeadSimilar asks whether a new lead is really another company (DU-01).
func LeadSimilar(f LeadFrame, in CreateLeadAnyway, found []lead.DuplicateOf) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("有名称相近的记录", "Similar names exist"), Tone: card.Warning, Blocks: []card.Block{card.P(l.T("要新建的是："+in.Company, "You are creating: "+in.Company))}}
	for _, d := range found {
		name := l.T("（无权查看名称）", "(its name is not shown to you)")
		if d.Open {
			name = d.Match.Ref.String() + " " + d.Title
			c.About = append(c.About, d.Match.Ref)
		}
		c.Blocks = append(c.Blocks, card.Divider{}, card.Text{Spans: []card.Span{{Text: name, Bold: true},
			{Text: l.T(fmt.Sprintf("\n相似度 %d%% · ", int(d.Match.Similarity*100)), fmt.Sprintf("\n%d %% alike · ", int(d.Match.Similarity*100))) + d.Line(l), Tone: card.Muted}}})
		if bs := existsButtons(f, d); len(bs) > 0 {
			c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
		}
	}
	line := f.command("仍然新建", "createanyway", strings.TrimSpace(strings.Join([]string{crm.Quoted(in.Company), crm.Quoted(in.Contact), crm.Quoted(in.Phone), crm.Quoted(in.Source)}, " ")))
	c.Blocks = append(c.Blocks, card.Divider{}, card.Buttons{Items: []card.Button{{Label: l.T("仍然新建", "Create anyway"), Style: card.Risky, Action: in, Command: line}}},
		card.Note{Text: l.T("确认不是同一家再新建（DU-01）。", "Create it only if it is another company (DU-01).")})
	return c
}

// LeadJoinAsked asks the owner of a lead about a colleague who wants to work
// along, and shows what became of it.
func LeadJoinAsked(f LeadFrame, x lead.Collab) card.Card {
	id := x.Lead.ID
	return joinAsked(f, id.Ref(), leadTitle(x.Lead), x.Collaboration, x.UserName, AnswerJoin{Lead: id, User: x.User, Accept: true}, AnswerJoin{Lead: id, User: x.User})
}

// LeadJoinAnswer tells the colleague who asked what the owner decided, and what
// became of it when the lead changed hands.
func LeadJoinAnswer(f LeadFrame, x lead.Collab) card.Card {
	l := f.Lang
	if x.State != lead.CollabAccepted {
		return joinAnswer(f, x.Lead.Ref(), x.Lead.InPool(), x.Collaboration, x.OwnerName)
	}
	return Lead(f, x.Lead, l.T(x.OwnerName+" 同意您协作这条线索", x.OwnerName+" lets you work along on this lead"), l.T("有效期到 "+f.minute(x.ExpiresAt), "until "+f.minute(x.ExpiresAt)))
}

// LeadWatching confirms a reminder.
func LeadWatching(f LeadFrame, id crm.LeadID, at time.Time) card.Card {
	return Watching(f, id.Ref(), at)
}

// Watching confirms a reminder at the release day of a record.
func Watching(f LeadFrame, ref crm.Ref, at time.Time) card.Card {
	l := f.Lang
	return card.Card{Lang: l, Title: l.T("到期会提醒您", "You will be reminded"), Tone: card.Success,
		Blocks: []card.Block{card.P(l.T(ref.String()+" 的释放日到达时("+f.minute(at)+")会告诉您结果。", "When "+ref.String()+" is due to be released ("+f.minute(at)+") you are told what became of it."))}}
}

// LeadWatched is the reminder at the release day of somebody else's lead.
func LeadWatched(f LeadFrame, d lead.DuplicateOf) card.Card {
	l, ref := f.Lang, d.Match.Ref
	c := card.Card{Lang: l, Title: l.T(ref.String()+" 到释放日了", ref.String()+" has reached its release day"), Tone: card.Info, About: []crm.Ref{ref}}
	if d.InPool {
		c.Tone, c.Blocks = f.opening(d.Opening)
	} else {
		c.Blocks = []card.Block{card.P(l.T("它仍有负责人：", "It still has an owner: ") + d.Line(l))}
	}
	if bs := existsButtons(f, d); len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	return c
}

// opening says of a record that went to a pool when the viewer may claim it.
func (f LeadFrame) opening(o pool.Opening) (card.Tone, []card.Block) {
	l := f.Lang
	t := o.Text(f.Zone)
	blocks := []card.Block{card.P(l.T("它"+t.Zh+"。", "It "+t.En+"."))}
	if o.Now() {
		return card.Success, blocks
	}
	return card.Info, blocks
}
