package cards

import (
	"time"

	"crmbot/internal/account"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/importer"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/recycle"
)

var accountZone = time.FixedZone("CST", 8*3600)

func sampleTime(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, accountZone)
}

func sampleStages() []deal.Stage {
	return []deal.Stage{{Key: "contact", Zh: "初步对接", En: "first contact", Probability: 10, RotDays: 7}, {Key: "need", Zh: "需求确认", En: "need confirmed", Probability: 25, RotDays: 7},
		{Key: "offer", Zh: "方案报价", En: "offer made", Probability: 45, RotDays: 10}, {Key: "bid", Zh: "竞标比价", En: "bidding", Probability: 60, RotDays: 14}, {Key: "signing", Zh: "合同签约", En: "signing", Probability: 85, RotDays: 10}}
}

func sampleAccount(l crm.Lang) account.Account {
	return account.Account{ID: 3, Name: l.T("星河科技有限公司", "Galaxy Technology"), Level: account.LevelA, Region: l.T("杭州", "Hangzhou"), Industry: l.T("智能制造", "manufacturing"), Owner: 7,
		USCC: "91330106589832041X", Parent: l.T("星河集团", "Galaxy Group"), Employees: 1200, Revenue: crm.Yuan(350_000_000), Founded: 2008, ActiveAt: sampleTime(3, 1, 15, 0), Version: 4}
}

func sampleDeals(l crm.Lang) []deal.Deal {
	return []deal.Deal{{ID: 3, Title: l.T("产线检测设备", "inspection line"), Account: 3, Owner: 7, Stage: "offer", Status: deal.Open, Amount: crm.Yuan(800_000), ExpectedClose: "2026-03-31", OpenedOn: "2026-01-12", StageAt: sampleTime(2, 20, 10, 0), Version: 3},
		{ID: 9, Title: l.T("年度维保", "yearly service"), Account: 3, Owner: 7, Stage: "need", Status: deal.Open, Amount: crm.Yuan(65_000), OpenedOn: "2026-02-18", StageAt: sampleTime(2, 18, 9, 0), Version: 1}}
}

func accountSamples(l crm.Lang) []Sample {
	full := AccountView{Account: sampleAccount(l), Owner: l.T("李娜", "Li Na"), Deals: sampleDeals(l), Totals: deal.Totals{Count: 2, Amount: crm.Yuan(865_000)}, Stages: sampleStages(), CanWork: true, Zone: accountZone, Today: "2026-03-02",
		Contacts:  []account.Contact{{ID: 5, Name: l.T("王敏", "Wang Min"), Mobile: "+8613800001111", Title: l.T("采购经理", "head of purchasing"), Role: account.RoleDecision}, {ID: 6, Name: l.T("赵强", "Zhao Qiang"), Mobile: "+8613900002222", Role: account.RoleUser}},
		Contracts: []contract.Contract{{ID: 8, State: contract.Active, Content: contract.Content{Amount: crm.Yuan(320_000)}}},
		Story: []lead.StoryItem{{At: sampleTime(3, 1, 15, 0), Who: l.T("李娜", "Li Na"), Kind: crm.Text{Zh: "拜访", En: "visit"}, Text: l.T("确认了检测精度要求，周四前给报价", "confirmed the precision they need; an offer by Thursday")},
			{At: sampleTime(2, 24, 10, 30), Who: l.T("李娜", "Li Na"), Kind: crm.Text{Zh: "电话", En: "call"}, Text: l.T("约了周日现场看产线", "arranged to see the line on Sunday")}}}
	thin := full
	thin.Contacts, thin.Contracts, thin.Story = full.Contacts[1:], nil, nil
	masked := AccountView{Account: full.Account, Masked: true, Zone: accountZone, Today: "2026-03-02", Stages: sampleStages(),
		Contacts: []account.Contact{full.Contacts[0].Masked(), full.Contacts[1].Masked()}}
	masked.Account.Owner, masked.Account.ActiveAt = 0, time.Time{}
	list := []account.Account{full.Account, {ID: 4, Name: l.T("远航物流", "Voyage Logistics"), Level: account.LevelC, Region: l.T("上海", "Shanghai")}, {ID: 12, Name: l.T("大成药业", "Dacheng Pharma"), Level: account.LevelKA, Region: l.T("苏州", "Suzhou"), ActiveAt: sampleTime(1, 5, 9, 0)}}
	st := pool.Status{Standing: pool.Standing{Held: 12, Claims: 4, Refunds: 1}, Hold: 100, Quota: pool.Quota{Limit: 20, Workday: true, Allowed: true}}
	f := LeadFrame{Lang: l, Now: time.Date(2026, 3, 2, 10, 0, 0, 0, accountZone), Zone: accountZone, Rep: true}
	full.Frame, full.Due = f, lead.Due{Release: "2026-04-13", Left: 27, Holds: []recycle.Hold{{What: recycle.HoldContract, Ref: crm.ContractID(8).Ref()}}}
	full.Account.FromLead, full.Source, full.Need = 12, "转介绍", l.T("需要 20 台检测设备，年内上线", "needs 20 testing machines within the year")
	dues := map[crm.AccountID]lead.Due{}
	for i, x := range list {
		dues[x.ID] = lead.Due{Release: crm.Day("2026-03-03").AddDays(i * 9), Left: 1 + i*6}
	}
	return append(accountPoolSamples(l, full), []Sample{
		{"account.card/full", crm.Text{Zh: "客户：联系人、商机、合同、跟进", En: "account with contacts, deals, contracts and activities"}, Account(l, full)},
		{"account.card/thin", crm.Text{Zh: "客户：联系人不足", En: "account with too few contacts"}, Account(l, thin)},
		{"account.card/masked", crm.Text{Zh: "无负责人的客户：隐藏联系方式", En: "account of nobody, contacts hidden"}, Account(l, masked)},
		{"account.list/some", crm.Text{Zh: "我的客户", En: "my accounts"}, AccountList(f, list, dues, 13, 1, 10, st, "2026-03-02")},
		{"account.list/none", crm.Text{Zh: "还没有客户", En: "no accounts yet"}, AccountList(f, nil, nil, 0, 1, 10, st, "2026-03-02")},
		{"account.contact/form", crm.Text{Zh: "新联系人表单", En: "form for a contact"}, ContactForm(l, full.Account)},
	}...)
}

func dealSamples(l crm.Lang) []Sample {
	d := sampleDeals(l)[0]
	open := DealView{Deal: d, Account: sampleAccount(l).Name, Product: "GTX Pro", Owner: l.T("李娜", "Li Na"), Stages: sampleStages(), Days: 3, CanChange: true, Zone: accountZone, Today: "2026-03-02",
		Name: func(crm.UserID) string { return l.T("李娜", "Li Na") }, Moves: []deal.Move{{To: "contact", At: sampleTime(1, 12, 9, 0), By: 7}, {From: "contact", To: "need", At: sampleTime(1, 28, 14, 0), By: 7}, {From: "need", To: "offer", At: sampleTime(2, 20, 10, 0), By: 7}}}
	rotten := open
	rotten.Days, rotten.Deal.ExpectedClose = 15, "2026-02-20"
	read := open
	read.CanChange = false
	won := open
	won.Deal.Status, won.Deal.ClosedOn, won.Deal.Amount = deal.Won, "2026-03-02", crm.Yuan(760_000)
	won.Moves = append(won.Moves[:3:3], deal.Move{From: "offer", To: "won", At: sampleTime(3, 2, 11, 0), By: 7})
	undoable := won
	undoable.UndoUntil = sampleTime(3, 2, 11, 10)
	lost := open
	lost.Deal.Status, lost.Deal.ClosedOn, lost.Deal.Reason, lost.Deal.Note = deal.Lost, "2026-03-02", "price", l.T("对手低 8%", "the others were 8% cheaper")
	lost.Moves = append(lost.Moves[:3:3], deal.Move{From: "offer", To: "lost", At: sampleTime(3, 2, 11, 0), By: 7})
	names := func(crm.AccountID) string { return sampleAccount(l).Name }
	return []Sample{
		{"deal.card/open", crm.Text{Zh: "进行中的商机", En: "open deal"}, Deal(l, open)},
		{"deal.card/rotten", crm.Text{Zh: "停留过久、预计日已过", En: "stuck, expected close past"}, Deal(l, rotten)},
		{"deal.card/read", crm.Text{Zh: "只读", En: "for somebody who may only read"}, Deal(l, read)},
		{"deal.card/won", crm.Text{Zh: "赢单", En: "won"}, Deal(l, won)},
		{"deal.card/undoable", crm.Text{Zh: "刚赢单，可撤销", En: "just won, can be taken back"}, Deal(l, undoable)},
		{"deal.card/lost", crm.Text{Zh: "输单", En: "lost"}, Deal(l, lost)},
		{"deal.list/some", crm.Text{Zh: "我的商机", En: "my deals"}, DealList(l, sampleDeals(l), deal.Totals{Count: 2, Amount: crm.Yuan(865_000)}, sampleStages(), names, 1, 10)},
		{"deal.list/none", crm.Text{Zh: "没有商机", En: "no deals"}, DealList(l, nil, deal.Totals{}, sampleStages(), names, 1, 10)},
		{"deal.form/new", crm.Text{Zh: "新商机表单", En: "form for a deal"}, DealForm(l, sampleAccount(l), []deal.Product{{ID: 1, Name: "GTX Basic"}, {ID: 2, Name: "GTX Pro"}})},
	}
}

func importSamples(l crm.Lang) []Sample {
	job := importer.Job{ID: 3, File: l.T("展会线索.csv", "fair.csv"), Format: "CSV · GB18030 · ,", Rows: 128, State: importer.Choosing,
		Header: []string{l.T("公司名称", "Company name"), l.T("联系人", "Contact"), l.T("手机", "Mobile"), l.T("渠道", "Channel"), l.T("城市", "City"), l.T("展位", "Booth")},
		Sample: [][]string{{l.T("星河科技有限公司", "Galaxy Technology"), l.T("王敏", "Wang Min"), "13800001111", l.T("展会", "fair"), l.T("杭州", "Hangzhou"), "A12"}, {l.T("远航物流", "Voyage Logistics"), l.T("赵强", "Zhao Qiang"), "13900002222", l.T("展会", "fair"), l.T("上海", "Shanghai"), "B3"}}}
	job.Mapping = importer.Propose(importer.Leads, job.Header)
	view := func(change func(*importer.Job)) ImportView {
		j := job
		change(&j)
		return ImportView{Job: j, Now: sampleTime(3, 2, 10, 0), Zone: accountZone, Frame: LeadFrame{Lang: l, Merger: true}, Opens: map[crm.Ref]bool{crm.LeadID(12).Ref(): true, crm.LeadID(215).Ref(): true, crm.AccountID(3).Ref(): true}}
	}
	alike := crm.Text{Zh: "名称与 L-12 相近（92%），请核对", En: "its name is like that of L-12 (92 %); please check"}
	twins := func(j *importer.Job) {
		j.State, j.Counts = importer.Done, importer.Counts{New: 2, Same: 2}
		j.Alike = []importer.Twin{{Line: 3, Made: crm.LeadID(215).Ref(), Other: crm.LeadID(12).Ref(), Reason: alike}}
		j.Known = []importer.Twin{{Line: 4, Other: crm.AccountID(3).Ref(), Reason: crm.Text{Zh: "与 A-3 重复：公司名称相同", En: "same as A-3: same company name"}}, {Line: 5, Other: crm.LeadID(9).Ref(), Reason: crm.Text{Zh: "与 L-9 重复：电话相同", En: "same as L-9: same phone"}}}
	}
	problems := []importer.Problem{{Line: 7, Reason: crm.Text{Zh: "电话号码不对", En: "this is no telephone number"}}, {Line: 31, Reason: crm.Text{Zh: "引号没有结束", En: "a quote is not closed"}}}
	counts := importer.Counts{New: 113, Update: 0, Same: 13, Bad: 2}
	wide := func(j *importer.Job) {
		j.Header = append([]string{}, j.Header...)
		for _, h := range []crm.Text{{Zh: "来源方式", En: "Origin"}, {Zh: "免打扰", En: "Do not e-mail"}, {Zh: "访问次数", En: "Visits"}, {Zh: "最近动作", En: "Last action"}, {Zh: "国家", En: "Country"}, {Zh: "专业", En: "Subject"},
			{Zh: "搜索词", En: "Search"}, {Zh: "杂志", En: "Magazine"}, {Zh: "报纸", En: "Newspaper"}, {Zh: "标签", En: "Tags"}, {Zh: "质量", En: "Quality"}, {Zh: "画像", En: "Profile"}, {Zh: "指数", En: "Index"}, {Zh: "得分", En: "Score"}} {
			j.Header = append(j.Header, h.In(l))
		}
		j.Remembered = true
	}
	return []Sample{
		{"import.card/columns", crm.Text{Zh: "核对列", En: "choose the columns"}, Import(l, view(func(*importer.Job) {}))},
		{"import.card/wide", crm.Text{Zh: "很多列的文件", En: "a file of many columns"}, Import(l, view(wide))},
		{"import.card/tried", crm.Text{Zh: "试算结果", En: "dry run"}, Import(l, view(func(j *importer.Job) { j.State, j.Counts, j.Problems = importer.Tried, counts, problems }))},
		{"import.card/nothing", crm.Text{Zh: "没有可导入的行", En: "nothing to import"}, Import(l, view(func(j *importer.Job) { j.State, j.Counts = importer.Tried, importer.Counts{Same: 128} }))},
		{"import.card/running", crm.Text{Zh: "正在导入", En: "importing"}, Import(l, view(func(j *importer.Job) {
			j.State, j.Rows, j.Counts = importer.Running, 4800, importer.Counts{New: 1900, Same: 95, Bad: 5}
		}))},
		{"import.card/done", crm.Text{Zh: "已导入，可撤销", En: "imported, can be taken back"}, Import(l, view(func(j *importer.Job) {
			j.State, j.Counts, j.Problems, j.Until = importer.Done, counts, problems, sampleTime(3, 3, 10, 0)
		}))},
		{"import.card/twins", crm.Text{Zh: "已导入，有相近和重复的行", En: "imported, with rows like others"}, Import(l, view(twins))},
		{"import.card/undone", crm.Text{Zh: "已撤销", En: "taken back"}, Import(l, view(func(j *importer.Job) { j.State, j.Counts, j.Taken, j.Kept = importer.Undone, counts, 110, 3 }))},
		{"import/help", crm.Text{Zh: "如何导入", En: "how to import"}, ImportHelp(l, 5000, 20, 24)},
	}
}
