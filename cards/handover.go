package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/handover"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

// AcceptHandover lets the records that are proposed for one person go there, or
// all of them with a zero one.
type AcceptHandover struct {
	Handover int64      `json:"h"`
	To       crm.UserID `json:"u,omitempty"`
}

// ActionName implements card.Action.
func (AcceptHandover) ActionName() string { return "handover.accept" }

// GiveHandover changes who gets a part of a hand-over, as the form says.
type GiveHandover struct {
	Handover int64 `json:"h"`
}

// ActionName implements card.Action.
func (GiveHandover) ActionName() string { return "handover.give" }

// The inputs of the form.
const (
	HandoverWhat = "what"
	HandoverTo   = "to"
)

// handoverRows bounds the records that a card names.
const handoverRows = 30

func handoverCommand(l crm.Lang, name, zh, en string) string {
	return strings.TrimSpace(l.T("/交接 ", "/handover ") + name + " " + l.T(zh, en))
}

// HandoverCard is a leaver's hand-over for their manager: who is proposed to get
// what, and how far it is (HO-01).
func HandoverCard(f LeadFrame, h handover.Split, who string, name func(crm.UserID) string) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T(who+"的交接", "Hand-over of "+who), Tone: card.Warning, About: []crm.Ref{h.Ref()}}
	counts := map[handover.ItemState]int{}
	for _, x := range h.Items {
		counts[x.State]++
	}
	left := counts[handover.Proposed] + counts[handover.Failed]
	c.Subtitle = l.T(fmt.Sprintf("共 %d 项 · 待确认 %d · 交接中 %d · 已交接 %d", len(h.Items), left, counts[handover.Accepted], counts[handover.Moved]),
		fmt.Sprintf("%d records · %d to decide · %d on the way · %d handed over", len(h.Items), left, counts[handover.Accepted], counts[handover.Moved]))
	c.Summary = l.T(fmt.Sprintf("%s 的 %d 项需要交接", who, left), fmt.Sprintf("%d records of %s are to be handed over", left, who))
	switch h.State {
	case handover.Cancelled:
		c.Tone = card.Muted
		c.Blocks = []card.Block{card.P(l.T(fmt.Sprintf("%s 仍在职，交接已取消。已交接的 %d 项保持不变。", who, counts[handover.Moved]), fmt.Sprintf("%s is still here; the hand-over was cancelled. The %d records that were handed over stay where they are.", who, counts[handover.Moved])))}
		return c
	case handover.Done:
		c.Tone = card.Success
		c.Blocks = []card.Block{card.P(l.T(fmt.Sprintf("交接完成：%d 项。", counts[handover.Moved]), fmt.Sprintf("The hand-over is complete: %d records.", counts[handover.Moved])))}
		return c
	}
	if left == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("都已确认，正在交接。", "All is decided and on its way.")))
	} else {
		c.Blocks = append(c.Blocks, card.P(l.T("按区域、等级和负载建议如下；可以调整，再逐人或全部确认。回收时钟已暂停。", "This is proposed by region, level and load. Change what you like, then accept it person by person or all at once. The clocks of recycling stand still.")))
	}
	c.Blocks = append(c.Blocks, handoverParts(f, h, who, name)...)
	if left > 0 {
		c.Blocks = append(c.Blocks, handoverForm(l, h, who, name)...)
	}
	return c
}

// handoverParts are the parts of each receiver, those without one first.
func handoverParts(f LeadFrame, h handover.Split, who string, name func(crm.UserID) string) []card.Block {
	l := f.Lang
	by := map[crm.UserID][]handover.Item{}
	var order []crm.UserID
	for _, x := range h.Items {
		if x.State != handover.Proposed && x.State != handover.Failed {
			continue
		}
		if by[x.To] == nil {
			order = append(order, x.To)
		}
		by[x.To] = append(by[x.To], x)
	}
	slices.Sort(order)
	var out []card.Block
	shown := 0
	for _, to := range order {
		items := by[to]
		title := name(to)
		if to == 0 {
			title = l.T("还没有人可以接收", "nobody to take them yet")
		}
		kinds := map[crm.Kind]int{}
		var money crm.Money
		for _, x := range items {
			kinds[x.Ref.Kind]++
			money += x.Open
		}
		head := title + l.T(fmt.Sprintf("：线索 %d · 客户 %d · 商机 %d", kinds[crm.KindLead], kinds[crm.KindAccount], kinds[crm.KindDeal]), fmt.Sprintf(": %d leads · %d accounts · %d deals", kinds[crm.KindLead], kinds[crm.KindAccount], kinds[crm.KindDeal]))
		if money > 0 {
			head += l.T(" · 在途 ", " · open ") + money.String()
		}
		var lines []string
		for _, x := range items {
			if shown++; shown > handoverRows {
				break
			}
			line := joinDots(strings.TrimSpace(x.Ref.String()+" "+x.Title), x.Grade, x.Region)
			if x.State == handover.Failed {
				line += l.T(" · 未成功 ", " · failed ") + x.Reason
			}
			lines = append(lines, line)
		}
		if n := len(items) - len(lines); n > 0 {
			lines = append(lines, l.T(fmt.Sprintf("……还有 %d 项", n), fmt.Sprintf("… and %d more", n)))
		}
		out = append(out, card.Divider{}, card.Text{Spans: []card.Span{{Text: head, Bold: true}, {Text: "\n" + strings.Join(lines, "\n"), Tone: card.Muted}}})
		if to != 0 {
			out = append(out, card.Buttons{Items: []card.Button{{Label: l.T("确认给 ", "Accept for ") + title, Style: card.Primary, Action: AcceptHandover{h.ID, to}, Command: handoverCommand(l, who, "确认 "+title, "accept "+title)}}})
		}
	}
	return out
}

func handoverForm(l crm.Lang, h handover.Split, who string, name func(crm.UserID) string) []card.Block {
	var opts []card.Option
	for _, u := range h.People[:min(len(h.People), 50)] {
		opts = append(opts, card.Option{Value: fmt.Sprint(int64(u.ID)), Label: u.Name})
	}
	if len(opts) == 0 {
		return nil
	}
	example := handoverCommand(l, who, "上海 给 "+opts[0].Label, "Shanghai to "+opts[0].Label)
	return []card.Block{card.Divider{}, card.Form{Name: "give", Inputs: []card.Input{
		{Kind: card.TextInput, Name: HandoverWhat, Label: l.T("哪些", "Which"), MaxLen: 200, Placeholder: l.T("编号、区域、等级或成员；空着表示全部", "codes, a region, a level or a member; empty: all")},
		{Kind: card.PersonInput, Name: HandoverTo, Label: l.T("改给", "To"), Required: true, Options: opts},
	}, Submit: card.Button{Label: l.T("调整", "Change"), Action: GiveHandover{h.ID}, Command: example}, Example: example},
		card.Buttons{Items: []card.Button{{Label: l.T("全部确认", "Accept all"), Style: card.Primary, Action: AcceptHandover{Handover: h.ID}, Command: handoverCommand(l, who, "确认", "accept")}}},
		card.Note{Text: l.T("阶段、历史、承诺的待办和计划随客户转移；已签合同的业绩仍归原负责人（HO-02）。", "Stage, history, promises and plans go along; the credit for signed contracts stays with the former owner (HO-02).")}}
}

// HandoverList lists the open hand-overs that somebody may decide about.
func HandoverList(f LeadFrame, list []handover.Split, name func(crm.UserID) string) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("交接", "Hand-overs"), Tone: card.Info}
	if len(list) == 0 {
		c.Tone = card.Success
		c.Blocks = []card.Block{card.P(l.T("没有进行中的交接。", "There is no hand-over under way."))}
		return c
	}
	rows := make([][]card.Cell, len(list))
	for i, h := range list {
		moved, left := 0, 0
		for _, x := range h.Items {
			switch x.State {
			case handover.Moved:
				moved++
			case handover.Proposed, handover.Failed, handover.Accepted:
				left++
			}
		}
		who := name(h.User)
		open := CommandButton(l.T("打开", "Open"), handoverCommand(l, who, "", ""))
		rows[i] = []card.Cell{{Text: who}, {Text: name(h.Manager)}, {Text: fmt.Sprint(left), Tone: card.Warning}, {Text: fmt.Sprint(moved), Tone: card.Success}, {Text: open.Label, Action: &open}}
		c.About = append(c.About, h.Ref())
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("离开的人", "Leaver")}, {Title: l.T("经理", "Manager")}, {Title: l.T("待交接", "Left"), Number: true}, {Title: l.T("已交接", "Done"), Number: true}, {Title: ""}}, Rows: rows}}
	return c
}

// HandoverGiven tells a new owner what they took over, with a brief for each
// customer (HO-03).
func HandoverGiven(f LeadFrame, from string, items []handover.Item, days int) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Tone: card.Info, Title: l.T(fmt.Sprintf("%s 交接给您 %d 项", from, len(items)), fmt.Sprintf("%d records of %s are yours now", len(items), from))}
	c.Summary = c.Title
	rows := make([][]card.Cell, 0, min(len(items), handoverRows))
	for _, x := range items[:min(len(items), handoverRows)] {
		open := CommandButton(l.T("简报", "Brief"), l.T("/简报 ", "/brief ")+x.Ref.String())
		if x.Ref.Kind == crm.KindDeal {
			open = CommandButton(l.T("打开", "Open"), l.T("/商机 ", "/deal ")+x.Ref.String())
		}
		rows = append(rows, []card.Cell{{Text: strings.TrimSpace(x.Ref.String() + " " + x.Title)}, {Text: x.Grade}, {Text: x.Region}, {Text: open.Label, Action: &open}})
	}
	c.Blocks = []card.Block{card.P(l.T(fmt.Sprintf("请在 %d 个工作日内联系（HO-03）。承诺的下一步已转到您的今天清单。", days), fmt.Sprintf("Please contact them within %d working days (HO-03). What was promised is on your list of today.", days))),
		card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("客户", "Customer")}, {Title: l.T("等级", "Level")}, {Title: l.T("区域", "Region")}, {Title: ""}}, Rows: rows}}
	if n := len(items) - len(rows); n > 0 {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("还有 %d 项，见 /我的线索 和 /我的客户。", n), fmt.Sprintf("%d more are in /leads and /accounts.", n))})
	}
	return c
}

// HandoverBrief is what a new owner must know about a customer (HO-03).
func HandoverBrief(f LeadFrame, b handover.Brief, from, me string, zone *time.Location) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("简报 ", "Brief ") + strings.TrimSpace(b.Ref.String()+" "+b.Title), Tone: card.Info, About: []crm.Ref{b.Ref}}
	if from != "" {
		c.Subtitle = l.T("原负责人 ", "Former owner ") + from
	}
	list := func(title string, lines []string, none string) {
		if len(lines) == 0 {
			lines = []string{none}
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: title, Bold: true}, {Text: "\n" + strings.Join(lines, "\n")}}})
	}
	list(l.T("找谁", "Who"), slices.DeleteFunc(slices.Clone(b.Contacts), func(s string) bool { return s == "" }), l.T("没有联系人", "no contact"))
	list(l.T("买过什么", "Bought"), b.Bought, l.T("还没有成交", "nothing yet"))
	if b.Open > 0 {
		list(l.T("在途金额", "Open money"), []string{b.Open.String()}, "")
	}
	talks := make([]string, len(b.Talks))
	for i, s := range b.Talks {
		talks[i] = s.At.In(zone).Format("01-02") + " " + s.Who + " " + s.Kind.In(l) + l.T("：", ": ") + shorten(s.Text, 60)
	}
	list(l.T("最近三次沟通", "Last three talks"), talks, l.T("没有记录", "none on record"))
	promises := make([]string, len(b.Promises))
	for i, p := range b.Promises {
		promises[i] = string(p.Day)[5:] + " " + p.What
	}
	list(l.T("承诺过的事", "Promises"), promises, l.T("没有", "none"))
	list(l.T("风险", "Risks"), briefRisks(l, b), l.T("暂时没有", "none that are known"))
	list(l.T("建议的第一句话", "A first message"), []string{briefMessage(l, b, from, me)}, "")
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{CommandButton(l.T("记跟进", "Log activity"), f.command("跟进", "log", b.Ref.String()))}})
	return c
}

func briefRisks(l crm.Lang, b handover.Brief) []string {
	var out []string
	switch {
	case b.Silent < 0:
		out = append(out, l.T("从来没有沟通记录", "no talk on record"))
	case b.Silent > 30:
		out = append(out, l.T(fmt.Sprintf("已 %d 天没有沟通", b.Silent), fmt.Sprintf("no talk for %d days", b.Silent)))
	}
	if b.Overdue > 0 {
		out = append(out, l.T(fmt.Sprintf("有 %d 件承诺已过期", b.Overdue), fmt.Sprintf("%d promises are overdue", b.Overdue)))
	}
	if b.Open > 0 && len(b.Promises) == 0 {
		out = append(out, l.T("有在途商机，但没有下一步", "there are open deals and no next step"))
	}
	return out
}

// briefMessage is a first message to the customer, from what is known.
func briefMessage(l crm.Lang, b handover.Brief, from, me string) string {
	who := l.T("您好", "Hello")
	if len(b.Contacts) > 0 {
		if name, _, _ := strings.Cut(b.Contacts[0], " "); name != "" {
			who = l.T(name+"您好", "Hello "+name)
		}
	}
	s := who + l.T("，我是"+me+"，接替之前的同事负责贵公司的合作。", ", this is "+me+"; I look after your company from now on.")
	if from != "" {
		s = who + l.T("，我是"+me+"，接替"+from+"负责贵公司的合作。", ", this is "+me+"; I take over from "+from+".")
	}
	if len(b.Promises) > 0 {
		return s + l.T("之前约好的“"+shorten(b.Promises[0].What, 30)+"”我会跟进，您看什么时候方便聊几分钟？", " I will follow up on “"+shorten(b.Promises[0].What, 30)+"”. When would a short call suit you?")
	}
	return s + l.T("想先了解一下目前的情况，您看什么时候方便聊几分钟？", " I would like to hear how things stand. When would a short call suit you?")
}

func handoverSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 3, 3, 10, 0, 0, 0, zone)
	f := LeadFrame{Lang: l, Now: now, Zone: zone, Supervisor: true}
	names := map[crm.UserID]string{3: l.T("李娜", "Li Na"), 4: l.T("张伟", "Zhang Wei"), 5: l.T("赵敏", "Zhao Min"), 9: l.T("王磊", "Wang Lei")}
	name := func(id crm.UserID) string { return names[id] }
	item := func(ref crm.Ref, title, region, grade string, money crm.Money, to crm.UserID, s handover.ItemState) handover.Item {
		return handover.Item{Handover: 3, Record: handover.Record{Ref: ref, Title: title, Region: region, Grade: grade, Open: money}, To: to, State: s}
	}
	sh := l.T("上海", "Shanghai")
	failed := item(crm.LeadID(14).Ref(), l.T("无锡清风", "Qingfeng Wuxi"), "", "C", 0, 5, handover.Failed)
	failed.Reason = "HO-01"
	items := []handover.Item{item(crm.AccountID(3).Ref(), l.T("上海华星科技", "Huaxing Shanghai"), sh, "KA", 80_000_000, 4, handover.Proposed), item(crm.LeadID(12).Ref(), l.T("苏州明月", "Mingyue Suzhou"), l.T("苏州", "Suzhou"), "A", 0, 4, handover.Proposed), failed,
		item(crm.DealID(7).Ref(), l.T("检测设备", "testing machines"), sh, "", 5_000_000, 0, handover.Proposed), item(crm.LeadID(15).Ref(), l.T("宁波海蓝", "Hailan Ningbo"), "", "D", 0, 5, handover.Moved)}
	open := handover.Split{Handover: handover.Handover{ID: 3, User: 3, Manager: 9, State: handover.Open}, Items: items, People: []org.User{{ID: 4, Name: names[4]}, {ID: 5, Name: names[5]}}}
	under, done, cancelled := open, open, open
	under.Items = []handover.Item{item(crm.LeadID(12).Ref(), l.T("苏州明月", "Mingyue Suzhou"), "", "A", 0, 4, handover.Accepted)}
	done.State, cancelled.State = handover.Done, handover.Cancelled
	brief := handover.Brief{Ref: crm.AccountID(3).Ref(), Title: l.T("上海华星科技", "Huaxing Shanghai"), Contacts: []string{l.T("王建国 采购经理 13800138000", "Wang purchasing 13800138000")}, Bought: []string{"2025-06-01 " + l.T("检测设备", "machines") + " 120000.00"}, Open: 80_000_000, Silent: 40, Overdue: 1, From: 3,
		Talks: []lead.StoryItem{{At: now.AddDate(0, 0, -40), Who: names[3], Kind: crm.Text{Zh: "拜访", En: "visit"}, Text: l.T("见到采购经理，预算 80 万", "met the purchasing manager; budget 800k")}}, Promises: []handover.Promise{{Day: "2026-02-20", What: l.T("发报价", "send the quote")}}}
	s := func(n, zh, en string, c card.Card) Sample {
		return Sample{Name: "handover." + n, Title: crm.Text{Zh: zh, En: en}, Card: c}
	}
	return []Sample{
		s("ask/open", "交接方案", "a proposed hand-over", HandoverCard(f, open, names[3], name)),
		s("ask/under", "交接中", "a hand-over under way", HandoverCard(f, under, names[3], name)),
		s("ask/done", "交接完成", "a hand-over that is complete", HandoverCard(f, done, names[3], name)),
		s("ask/cancelled", "交接取消", "a cancelled hand-over", HandoverCard(f, cancelled, names[3], name)),
		s("list/some", "进行中的交接", "open hand-overs", HandoverList(f, []handover.Split{open}, name)),
		s("list/none", "没有交接", "no hand-over", HandoverList(f, nil, name)),
		s("given/new", "接手的客户", "what was taken over", HandoverGiven(f, names[3], items, 5)),
		s("brief/account", "客户简报", "the brief of an account", HandoverBrief(f, brief, names[3], names[4], zone)),
		s("brief/new", "没有历史的简报", "a brief without a history", HandoverBrief(f, handover.Brief{Ref: crm.LeadID(12).Ref(), Title: l.T("苏州明月", "Mingyue Suzhou"), Silent: -1}, "", names[4], zone)),
	}
}
