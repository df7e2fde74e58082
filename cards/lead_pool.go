package cards

import (
	"fmt"
	"slices"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// MorePool shows the next page of the pool.
type MorePool struct {
	Filter string     `json:"f,omitempty"`
	After  crm.LeadID `json:"a,omitempty"`
}

// ActionName implements card.Action.
func (MorePool) ActionName() string { return "lead.pool" }

// LeadPool lists leads to claim, masked, with a claim button each (P-08).
// Leads that were claimed meanwhile stay and show the winner.
func LeadPool(f LeadFrame, filter lead.Filter, list lead.PoolList) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("公海", "Lead pool"), Tone: card.Info}
	if w := filterWords(l, filter); w != "" {
		c.Title += " · " + w
	}
	if !f.Group && f.Rep {
		c.Subtitle = quotaLine(l, list.Status)
	}
	if len(list.Leads) == 0 {
		return poolEmpty(c, f, filter)
	}
	homes := make([]string, len(list.Leads))
	for i, v := range list.Leads {
		homes[i] = v.PoolTitle.In(l)
	}
	c.Title = poolsTitle(c.Title, filter.Pool, homes)
	for i, v := range list.Leads {
		c.About = append(c.About, v.Ref())
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		line := poolLine(f, v)
		if several(homes) {
			line.Spans = append(line.Spans, card.Span{Text: "\n" + homes[i], Tone: card.Muted})
		}
		c.Blocks = append(c.Blocks, line)
		if bs := poolButtons(f, v); len(bs) > 0 {
			c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
		}
	}
	if list.More {
		last := list.Leads[len(list.Leads)-1].ID
		c.Blocks = append(c.Blocks, card.Divider{}, card.Buttons{Items: []card.Button{{Label: l.T("看下一批", "Show more"), Action: MorePool{Filter: filter.Words(), After: last},
			Command: f.command("公海", "pool", joinWords(sourceName(l, filter.Source), filter.City, string(filter.Grade), pool.Word(filter.Pool), ">"+last.String()))}}})
	}
	return c
}

// several reports whether the records of a list are of more than one pool.
func several(homes []string) bool {
	return slices.ContainsFunc(homes, func(h string) bool { return h != homes[0] })
}

// poolsTitle is the title of a list that is limited to one pool.
func poolsTitle(title string, only crm.PoolID, homes []string) string {
	if only == 0 || len(homes) == 0 || several(homes) {
		return title
	}
	return homes[0] + strings.TrimPrefix(strings.TrimPrefix(title, "公海"), "Lead pool")
}

func poolEmpty(c card.Card, f LeadFrame, filter lead.Filter) card.Card {
	l := f.Lang
	c.Tone = card.Muted
	if filter == (lead.Filter{}) {
		c.Blocks = []card.Block{card.P(l.T("公海里现在没有可认领的线索。", "There is nothing to claim in the pool now."))}
		return c
	}
	c.Blocks = []card.Block{card.P(l.T("没有符合条件的线索，试试去掉条件。", "No lead fits; try without the filter.")),
		card.Buttons{Items: []card.Button{CommandButton(l.T("查看全部公海", "Show the whole pool"), "/"+l.T("公海", "pool"))}}}
	return c
}

func filterWords(l crm.Lang, f lead.Filter) string {
	var w []string
	if f.Source != "" {
		w = append(w, sourceName(l, f.Source))
	}
	if f.City != "" {
		w = append(w, f.City)
	}
	if f.Grade != "" {
		w = append(w, l.T(string(f.Grade)+" 级", "grade "+string(f.Grade)))
	}
	return strings.Join(w, " ")
}

func quotaLine(l crm.Lang, s pool.Status) string {
	used := pool.Used(s.Standing)
	if !s.Quota.Allowed {
		return l.T(fmt.Sprintf("今天是非工作日，公海不开放认领 · 持有 %d/%d", s.Held, s.Hold), fmt.Sprintf("not a working day, the pool is closed · you hold %d of %d", s.Held, s.Hold))
	}
	return l.T(fmt.Sprintf("今日已领 %d/%d，还可领 %d · 持有 %d/%d", used, s.Quota.Limit, s.Quota.Left(s.Standing), s.Held, s.Hold),
		fmt.Sprintf("%d of %d claimed today, %d left · you hold %d of %d", used, s.Quota.Limit, s.Quota.Left(s.Standing), s.Held, s.Hold))
}

// poolLine is one lead of the list. A group reads no names (PM-03).
func poolLine(f LeadFrame, v lead.Seen) card.Text {
	l := f.Lang
	head := v.ID.String()
	if !f.Group {
		head = strings.TrimSpace(head + " " + leadTitle(v))
	}
	spans := []card.Span{{Text: head, Bold: true, Strike: v.Owner != 0 && !v.Mine}}
	if v.Grade != "" {
		spans = append(spans, card.Span{Text: l.T("  "+string(v.Grade)+" 级", "  grade "+string(v.Grade)), Bold: true, Tone: leadGradeTone(v.Grade)})
	}
	details := []string{sourceName(l, v.Source), v.City, v.Industry}
	if !f.Group {
		details = append(details, v.Contact, v.Phone)
	}
	if d := joinDots(details...); d != "" {
		spans = append(spans, card.Span{Text: "\n" + d, Tone: card.Muted})
	}
	if v.Need != "" && !f.Group {
		spans = append(spans, card.Span{Text: "\n" + l.T("需求：", "Need: ") + shorten(v.Need, 40)})
	}
	switch {
	case v.Status == lead.Review:
		spans = append(spans, card.Span{Text: "\n" + v.Status.Name(l), Tone: card.Muted})
	case v.OwnerName != "":
		spans = append(spans, card.Span{Text: "\n" + l.T("已被 "+v.OwnerName+" 认领", "claimed by "+v.OwnerName), Tone: card.Success})
	}
	return card.Text{Spans: spans}
}

func poolButtons(f LeadFrame, v lead.Seen) []card.Button {
	l := f.Lang
	var bs []card.Button
	switch {
	case v.Status == lead.Open && v.Owner == 0:
		if f.Rep || f.Group {
			bs = append(bs, f.claimButton(v))
		}
		if (f.Supervisor || v.Manages) && !f.Group {
			bs = append(bs, f.passButton(v, l.T("分配", "Assign")))
		}
		if !f.Group {
			bs = append(bs, f.openButton(v.ID, l.T("详情", "Details")))
		}
	case v.Mine && !f.Group:
		bs = append(bs, f.openButton(v.ID, l.T("查看", "Open")))
	}
	return bs
}

func joinDots(words ...string) string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " · ")
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// MyLeads lists a person's leads, the most urgent first. owner is empty for
// the viewer's own.
func MyLeads(f LeadFrame, owner string, list []lead.Seen, hold int) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("我的线索", "My leads"), Tone: card.Info}
	if owner != "" {
		c.Title = l.T(owner+"的线索", "Leads of "+owner)
	}
	if len(list) == 0 {
		c.Tone = card.Muted
		c.Blocks = []card.Block{card.P(l.T("名下没有线索。", "There are none.")), card.Buttons{Items: []card.Button{CommandButton(l.T("去公海看看", "Look at the pool"), "/"+l.T("公海", "pool"))}}}
		return c
	}
	urgent, fresh, late := 0, 0, 0
	rows := make([][]card.Cell, len(list))
	for i, v := range list {
		if v.Due.Left <= 1 && v.Due.Release != "" && !v.Due.Trial && len(v.Due.Holds) == 0 {
			urgent++
		}
		if !v.Contacted() {
			fresh++
		}
		open := f.openButton(v.ID, l.T("打开", "Open"))
		first, tone := l.T("已联系", "done"), card.Muted
		switch contact := v.Due.Contact; {
		case contact.IsZero():
		case contact.Before(f.Now):
			late++
			first, tone = l.T("已超时 ", "was due ")+f.minute(contact), card.Danger
		default:
			first, tone = f.minute(contact)+l.T(" 前", ""), card.Warning
		}
		release, due := f.releaseCell(v.Due)
		rows[i] = []card.Cell{{Text: strings.TrimSpace(v.ID.String() + " " + leadTitle(v))}, {Text: string(v.Grade), Tone: leadGradeTone(v.Grade)},
			{Text: first, Tone: tone}, {Text: release, Tone: due}, {Text: open.Label, Action: &open}}
		if i < maxAbout {
			c.About = append(c.About, v.Ref())
		}
	}
	c.Subtitle = l.T(fmt.Sprintf("共 %d 条，上限 %d · 待首次联系 %d，已超时 %d · 一个工作日内释放 %d", len(list), hold, fresh, late, urgent),
		fmt.Sprintf("%d of at most %d · %d not yet contacted, %d of them late · %d released within a working day", len(list), hold, fresh, late, urgent))
	if urgent+late > 0 {
		c.Tone = card.Warning
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("线索", "Lead")}, {Title: l.T("等级", "Grade")}, {Title: l.T("首次联系", "First contact")},
		{Title: l.T("释放日", "Release")}, {Title: ""}}, Rows: rows}, card.Note{Text: l.T("最急的在最前；期限按 P-11 计算，发送 /为什么 加编号查看依据。", "The most urgent come first; deadlines follow P-11; send /why with a code for the reasons.")}}
	return c
}

// releaseCell is the release day of a list with what is left until then.
func (f LeadFrame) releaseCell(d lead.Due) (string, card.Tone) {
	l := f.Lang
	switch {
	case len(d.Holds) > 0:
		return d.Holds[0].What.Name(l), card.Info
	case d.Release == "":
		return "-", card.Muted
	case d.Trial:
		return string(d.Release)[5:], card.Muted
	}
	return string(d.Release)[5:] + " · " + daysLeft(l, d.Left), dueTone(d.Left)
}

// maxAbout bounds how many records of a long list keep its card current.
const maxAbout = 60

// LeadLost tells who has the lead that somebody wanted: the winner of a race, or an
// owner of long standing with the ways on (DU-02). It offers the next best lead
// (P-05); next is nil when there is none.
func LeadLost(f LeadFrame, lost lead.LostTo, next *lead.Seen) card.Card {
	l := f.Lang
	c := lostCard(l, lost.Lead.String(), lost.Winner, lost.Since)
	if lost.Ask != nil {
		if bs := existsButtons(f, *lost.Ask); len(bs) > 0 {
			c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
		}
	}
	if next == nil {
		c.Blocks = append(c.Blocks, card.P(l.T("公海里暂时没有其他可认领的线索。", "There is no other lead to claim right now.")))
		return c
	}
	c.About = []crm.Ref{next.Ref()}
	c.Blocks = append(c.Blocks, card.Heading{Text: l.T("下一条推荐", "Next best lead"), Level: 3}, poolLine(f, *next))
	bs := poolButtons(f, *next)
	bs = append(bs, CommandButton(l.T("看公海", "Open the pool"), "/"+l.T("公海", "pool")))
	c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	return c
}

func lostCard(l crm.Lang, code, winner, since string) card.Card {
	if since != "" {
		return card.Card{Lang: l, Title: l.T(code+" 的负责人是 "+winner+"（自 "+since+"）", code+" belongs to "+winner+" (since "+since+")"), Tone: card.Info,
			Blocks: []card.Block{card.P(l.T("没有认领，您的额度没有扣除（DU-02）。", "It was not claimed; no quota was used (DU-02)."))}}
	}
	return card.Card{Lang: l, Title: l.T(code+" 已被 "+winner+" 认领", code+" was claimed by "+winner), Tone: card.Warning,
		Blocks: []card.Block{card.P(l.T("手慢了一步，您的额度没有扣除（P-05）。", "Somebody was a moment faster; no quota was used (P-05)."))}}
}

// LeadHoldFull is the refusal by the hold limit with what could be released
// (P-03).
func LeadHoldFull(f LeadFrame, message string, full *pool.HoldFull, own bool) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T(fmt.Sprintf("持有已满 %d/%d", full.Held, full.Limit), fmt.Sprintf("Hold limit reached: %d of %d", full.Held, full.Limit)), Tone: card.Warning,
		Blocks: []card.Block{card.P(message)}}
	if !own || len(full.Candidates) == 0 {
		return c
	}
	c.Blocks = append(c.Blocks, card.Heading{Text: l.T("可以考虑释放", "You could release"), Level: 3})
	for _, x := range full.Candidates {
		release := f.releaseButton(crm.LeadID(x.Ref.ID), l.T("释放 ", "Release ")+x.Ref.String())
		if x.Ref.Kind == crm.KindAccount {
			release = f.releaseAccount(crm.AccountID(x.Ref.ID), release.Label)
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: x.Ref.String() + " " + x.Title, Bold: true},
			{Text: l.T(fmt.Sprintf("\n%d 天没有有效跟进", x.Idle), fmt.Sprintf("\nno valid activity for %d days", x.Idle)), Tone: card.Muted}}},
			card.Buttons{Items: []card.Button{release}})
	}
	return c
}

// LeadClaims is the result of a batch claim, one row each (P-05).
func LeadClaims(f LeadFrame, rs []lead.ClaimResult) card.Card {
	rows := make([]claimRow, len(rs))
	for i, r := range rs {
		rows[i] = claimRow{ref: r.ID.Ref(), err: r.Err, open: f.openButton(r.ID, f.Lang.T("打开", "Open"))}
		if r.Err == nil {
			rows[i].name = r.Claimed.Name()
		}
	}
	return claims(f, rows)
}

// claimRow is one record of a batch claim.
type claimRow struct {
	ref  crm.Ref
	name string
	err  error
	open card.Button
}

func claims(f LeadFrame, rs []claimRow) card.Card {
	l := f.Lang
	good := 0
	rows := make([][]card.Cell, len(rs))
	c := card.Card{Lang: l, Tone: card.Success}
	for i, r := range rs {
		row := []card.Cell{{Text: r.ref.String()}, {}, {Text: crm.MessageOf(r.err, l), Tone: card.Danger}, {}}
		if r.err == nil {
			good++
			row[1].Text, row[2] = r.name, card.Cell{Text: l.T("认领成功", "claimed"), Tone: card.Success}
			row[3] = card.Cell{Text: r.open.Label, Action: &r.open}
			c.About = append(c.About, r.ref)
		}
		rows[i] = row
	}
	c.Title = l.T(fmt.Sprintf("批量认领：成功 %d 条，未成功 %d 条", good, len(rs)-good), fmt.Sprintf("Batch claim: %d claimed, %d not", good, len(rs)-good))
	if good < len(rs) {
		c.Tone = card.Warning
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("编号", "Code")}, {Title: l.T("名称", "Name")}, {Title: l.T("结果", "Result")}, {Title: ""}}, Rows: rows}}
	if good < len(rs) {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("未成功的不占额度。", "What was refused used no quota.")})
	}
	return c
}
