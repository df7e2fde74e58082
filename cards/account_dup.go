package cards

import (
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// JoinAccount asks the owner of an account to let the presser work along.
type JoinAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (JoinAccount) ActionName() string { return "account.join" }

// AnswerJoinAccount is the owner's answer.
type AnswerJoinAccount struct {
	Account crm.AccountID `json:"a"`
	User    crm.UserID    `json:"u"`
	Accept  bool          `json:"ok,omitempty"`
}

// ActionName implements card.Action.
func (AnswerJoinAccount) ActionName() string { return "account.join_answer" }

// WatchAccount asks for a reminder when the account is due to be released.
type WatchAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (WatchAccount) ActionName() string { return "account.watch" }

// accountTakenButtons are what can be done about somebody else's account
// (DU-02).
func accountTakenButtons(f LeadFrame, id crm.AccountID, release crm.Day) []card.Button {
	l := f.Lang
	bs := []card.Button{{Label: l.T("申请协作", "Ask to collaborate"), Style: card.Primary, Action: JoinAccount{Account: id}, Command: f.command("协作", "collaborate", id.String())}}
	if release != "" {
		bs = append(bs, card.Button{Label: l.T("到期提醒我", "Remind me at release"), Action: WatchAccount{Account: id}, Command: f.command("到期提醒", "watch", id.String())})
	}
	return bs
}

// AccountTakenBy is the answer of DU-02 to somebody without the right: that the
// account exists, who has it, and the ways on.
func AccountTakenBy(f LeadFrame, t account.TakenBy) card.Card {
	l := f.Lang
	said := l.T("已存在 · 负责人 ", "it exists · owner ") + t.OwnerName
	if t.Release != "" {
		said += l.T(" · 释放日 ", " · release day ") + string(t.Release)[5:]
	}
	return card.Card{Lang: l, Title: l.T("客户 "+t.Account.String()+" 已存在，负责人 "+t.OwnerName, "Account "+t.Account.String()+" exists; its owner is "+t.OwnerName), Tone: card.Warning,
		Blocks: []card.Block{card.P(said), card.Note{Text: l.T("您无权查看它的内容（DU-02）。", "You may not see what is in it (DU-02).")}, card.Buttons{Items: accountTakenButtons(f, t.Account, t.Release)}}}
}

// AccountJoinAsked asks the owner of an account about a colleague who wants to
// work along, and shows what became of it.
func AccountJoinAsked(f LeadFrame, x account.Collab) card.Card {
	id := x.Account.ID
	return joinAsked(f, id.Ref(), x.Account.Name, x.Collaboration, x.UserName, AnswerJoinAccount{Account: id, User: x.User, Accept: true}, AnswerJoinAccount{Account: id, User: x.User})
}

// AccountJoinAnswer tells the colleague who asked what the owner decided, and
// what became of it when the account changed hands.
func AccountJoinAnswer(f LeadFrame, x account.Collab) card.Card {
	return joinAnswer(f, x.Account.ID.Ref(), x.Account.InPool(), x.Collaboration, x.OwnerName)
}

// AccountWatched is the reminder at the release day of somebody else's account.
func AccountWatched(f LeadFrame, x account.Watched) card.Card {
	l, id := f.Lang, x.Account
	c := card.Card{Lang: l, Title: l.T(id.String()+" 到释放日了", id.String()+" has reached its release day"), Tone: card.Info, About: []crm.Ref{id.Ref()}}
	if !x.InPool {
		c.Blocks = []card.Block{card.P(l.T("它仍有负责人："+x.OwnerName, "It still has an owner: "+x.OwnerName)), card.Buttons{Items: accountTakenButtons(f, id, "")}}
		return c
	}
	c.Tone, c.Blocks = f.opening(x.Opening)
	var bs []card.Button
	if x.Opening.Now() && f.Rep {
		bs = append(bs, card.Button{Label: l.T("认领", "Claim"), Style: card.Primary, Action: ClaimAccount{Account: id}, Command: f.command("认领", "claim", id.String())})
	}
	if x.Seen {
		bs = append(bs, f.openAccount(id, l.T("详情", "Details")))
	}
	if len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	return c
}

// joinAsked is the request for a record.
func joinAsked(f LeadFrame, ref crm.Ref, title string, x pool.Collaboration, user string, accept, decline card.Action) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T(user+" 申请协作 "+ref.String(), user+" asks to work along on "+ref.String()), Tone: card.Info, About: []crm.Ref{ref}}
	c.Blocks = []card.Block{card.P(strings.TrimSpace(ref.String() + " " + title)),
		card.Note{Text: l.T("协作人可以查看资料和记跟进，不能改负责人（PM-01）。", "A collaborator reads the record and logs activities, and cannot change its owner (PM-01).")}}
	switch x.State {
	case pool.CollabAsked:
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{
			{Label: l.T("同意", "Accept"), Style: card.Primary, Action: accept, Command: f.command("同意协作", "acceptcollab", ref.String()+" "+user)},
			{Label: l.T("婉拒", "Decline"), Action: decline, Command: f.command("婉拒协作", "declinecollab", ref.String()+" "+user)}}})
	case pool.CollabAccepted:
		c.Tone = card.Success
		c.Blocks = append(c.Blocks, card.P(l.T("已同意，有效期到 "+f.minute(x.ExpiresAt), "Accepted, until "+f.minute(x.ExpiresAt))))
	case pool.CollabEnded:
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.P(l.T("已换负责人，这个申请已结束", "It changed hands; this request has ended")))
	default:
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.P(l.T("已婉拒", "Declined")))
	}
	return c
}

// joinAnswer is what became of a request for a record.
func joinAnswer(f LeadFrame, ref crm.Ref, pooled bool, x pool.Collaboration, owner string) card.Card {
	l, code := f.Lang, ref.String()
	told := func(tone card.Tone, title, text string) card.Card {
		return card.Card{Lang: l, Title: title, Tone: tone, About: []crm.Ref{ref}, Blocks: []card.Block{card.P(text)}}
	}
	switch {
	case x.State == pool.CollabEnded && pooled:
		return told(card.Muted, l.T(code+" 的协作已结束", "Your work on "+code+" has ended"), l.T("它已回到公海，协作随之结束，资料重新隐藏（P-08）；可发送 /认领 "+code+"。", "It went back to the pool, and with it your right to read it (P-08); you may /claim "+code+"."))
	case x.State == pool.CollabEnded:
		return told(card.Muted, l.T(code+" 的协作已结束", "Your work on "+code+" has ended"), l.T("它换了负责人，现在是 "+owner+"。", "It changed hands; its owner is now "+owner+"."))
	case x.State == pool.CollabAsked:
		return told(card.Muted, l.T(code+" 换了负责人，协作待确认", code+" has a new owner, who decides about your work on it"), l.T("新负责人 "+owner+" 同意后可继续协作；在此之前您看不到资料（PM-01）。", "You go on once "+owner+" agrees; until then you cannot read it (PM-01)."))
	case x.State != pool.CollabAccepted:
		return told(card.Muted, l.T(code+" 的协作申请被婉拒", "Your request for "+code+" was declined"), l.T("可在到期后从公海认领，或联系 "+owner+"。", "You may claim it from the pool once it is released, or talk to "+owner+"."))
	}
	c := told(card.Success, l.T(owner+" 同意您协作 "+code, owner+" lets you work along on "+code), l.T("有效期到 "+f.minute(x.ExpiresAt), "until "+f.minute(x.ExpiresAt)))
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{f.openAccount(crm.AccountID(ref.ID), l.T("打开", "Open"))}})
	return c
}
