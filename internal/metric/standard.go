package metric

import "crmbot/internal/crm"

// leadQuality are the roles that answer for how good leads are (L-07).
var leadQuality = []crm.Role{crm.Service, crm.Marketing, crm.Manager, crm.Director, crm.Boss, crm.Admin}

var deciders = []crm.Role{crm.Manager, crm.Director, crm.Legal, crm.Finance, crm.Boss, crm.Admin}

// count is a metric that counts the facts of one key.
func count(key string, name crm.Text, unit crm.Text, def crm.Text, time crm.Text) Def {
	return Def{Key: key, Name: name, Unit: unit, Definition: def, TimeField: time, Kind: Flow, Aggregate: SumQty, Facts: []string{key}, Ranks: crm.Rep, Owner: crm.Director}
}

// amount is a metric that adds up the amounts of one key.
func amount(key, fact string, name, def, time crm.Text) Def {
	return Def{Key: key, Name: name, Unit: yuan, Definition: def, TimeField: time, Kind: Flow, Aggregate: SumAmount, Facts: []string{fact}, Ranks: crm.Rep, Owner: crm.Finance}
}

// Standard are the metrics of the product.
func Standard() []Def {
	plan := crm.Text{Zh: "计划的日期", En: "the planned day"}
	logged := crm.Text{Zh: "活动发生的时间", En: "when the activity took place"}
	closed := crm.Text{Zh: "商机关闭日期", En: "the day the deal closed"}
	defs := []Def{
		count("lead.claim", crm.Text{Zh: "认领线索数", En: "leads claimed"}, leads,
			crm.Text{Zh: "从公海认领的线索条数；10 分钟内退回的扣除", En: "leads claimed from the pool; those returned within 10 minutes are taken off"}, crm.Text{Zh: "认领时间", En: "when it was claimed"}),
		count("lead.new", crm.Text{Zh: "新增线索数", En: "new leads"}, leads,
			crm.Text{Zh: "录入或导入的线索条数，查重拦下的不算", En: "leads entered or imported; blocked duplicates do not count"}, crm.Text{Zh: "创建时间", En: "when it was created"}),
		count("lead.first_contact", crm.Text{Zh: "首次联系数", En: "first contacts"}, leads,
			crm.Text{Zh: "认领或分配后第一次有效联系到的线索条数", En: "leads reached by a valid activity for the first time after they were claimed or assigned"}, logged),
		count("recycle.released", crm.Text{Zh: "自动回收数", En: "records recycled"}, records,
			crm.Text{Zh: "到期没有有效跟进而自动回到公海的线索和客户条数", En: "leads and accounts that went back to their pool because no valid activity came in time"}, crm.Text{Zh: "回收时间", En: "when it went back"}),
		count("recycle.warned", crm.Text{Zh: "释放预警数", En: "release warnings"}, records,
			crm.Text{Zh: "释放前发出的预警条数，每条记录每一级预警各计一次", En: "warnings before a release, one for each record and step of the ladder"}, crm.Text{Zh: "预警日期", En: "the day of the warning"}),
		count("recycle.acted", crm.Text{Zh: "预警后跟进数", En: "warnings acted on"}, records,
			crm.Text{Zh: "预警之后、释放日之前有有效跟进的预警条数", En: "warnings after which a valid activity came before the release day"}, logged),
		{Key: "recycle.acted_rate", Name: crm.Text{Zh: "预警跟进率", En: "warnings acted on, rate"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
			Definition: crm.Text{Zh: "预警后跟进数 ÷ 释放预警数", En: "warnings acted on ÷ release warnings"},
			TimeField:  crm.Text{Zh: "预警或跟进的日期", En: "the day of the warning or the activity"}, Facts: []string{"recycle.acted"}, Of: []string{"recycle.warned"}, Ranks: crm.Rep, Owner: crm.Director},
		count("recycle.override", crm.Text{Zh: "例外保留数", En: "records kept against the rule"}, records,
			crm.Text{Zh: "试行期内负责人说明原因后保留的条数", En: "records that owners kept with a reason while the rule was being introduced"}, crm.Text{Zh: "保留时间", En: "when it was kept"}),
		count("recycle.extended", crm.Text{Zh: "延期数", En: "extensions"}, records,
			crm.Text{Zh: "经理同意的延期次数", En: "extensions that a manager agreed to"}, crm.Text{Zh: "同意时间", En: "when it was agreed to"}),
		count("visit.planned", crm.Text{Zh: "计划拜访数", En: "visits planned"}, visits,
			crm.Text{Zh: "前一天 20:00 前或当天 09:30 前排好的拜访次数", En: "visits planned by 20:00 the day before or by 09:30 on the day"}, plan),
		count("visit.done", crm.Text{Zh: "完成拜访数", En: "visits made"}, visits,
			crm.Text{Zh: "已记录的拜访次数，不论是否有效", En: "visits logged, valid or not"}, logged),
		count("visit.valid", crm.Text{Zh: "有效拜访数", En: "valid visits"}, visits,
			crm.Text{Zh: "符合有效拜访条件的次数；同一客户每人每天最多一次", En: "visits that meet all conditions of a valid visit; at most one per person, customer and day"}, logged),
		{Key: "visit.attempt", Name: crm.Text{Zh: "拜访尝试数", En: "attempted visits"}, Unit: visits, Kind: Flow, Aggregate: SumHundredths,
			Definition: crm.Text{Zh: "没见到人的拜访：有照片或陪访人、按时记录，每次按 0.3 次折算（比例可在规则里改）；不计入有效拜访数",
				En: "visits at which nobody was met, with a photo or a companion and logged in time: each counts for 0.3 (a setting); not among the valid visits"},
			TimeField: logged, Facts: []string{"visit.attempt"}, Ranks: crm.Rep, Owner: crm.Director},
		{Key: "visit.plan_rate", Name: crm.Text{Zh: "计划完成率", En: "plan completion"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
			Definition: crm.Text{Zh: "计划内完成的有效拜访 ÷ 计划拜访；客户取消的不计入计划", En: "planned visits done as valid visits ÷ visits planned; those cancelled by the customer are left out"},
			TimeField:  plan, Facts: []string{"visit.plan_done"}, Of: []string{"visit.planned"}, Ranks: crm.Rep, Owner: crm.Director},
		count("call.done", crm.Text{Zh: "电话数", En: "calls"}, calls,
			crm.Text{Zh: "已记录的电话通数，不论是否有效", En: "calls logged, valid or not"}, logged),
		count("call.valid", crm.Text{Zh: "有效电话数", En: "valid calls"}, calls,
			crm.Text{Zh: "30 秒以上或写明结果的电话通数", En: "calls of 30 seconds or more, or with a result noted"}, logged),
		count("next_step.set", crm.Text{Zh: "约定下一步数", En: "next steps set"}, steps,
			crm.Text{Zh: "约好日期的下一步个数", En: "next steps agreed with a date"}, logged),
		count("account.new", crm.Text{Zh: "新增客户数", En: "new accounts"}, accounts,
			crm.Text{Zh: "新建的客户家数", En: "accounts created"}, crm.Text{Zh: "创建时间", En: "when it was created"}),
		count("contact.new", crm.Text{Zh: "新增联系人数", En: "new contacts"}, contacts,
			crm.Text{Zh: "新建的联系人数", En: "contacts created"}, crm.Text{Zh: "创建时间", En: "when it was created"}),
		count("deal.opened", crm.Text{Zh: "新增商机数", En: "deals opened"}, deals,
			crm.Text{Zh: "写明金额和预计成交日的新商机个数", En: "new deals with an amount and an expected closing day"}, crm.Text{Zh: "商机建立日期", En: "the day the deal was opened"}),
		count("deal.won", crm.Text{Zh: "赢单数", En: "deals won"}, deals,
			crm.Text{Zh: "赢单的商机个数", En: "deals closed as won"}, closed),
		amount("deal.won_amount", "deal.won", crm.Text{Zh: "赢单金额", En: "won amount"},
			crm.Text{Zh: "赢单商机的金额合计", En: "sum of the amounts of deals closed as won"}, closed),
		count("deal.lost", crm.Text{Zh: "输单数", En: "deals lost"}, deals,
			crm.Text{Zh: "输单的商机个数；无效和重复的不算", En: "deals closed as lost; invalid ones and duplicates are left out"}, closed),
		{Key: "deal.win_rate", Name: crm.Text{Zh: "赢单率", En: "win rate"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
			Definition: crm.Text{Zh: "赢单 ÷（赢单 + 输单），按关闭日期", En: "won ÷ (won + lost), by closing day"},
			TimeField:  closed, Facts: []string{"deal.won"}, Of: []string{"deal.won", "deal.lost"}, Ranks: crm.Rep, Owner: crm.Director},
		count("contract.submitted", crm.Text{Zh: "提交合同数", En: "contracts submitted"}, contracts,
			crm.Text{Zh: "提交审批的合同份数", En: "contracts submitted for approval"}, crm.Text{Zh: "提交时间", En: "when it was submitted"}),
		count("contract.approved", crm.Text{Zh: "合同通过数", En: "contracts approved"}, contracts,
			crm.Text{Zh: "审批全部通过的合同份数", En: "contracts that passed every approver"}, crm.Text{Zh: "最后一位审批人通过的时间", En: "when the last approver agreed"}),
		count("contract.signed", crm.Text{Zh: "签署合同数", En: "contracts signed"}, contracts,
			crm.Text{Zh: "双方签署的合同份数；30 天内终止的扣除", En: "contracts signed by both sides; those terminated within 30 days are taken off"}, crm.Text{Zh: "签署日期", En: "the day of signing"}),
		amount("contract.signed_amount", "contract.signed", crm.Text{Zh: "签署合同金额", En: "signed amount"},
			crm.Text{Zh: "双方签署的合同金额合计；30 天内终止的扣除", En: "sum of the amounts of signed contracts; those terminated within 30 days are taken off"}, crm.Text{Zh: "签署日期", En: "the day of signing"}),
	}
	decided := count("approval.decided", crm.Text{Zh: "审批处理数", En: "approvals decided"}, requests,
		crm.Text{Zh: "审批人同意、驳回或退回的件数", En: "requests that an approver agreed to, rejected or returned"}, crm.Text{Zh: "处理时间", En: "when it was decided"})
	decided.Sees, decided.Ranks, decided.Owner = deciders, "", crm.Legal
	median := Def{Key: "approval.median", Name: crm.Text{Zh: "审批用时中位数", En: "median approval time"}, Unit: hours, Kind: Cohort, Aggregate: MedianQty,
		Definition: crm.Text{Zh: "从送达到处理的工作时间，取中位数", En: "working time from arrival to decision, the middle value"},
		TimeField:  crm.Text{Zh: "处理时间", En: "when it was decided"}, Facts: []string{"approval.minutes"}, Sees: deciders, Owner: crm.Legal, LowerIsBetter: true}
	entered := crm.Text{Zh: "期限届满的日期，记给录入人", En: "the day its time was up, for whoever entered it"}
	valid := Def{Key: "lead.valid_rate", Name: crm.Text{Zh: "线索有效率", En: "valid-lead rate"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
		Definition: crm.Text{Zh: "录入后 7 个工作日内已有效联系且需求已确认的线索 ÷ 录入满 7 个工作日的线索，重复的不算",
			En: "leads that were reached and their need confirmed within 7 working days of entry ÷ leads entered more than 7 working days ago; duplicates are left out"},
		TimeField: entered, Facts: []string{"lead.valid"}, Of: []string{"lead.due"}, Sees: leadQuality, Owner: crm.Service}
	accuracy := Def{Key: "lead.grade_accuracy", Name: crm.Text{Zh: "评级准确率", En: "grading accuracy"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
		Definition: crm.Text{Zh: "30 天内转成商机的 A、B 级加上没有转成的 C、D 级 ÷ 录入满 30 天的已评级线索；等级取录入满 7 个工作日时的",
			En: "A and B leads that became a deal within 30 days plus C and D leads that did not ÷ graded leads entered more than 30 days ago; the grade is that of 7 working days after entry"},
		TimeField: entered, Facts: []string{"lead.grade_right"}, Of: []string{"lead.graded"}, Sees: leadQuality, Owner: crm.Service}
	return append(append(append(defs, decided, median, valid, accuracy), channels()...), distribution()...)
}

// buyers may see what channels cost (PM-01): reps do not.
var buyers = []crm.Role{crm.Manager, crm.Director, crm.Finance, crm.Marketing, crm.Boss, crm.Admin}

// channels are the metrics of where leads come from.
func channels() []Def {
	converted := count("lead.converted", crm.Text{Zh: "线索转化数", En: "leads converted"}, leads,
		crm.Text{Zh: "转为客户的线索条数", En: "leads that became accounts"}, crm.Text{Zh: "转为客户的时间", En: "when it became an account"})
	valid := count("lead.valid", crm.Text{Zh: "有效线索数", En: "valid leads"}, leads,
		crm.Text{Zh: "录入后 7 个工作日内已有效联系且需求已确认的线索条数，每条只算一次", En: "leads that were reached and their need confirmed within 7 working days of entry, each counted once"},
		crm.Text{Zh: "期限届满的日期", En: "the day its time was up"})
	rate := Def{Key: "lead.conversion", Name: crm.Text{Zh: "线索转化率", En: "lead conversion"}, Unit: percent, Kind: Flow, Aggregate: Ratio,
		Definition: crm.Text{Zh: "同一期间转为客户的线索 ÷ 新增线索", En: "leads converted ÷ new leads of the same period"},
		TimeField:  crm.Text{Zh: "转化和创建各按自己的时间", En: "conversion and creation, each at its own time"}, Facts: []string{"lead.converted"}, Of: []string{"lead.new"}, Ranks: crm.Rep, Owner: crm.Marketing}
	spent := crm.Text{Zh: "花费所属的日期", En: "the day that the cost is for"}
	cost := amount("channel.cost", "channel.cost", crm.Text{Zh: "渠道花费", En: "channel cost"},
		crm.Text{Zh: "登记的渠道花费，按月登记的平均分到每天", En: "costs entered for channels; those of a month are spread over its days"}, spent)
	per := func(key, of string, name, def crm.Text) Def {
		return Def{Key: key, Name: name, Unit: yuan, Definition: def, TimeField: spent, Kind: Flow, Aggregate: CostPer, Facts: []string{"channel.cost"}, Of: []string{of}, LowerIsBetter: true}
	}
	costs := []Def{cost,
		per("channel.cost_per_valid", "lead.valid", crm.Text{Zh: "有效线索成本", En: "cost per valid lead"}, crm.Text{Zh: "渠道花费 ÷ 有效线索数", En: "channel cost ÷ valid leads"}),
		per("channel.cost_per_deal", "deal.won", crm.Text{Zh: "成交成本", En: "cost per deal"}, crm.Text{Zh: "渠道花费 ÷ 赢单数", En: "channel cost ÷ deals won"})}
	for i := range costs {
		costs[i].Sees, costs[i].Owner, costs[i].Ranks = buyers, crm.Marketing, ""
	}
	return append([]Def{valid, converted, rate}, costs...)
}
