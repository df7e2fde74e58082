package cards

import (
	"time"

	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

// sampleCompany is the data of the contract and approval samples.
type sampleCompany struct {
	l    crm.Lang
	at   time.Time
	zone *time.Location
	name func(crm.UserID) string
}

func newSampleCompany(l crm.Lang) sampleCompany {
	zone := time.FixedZone("CST", 8*3600)
	names := map[crm.UserID]crm.Text{1: {Zh: "李娜", En: "Li Na"}, 2: {Zh: "王磊", En: "Wang Lei"}, 3: {Zh: "周法", En: "Zhou Fa"}, 4: {Zh: "吴法", En: "Wu Fa"}, 5: {Zh: "钱财", En: "Qian Cai"}, 6: {Zh: "赵总", En: "Zhao"}, 7: {Zh: "孙总监", En: "Sun"}}
	return sampleCompany{l: l, zone: zone, at: time.Date(2026, 3, 2, 9, 30, 0, 0, zone), name: func(id crm.UserID) string { return names[id].In(l) }}
}

func (s sampleCompany) contract(st contract.State) contract.Contract {
	l := s.l
	c := contract.Contract{ID: 8, Number: "BUY-202603-0008", Owner: 1, Team: 1, State: st, Round: 1, Version: 4, CreatedAt: s.at,
		Content: contract.Content{Type: "BUY", Account: 12, AccountName: l.T("上海星河科技有限公司", "Galaxy Technology Shanghai"), Deal: 3, Amount: crm.Yuan(560_000), Terms: l.T("预付30%，月结30天", "30% in advance, 30 days net"),
			StartsOn: "2026-03-10", EndsOn: "2027-03-09", Channel: contract.Offline, Contact: l.T("王总", "Mr Wang"), Remark: l.T("分两期交付", "delivered in two parts")}}
	if st.Signed() {
		c.SignedOn, c.SignedVia = "2026-03-05", contract.Offline
	}
	return c
}

func (s sampleCompany) chain(st approval.State) approval.Chain {
	l := s.l
	r := approval.Request{ID: 7, Kind: contract.KindContract, Ref: crm.ContractID(8).Ref(), Title: "BUY-202603-0008 " + l.T("上海星河科技有限公司", "Galaxy Technology Shanghai"), Amount: crm.Yuan(560_000),
		Hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Round: 2, State: st, Submitter: 1, Note: l.T("客户周五要盖章", "the customer seals on Friday"), SubmittedAt: s.at}
	done := s.at.Add(50 * time.Minute)
	task := func(id int64, u crm.UserID, x approval.NodeState) approval.Task {
		t := approval.Task{ID: id, Request: 7, User: u, State: x, OpenedAt: s.at}
		if x == approval.Passed || x == approval.Refused {
			t.DecidedAt, t.DecidedBy = done, u
		}
		return t
	}
	c := approval.Chain{Request: r, Nodes: []approval.Node{
		{ID: 1, Seq: 1, Label: crm.Text{Zh: "直属上级", En: "direct manager"}, Mode: approval.Any, State: approval.Passed, Tasks: []approval.Task{task(1, 2, approval.Passed)}},
		{ID: 2, Seq: 2, Label: crm.Text{Zh: "法务", En: "legal"}, Mode: approval.Any, State: approval.Asked, Tasks: []approval.Task{task(2, 3, approval.Asked), task(3, 4, approval.Asked)}},
		{ID: 3, Seq: 3, Label: crm.Text{Zh: "财务", En: "finance"}, Mode: approval.Any, State: approval.Waiting, Tasks: []approval.Task{task(4, 5, approval.Waiting)}},
	}}
	legal, last := &c.Nodes[1], &c.Nodes[2]
	switch st {
	case approval.Open:
		return c
	case approval.Approved:
		legal.State, legal.Tasks[0], legal.Tasks[1] = approval.Passed, task(2, 3, approval.Passed), task(3, 4, approval.Closed)
		last.State, last.Tasks[0] = approval.Passed, task(4, 5, approval.Passed)
		c.Request.EndedBy = 5
	case approval.Rejected, approval.Returned:
		legal.State, legal.Tasks[0], legal.Tasks[1] = approval.Refused, task(2, 3, approval.Refused), task(3, 4, approval.Closed)
		last.State, last.Tasks[0] = approval.Closed, task(4, 5, approval.Closed)
		c.Request.EndedBy, c.Request.Comment = 3, l.T("违约条款不完整", "the penalty clause is incomplete")
	default:
		legal.State, legal.Tasks[0], legal.Tasks[1] = approval.Closed, task(2, 3, approval.Closed), task(3, 4, approval.Closed)
		last.State, last.Tasks[0] = approval.Closed, task(4, 5, approval.Closed)
		c.Request.EndedBy = 1
	}
	c.Request.EndedAt = done
	return c
}

func (s sampleCompany) approval(st approval.State) ApprovalView {
	l := s.l
	c := s.contract(contract.Pending)
	line := func(f contract.Field, v string, wide bool) approval.Line {
		return approval.Line{Label: crm.Text{Zh: f.Name(crm.Chinese), En: f.Name(crm.English)}, Value: approval.Same(v), Wide: wide}
	}
	return ApprovalView{Chain: s.chain(st), Name: s.name, Zone: s.zone,
		Decisions: []approval.Decision{{Task: 1, User: 2, Action: approval.ActApprove, Comment: l.T("条件可以", "fine with me"), At: s.at}},
		Brief: approval.Brief{Facts: []approval.Line{line(contract.FieldCustomer, c.AccountName, true), line(contract.FieldAmount, c.Amount.Format(l), false), line(contract.FieldTerms, c.Terms, true),
			line(contract.FieldStarts, string(c.StartsOn), false), line(contract.FieldEnds, string(c.EndsOn), false)},
			Changes: []approval.Change{{Label: crm.Text{Zh: "合同金额", En: "Amount"}, Before: approval.Same("¥500,000.00"), After: crm.Text{Zh: "¥560,000.00（+12.0%）", En: "¥560,000.00 (+12.0%)"}}},
			History: []approval.Line{{Label: crm.Text{Zh: "已签合同", En: "Signed before"}, Value: crm.Text{Zh: "2 份，共 90万", En: "2, ¥900k in all"}},
				{Label: crm.Text{Zh: "另有在途合同", En: "Others under way"}, Value: approval.Same("1"), Alert: true}}}}
}

func approvalSamples(l crm.Lang) []Sample {
	s := newSampleCompany(l)
	mine := s.approval(approval.Open)
	mine.Mine = &mine.Chain.Nodes[1].Tasks[0]
	own := s.approval(approval.Open)
	own.Own = true
	own.Chain.Request.Urgent = true
	remind := s.approval(approval.Open)
	remind.Mine, remind.Remind, remind.Waited = &remind.Chain.Nodes[1].Tasks[0], true, 8*time.Hour
	remind.Chain.Nodes[1].Tasks[0].Deputy, remind.Chain.Nodes[1].Tasks[1].Upper = 7, 6
	out := []Sample{
		{"approval.card/mine", crm.Text{Zh: "等我审批", En: "waits for me"}, Approval(l, mine)},
		{"approval.card/own", crm.Text{Zh: "我提交的，加急", En: "submitted by me, urgent"}, Approval(l, own)},
		{"approval.card/reminder", crm.Text{Zh: "提醒，已让代理人和上级处理", En: "reminder, with deputy and superior"}, Approval(l, remind)},
	}
	for _, x := range []struct {
		state approval.State
		title crm.Text
	}{{approval.Approved, crm.Text{Zh: "已通过", En: "approved"}}, {approval.Rejected, crm.Text{Zh: "已驳回", En: "rejected"}}, {approval.Returned, crm.Text{Zh: "已退回", En: "sent back"}},
		{approval.Withdrawn, crm.Text{Zh: "已撤回", En: "withdrawn"}}, {approval.Void, crm.Text{Zh: "已失效", En: "void"}}} {
		out = append(out, Sample{"approval.card/" + string(x.state), x.title, Approval(l, s.approval(x.state))})
	}
	first, second := s.chain(approval.Open).Request, s.chain(approval.Open).Request
	first.Urgent, second.ID = true, 9
	return append(out,
		Sample{"approval.pending/some", crm.Text{Zh: "待审批列表", En: "list of approvals"}, Pending(l, []PendingItem{{first, 90 * time.Minute}, {second, 20 * time.Minute}}, []approval.Request{second}, s.name, approval.PendingLimit)},
		Sample{"approval.pending/none", crm.Text{Zh: "没有待审批", En: "nothing to approve"}, Pending(l, nil, nil, s.name, approval.PendingLimit)})
}

func contractSamples(l crm.Lang) []Sample {
	s := newSampleCompany(l)
	view := func(st contract.State) ContractView {
		return ContractView{Contract: s.contract(st), Types: contract.Types.Default, Name: s.name, CanWork: true, Zone: s.zone, Today: "2026-03-06",
			Log: []contract.Entry{{At: s.at.Add(time.Hour), User: 1, Event: contract.Edit, From: contract.Draft, To: contract.Draft, Diff: []contract.Diff{{Field: contract.FieldAmount, Before: "50000000", After: "56000000"},
				{Field: contract.FieldEnds, Before: "", After: "2027-03-09"}}}, {At: s.at, User: 1, Event: contract.Create, From: contract.Draft, To: contract.Draft}}}
	}
	with := func(v ContractView, st approval.State) ContractView {
		c := s.chain(st)
		v.Request, v.OwnRequest = &c, true
		return v
	}
	scan := []contract.File{{Name: l.T("C-8 盖章扫描件.pdf", "C-8 signed.pdf"), User: 1, At: s.at}}
	pending, rejected := with(view(contract.Pending), approval.Open), with(view(contract.Rejected), approval.Rejected)
	pending.Log = append([]contract.Entry{{At: s.at.Add(2 * time.Hour), User: 1, Event: contract.Submit, From: contract.Draft, To: contract.Pending, Note: "R-7"}}, pending.Log...)
	rejected.Contract.Cause = contract.ByApprover
	toSign, scanned, online := with(view(contract.ToSign), approval.Approved), with(view(contract.ToSign), approval.Approved), with(view(contract.ToSign), approval.Approved)
	scanned.Files, scanned.CanSign, scanned.CanWork = scan, true, false
	online.Contract.Channel, online.CanSign = contract.Online, true
	active, ended, open := with(view(contract.Active), approval.Approved), view(contract.Active), view(contract.Active)
	active.Files = scan
	ended.Contract.TerminatedAt, ended.Contract.TerminatedReason = s.at, l.T("客户破产", "the customer went bankrupt")
	open.Contract.EndsOn, open.CanWork = "", false
	list := []contract.Contract{s.contract(contract.Pending), s.contract(contract.Active), s.contract(contract.Rejected)}
	c := s.contract(contract.Pending)
	return []Sample{
		{"contract.card/draft", crm.Text{Zh: "草稿", En: "draft"}, Contract(l, view(contract.Draft))},
		{"contract.card/pending", crm.Text{Zh: "待审核", En: "in approval"}, Contract(l, pending)},
		{"contract.card/rejected", crm.Text{Zh: "已拒绝", En: "rejected"}, Contract(l, rejected)},
		{"contract.card/to_sign", crm.Text{Zh: "待客户签署", En: "to be signed"}, Contract(l, toSign)},
		{"contract.card/scanned", crm.Text{Zh: "扫描件待法务确认", En: "scan waits for legal"}, Contract(l, scanned)},
		{"contract.card/online", crm.Text{Zh: "线上签署待确认", En: "online signature to confirm"}, Contract(l, online)},
		{"contract.card/not_started", crm.Text{Zh: "未生效", En: "not yet in force"}, Contract(l, view(contract.NotStarted))},
		{"contract.card/active", crm.Text{Zh: "生效中", En: "in force"}, Contract(l, active)},
		{"contract.card/no_end", crm.Text{Zh: "长期有效，只读", En: "without an end, read only"}, Contract(l, open)},
		{"contract.card/terminated", crm.Text{Zh: "已终止", En: "terminated"}, Contract(l, ended)},
		{"contract.card/expired", crm.Text{Zh: "已过期", En: "expired"}, Contract(l, view(contract.Expired))},
		{"contract.sign/ask", crm.Text{Zh: "请法务确认签署", En: "legal confirms a signature"}, ContractSign(l, scanned)},
		{"contract.form/new", crm.Text{Zh: "新建合同", En: "new contract"}, ContractForm(l, ContractFormView{Types: contract.Types.Default})},
		{"contract.form/choose", crm.Text{Zh: "选择客户", En: "choose the customer"}, ContractForm(l, ContractFormView{Contract: contract.Contract{Content: contract.Content{Amount: crm.Yuan(80_000)}}, Types: contract.Types.Default,
			Choices: []AccountChoice{{12, c.AccountName}, {15, l.T("星河重工", "Galaxy Heavy Industries")}}})},
		{"contract.form/void", crm.Text{Zh: "审批中修改", En: "edit during approval"}, ContractForm(l, ContractFormView{Contract: c, Customer: c.AccountName, Types: contract.Types.Default, Voids: true})},
		{"contract.form/locked", crm.Text{Zh: "审批后修改", En: "edit after approval"}, ContractForm(l, ContractFormView{Contract: c, Customer: c.AccountName, Types: contract.Types.Default, Locked: true})},
		{"contract.list/some", crm.Text{Zh: "合同列表", En: "list of contracts"}, Contracts(l, l.T("合同", "Contracts"), list, 24, s.name)},
		{"contract.list/none", crm.Text{Zh: "没有合同", En: "no contracts"}, Contracts(l, l.T("合同", "Contracts"), nil, 0, s.name)},
	}
}
