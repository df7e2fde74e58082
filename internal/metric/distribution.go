package metric

import "crmbot/internal/crm"

// distribution are the metrics of how leads are given out (AS-01 to AS-03).
func distribution() []Def {
	offered := crm.Text{Zh: "派单时间", En: "when it was offered"}
	decided := crm.Text{Zh: "接受、婉拒或超时的时间", En: "when it was accepted, declined or ran out"}
	return []Def{
		count("lead.assigned", crm.Text{Zh: "分到线索数", En: "leads assigned"}, leads,
			crm.Text{Zh: "经理分配或按规则分到的线索条数，含接受的派单；自己认领的不算，撤销的扣除", En: "leads given by a manager or by the rules, accepted offers included; own claims do not count, what was taken back is taken off"}, crm.Text{Zh: "分到的时间", En: "when it was given"}),
		count("lead.offered", crm.Text{Zh: "收到派单数", En: "leads offered"}, leads,
			crm.Text{Zh: "按规则派来、等待确认的线索条数", En: "leads offered by the rules"}, offered),
		count("lead.accepted", crm.Text{Zh: "接受派单数", En: "offers accepted"}, leads,
			crm.Text{Zh: "在时限内接受的派单条数", En: "offers accepted in time"}, decided),
		{Key: "lead.bounced", Name: crm.Text{Zh: "派单退回数", En: "offers bounced"}, Unit: leads, Kind: Flow, Aggregate: SumQty,
			Definition: crm.Text{Zh: "婉拒或超时未确认的派单条数", En: "offers that were declined or ran out"}, TimeField: decided, Facts: []string{"lead.bounced"}, Ranks: crm.Rep, Owner: crm.Director, LowerIsBetter: true},
		{Key: "lead.accept_rate", Name: crm.Text{Zh: "接单率", En: "acceptance rate"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
			Definition: crm.Text{Zh: "接受的派单 ÷（接受 + 退回）", En: "offers accepted ÷ (accepted + bounced)"}, TimeField: decided, Facts: []string{"lead.accepted"}, Of: []string{"lead.accepted", "lead.bounced"}, Ranks: crm.Rep, Owner: crm.Director},
		{Key: "lead.accept_time", Name: crm.Text{Zh: "接单用时中位数", En: "median time to accept"}, Unit: hours, Kind: Cohort, Aggregate: MedianQty,
			Definition: crm.Text{Zh: "从派单到接受的工作时间，取中位数", En: "working time from offer to acceptance, the middle value"}, TimeField: decided, Facts: []string{"lead.accept_time"}, Ranks: crm.Rep, Owner: crm.Director, LowerIsBetter: true},
		{Key: "handover.contact_rate", Name: crm.Text{Zh: "交接联系率", En: "contacted after hand-over"}, Unit: percent, Kind: Cohort, Aggregate: Ratio,
			Definition: crm.Text{Zh: "交接后 5 个工作日内新负责人有效联系的客户和线索 ÷ 交接满 5 个工作日的", En: "customers and leads that the new owner contacted within 5 working days ÷ those handed over more than 5 working days ago"},
			TimeField:  crm.Text{Zh: "期限届满的日期", En: "the day its time was up"}, Facts: []string{"handover.contacted"}, Of: []string{"handover.received"}, Ranks: crm.Rep, Owner: crm.Director},
	}
}
