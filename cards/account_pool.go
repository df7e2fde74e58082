package cards

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// ClaimAccount claims an account from the pool for whoever presses it.
type ClaimAccount struct {
	Account crm.AccountID `json:"a"`
	V       int64         `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (ClaimAccount) ActionName() string { return "account.claim" }

// OpenAccount shows an account in detail.
type OpenAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (OpenAccount) ActionName() string { return "account.open" }

// MoreAccounts shows the next page of the pool of accounts.
type MoreAccounts struct {
	Filter string        `json:"f,omitempty"`
	After  crm.AccountID `json:"a,omitempty"`
}

// ActionName implements card.Action.
func (MoreAccounts) ActionName() string { return "account.pool" }

// AskReleaseAccount shows the form for releasing an account.
type AskReleaseAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (AskReleaseAccount) ActionName() string { return "account.release_form" }

// ReleaseAccount releases an account with the reason of the form.
type ReleaseAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (ReleaseAccount) ActionName() string { return "account.release" }

// AskPassAccount shows the form for passing an account on.
type AskPassAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (AskPassAccount) ActionName() string { return "account.pass_form" }

// PassAccount gives an account to the person of the form.
type PassAccount struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (PassAccount) ActionName() string { return "account.pass" }

// ClearAccount ends the review of an account's data.
type ClearAccount struct {
	Account crm.AccountID `json:"a"`
	Usable  bool          `json:"ok,omitempty"`
}

// ActionName implements card.Action.
func (ClearAccount) ActionName() string { return "account.review" }

func accountTitle(v account.Seen) string {
	if v.Name == account.Hidden {
		return v.ID.String()
	}
	return v.ID.String() + " " + v.Name
}

func (f LeadFrame) claimAccount(v account.Seen) card.Button {
	b := card.Button{Label: f.Lang.T("认领", "Claim"), Style: card.Primary, Action: ClaimAccount{Account: v.ID, V: v.Version}, Command: f.command("认领", "claim", v.ID.String())}
	return f.notYet(b, v.ClaimableAt, v.CoolingUntil)
}

func (f LeadFrame) openAccount(id crm.AccountID, label string) card.Button {
	return card.Button{Label: label, Action: OpenAccount{Account: id}, Command: f.command("客户", "account", id.String())}
}

func (f LeadFrame) passAccount(v account.Seen, label string) card.Button {
	zh, en := "转交", "transfer"
	if !v.Mine {
		zh, en = "分配", "assign"
	}
	return card.Button{Label: label, Action: AskPassAccount{Account: v.ID}, Command: f.command(zh, en, v.ID.String())}
}

func (f LeadFrame) releaseAccount(id crm.AccountID, label string) card.Button {
	return card.Button{Label: label, Action: AskReleaseAccount{Account: id}, Command: f.command("释放", "release", id.String())}
}

// AccountPool lists accounts to claim, with a claim button each (P-08). Accounts
// that were claimed meanwhile stay and show the winner.
func AccountPool(f LeadFrame, filter account.Filter, list account.PoolList) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("客户公海", "Account pool"), Tone: card.Info}
	if w := joinWords(filter.Region, string(filter.Level)); w != "" {
		c.Title += " · " + w
	}
	if !f.Group && f.Rep {
		c.Subtitle = quotaLine(l, list.Status)
	}
	if len(list.Accounts) == 0 {
		c.Tone = card.Muted
		if filter == (account.Filter{}) {
			c.Blocks = []card.Block{card.P(l.T("客户公海里现在没有可认领的客户。", "There is no account to claim in the pool now."))}
			return c
		}
		c.Blocks = []card.Block{card.P(l.T("没有符合条件的客户，试试去掉条件。", "No account fits; try without the filter.")),
			card.Buttons{Items: []card.Button{CommandButton(l.T("查看全部客户公海", "Show the whole pool"), f.command("公海", "pool", l.T("客户", "accounts")))}}}
		return c
	}
	homes := make([]string, len(list.Accounts))
	for i, v := range list.Accounts {
		homes[i] = v.PoolTitle.In(l)
	}
	if filter.Pool != 0 && !several(homes) {
		c.Title = homes[0] + strings.TrimPrefix(strings.TrimPrefix(c.Title, "客户公海"), "Account pool")
	}
	for i, v := range list.Accounts {
		c.About = append(c.About, v.ID.Ref())
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		line := accountLine(f, v)
		if several(homes) {
			line.Spans = append(line.Spans, card.Span{Text: "\n" + homes[i], Tone: card.Muted})
		}
		c.Blocks = append(c.Blocks, line)
		if bs := accountPoolButtons(f, v); len(bs) > 0 {
			c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
		}
	}
	if list.More {
		last := list.Accounts[len(list.Accounts)-1].ID
		c.Blocks = append(c.Blocks, card.Divider{}, card.Buttons{Items: []card.Button{{Label: l.T("看下一批", "Show more"), Action: MoreAccounts{Filter: filter.Words(), After: last},
			Command: f.command("公海", "pool", joinWords(l.T("客户", "accounts"), filter.Words(), ">"+last.String()))}}})
	}
	return c
}

// accountLine is one account of the list. A group reads no names (PM-03).
func accountLine(f LeadFrame, v account.Seen) card.Text {
	l := f.Lang
	head := v.ID.String()
	if !f.Group {
		head = accountTitle(v)
	}
	spans := []card.Span{{Text: head, Bold: true, Strike: v.Owner != 0 && !v.Mine}, {Text: "  " + v.Level.Name(l), Bold: true, Tone: levelTone(v.Level)}}
	details := []string{v.Region, v.Industry}
	if v.Dealt() {
		details = append(details, l.T("已成交", "has bought"))
	}
	if !v.PooledAt.IsZero() && v.Owner == 0 {
		details = append(details, l.T("入池 ", "in the pool since ")+v.PooledAt.In(f.Zone).Format("01-02"))
	}
	if d := joinDots(details...); d != "" {
		spans = append(spans, card.Span{Text: "\n" + d, Tone: card.Muted})
	}
	switch {
	case v.State != account.Live:
		spans = append(spans, card.Span{Text: "\n" + v.State.Name(l), Tone: card.Muted})
	case v.OwnerName != "":
		spans = append(spans, card.Span{Text: "\n" + l.T("已被 "+v.OwnerName+" 认领", "claimed by "+v.OwnerName), Tone: card.Success})
	}
	return card.Text{Spans: spans}
}

func accountPoolButtons(f LeadFrame, v account.Seen) []card.Button {
	l := f.Lang
	var bs []card.Button
	switch {
	case v.State == account.Live && v.Owner == 0:
		if f.Rep || f.Group {
			bs = append(bs, f.claimAccount(v))
		}
		if v.Manages && !f.Group {
			bs = append(bs, f.passAccount(v, l.T("分配", "Assign")))
		}
		if !f.Group {
			bs = append(bs, f.openAccount(v.ID, l.T("详情", "Details")))
		}
	case v.Mine && !f.Group:
		bs = append(bs, f.openAccount(v.ID, l.T("查看", "Open")))
	}
	return bs
}

// accountButtons are what can be done about who owns the account.
func accountButtons(f LeadFrame, v account.Seen) []card.Button {
	l := f.Lang
	switch {
	case v.State == account.Review && v.Manages:
		return []card.Button{{Label: l.T("资料可用，放回公海", "Data is fine, back to the pool"), Style: card.Primary, Action: ClearAccount{Account: v.ID, Usable: true}, Command: f.command("核对", "review", v.ID.String()+l.T(" 可用", " usable"))},
			{Label: l.T("标为无效", "Mark as invalid"), Style: card.Risky, Action: ClearAccount{Account: v.ID}, Command: f.command("核对", "review", v.ID.String()+l.T(" 无效", " invalid")),
				Confirm: &card.Confirm{Title: l.T("标为无效？", "Mark as invalid?"), Text: l.T("这个客户不再出现在公海。", "The account will not appear in the pool any more.")}}}
	case v.State != account.Live:
		return nil
	case v.InPool():
		var bs []card.Button
		if f.Rep {
			bs = append(bs, f.claimAccount(v))
		}
		if v.Manages {
			bs = append(bs, f.passAccount(v, l.T("分配", "Assign")))
		}
		return bs
	case v.Mine:
		return []card.Button{f.passAccount(v, l.T("转交", "Transfer")), f.releaseAccount(v.ID, l.T("释放", "Release"))}
	case v.Manages:
		return []card.Button{f.passAccount(v, l.T("分配给别人", "Assign to another")), f.releaseAccount(v.ID, l.T("释放", "Release"))}
	}
	return nil
}

// ClaimedLine is the first line after a successful claim of an account.
func ClaimedLine(l crm.Lang, c account.Claimed) string {
	if c.Already {
		return l.T("这个客户已在您名下", "This account is already yours")
	}
	s := l.T(fmt.Sprintf("认领成功 · 今日已领 %d/%d", c.Used, c.Limit), fmt.Sprintf("Claimed · %d of %d today", c.Used, c.Limit))
	if c.Hold > 0 {
		s += l.T(fmt.Sprintf(" · 持有 %d/%d", c.Held, c.Hold), fmt.Sprintf(" · you hold %d of %d", c.Held, c.Hold))
	}
	if c.Deals > 0 {
		s += l.T(fmt.Sprintf(" · 随同 %d 个商机，阶段不变", c.Deals), fmt.Sprintf(" · %d open deals came along, in their stage", c.Deals))
	}
	return s
}

// AccountReleaseForm asks why an account is given back (P-17).
func AccountReleaseForm(f LeadFrame, v account.Seen, reasons []pool.ReleaseReason, coolDays int) card.Card {
	return releaseForm(f, v.ID.Ref(), accountTitle(v), reasons, coolDays, ReleaseAccount{Account: v.ID})
}

// AccountPassForm asks who gets the account.
func AccountPassForm(f LeadFrame, v account.Seen, people []org.User) card.Card {
	return passForm(f, v.ID.Ref(), accountTitle(v), v.Mine, people, PassAccount{Account: v.ID})
}

// AccountReleased confirms a release.
func AccountReleased(f LeadFrame, r account.Released) card.Card {
	return released(f, r.ID.Ref(), accountTitle(r.Seen), r.PoolTitle, r.Reason, r.Refunded, r.CoolDays)
}

// AccountPassed confirms that an account has a new owner.
func AccountPassed(f LeadFrame, v account.Seen) card.Card {
	l := f.Lang
	return card.Card{Lang: l, Title: l.T(v.ID.String()+" 已交给 "+v.OwnerName, v.ID.String()+" was given to "+v.OwnerName), Tone: card.Success, About: []crm.Ref{v.ID.Ref()},
		Blocks: []card.Block{card.P(l.T(v.OwnerName+" 会收到通知；联系人和进行中的商机一并移交，阶段不变。", v.OwnerName+" is told; contacts and open deals go along, in their stage."))}}
}

// AccountTaken tells a person that their account went elsewhere.
func AccountTaken(f LeadFrame, id crm.AccountID, last pool.Past) card.Card {
	return taken(f, id.Ref(), last)
}

// AccountLost tells who has the account that somebody wanted, like LeadLost, and
// offers the next account (P-05). next is nil when there is none.
func AccountLost(f LeadFrame, lost account.LostTo, next *account.Seen) card.Card {
	l := f.Lang
	c := lostCard(l, lost.Account.String(), lost.Winner, lost.Since)
	switch {
	case lost.Open:
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{f.openAccount(lost.Account, l.T("打开", "Open"))}})
	case lost.Ask:
		c.Blocks = append(c.Blocks, card.Buttons{Items: accountTakenButtons(f, lost.Account, lost.Release)})
	}
	if next == nil {
		c.Blocks = append(c.Blocks, card.P(l.T("公海里暂时没有其他可认领的客户。", "There is no other account to claim right now.")))
		return c
	}
	c.About = []crm.Ref{next.ID.Ref()}
	c.Blocks = append(c.Blocks, card.Heading{Text: l.T("下一个推荐", "Next account"), Level: 3}, accountLine(f, *next))
	c.Blocks = append(c.Blocks, card.Buttons{Items: append(accountPoolButtons(f, *next), CommandButton(l.T("看公海", "Open the pool"), f.command("公海", "pool", l.T("客户", "accounts"))))})
	return c
}

// AccountClaims is the result of a batch claim, one row each (P-05).
func AccountClaims(f LeadFrame, rs []account.ClaimResult) card.Card {
	rows := make([]claimRow, len(rs))
	for i, r := range rs {
		rows[i] = claimRow{ref: r.ID.Ref(), name: strings.TrimSpace(r.Claimed.Name), err: r.Err, open: f.openAccount(r.ID, f.Lang.T("打开", "Open"))}
	}
	return claims(f, rows)
}

// AccountGone replaces the card of an account that the viewer may not see any
// more.
func AccountGone(l crm.Lang, id crm.AccountID) card.Card {
	return card.Card{Lang: l, Title: id.String(), Tone: card.Muted, About: []crm.Ref{id.Ref()},
		Blocks: []card.Block{card.P(l.T("这个客户现在由别人负责，内容不再显示。", "Somebody else has this account now; its content is no longer shown."))}}
}
