package metric

import "crmbot/internal/crm"

// Measure is what a fact's numbers mean.
type Measure struct {
	Name crm.Text
	// Unit of Qty: 次, 条, or minutes where Minutes is set.
	Unit crm.Text
	// Amount is set for facts that carry money.
	Amount bool
	// Minutes is set when Qty is working minutes, Hundredths when it is hundredths
	// of the unit: facts are whole numbers, and parts of one are counted in these.
	Minutes, Hundredths bool
}

// Change is a fact's quantity as evidence: "+2 次", "+0.3 次", "-1 次".
func (m Measure) Change(qty int64, l crm.Lang) string {
	s, den := "", int64(1)
	if qty >= 0 {
		s = "+"
	}
	if m.Hundredths {
		den = 100
	}
	return counted(s+tenths(qty, den), m.Unit, l)
}

// facts are the keys that services may record. A metric that names another key
// stops the program at start.
var facts = map[string]Measure{
	"lead.new":           {Name: crm.Text{Zh: "新增线索", En: "new lead"}, Unit: leads},
	"lead.claim":         {Name: crm.Text{Zh: "认领线索", En: "claimed lead"}, Unit: leads},
	"account.claim":      {Name: crm.Text{Zh: "认领客户", En: "claimed account"}, Unit: accounts},
	"account.release":    {Name: crm.Text{Zh: "释放客户", En: "released account"}, Unit: accounts},
	"lead.release":       {Name: crm.Text{Zh: "释放线索", En: "released lead"}, Unit: leads},
	"lead.converted":     {Name: crm.Text{Zh: "线索转客户", En: "lead converted"}, Unit: leads},
	"lead.first_contact": {Name: crm.Text{Zh: "首次联系", En: "first contact"}, Unit: leads},
	"lead.due":           {Name: crm.Text{Zh: "到期待确认线索", En: "lead due for confirmation"}, Unit: leads},
	"lead.valid":         {Name: crm.Text{Zh: "有效线索", En: "valid lead"}, Unit: leads},
	"lead.graded":        {Name: crm.Text{Zh: "到期评级线索", En: "graded lead due"}, Unit: leads},
	"lead.grade_right":   {Name: crm.Text{Zh: "评级准确线索", En: "rightly graded lead"}, Unit: leads},
	"recycle.released":   {Name: crm.Text{Zh: "自动回收", En: "recycled record"}, Unit: records, Amount: true},
	"recycle.warned":     {Name: crm.Text{Zh: "释放预警", En: "release warning"}, Unit: records},
	"recycle.acted":      {Name: crm.Text{Zh: "预警后跟进", En: "warning acted on"}, Unit: records},
	"recycle.override":   {Name: crm.Text{Zh: "例外保留", En: "kept against the rule"}, Unit: records},
	"recycle.extended":   {Name: crm.Text{Zh: "延期", En: "extension"}, Unit: records},
	"lead.assigned":      {Name: crm.Text{Zh: "分到线索", En: "lead assigned"}, Unit: leads},
	"lead.offered":       {Name: crm.Text{Zh: "收到派单", En: "lead offered"}, Unit: leads},
	"lead.accepted":      {Name: crm.Text{Zh: "接受派单", En: "offer accepted"}, Unit: leads},
	"lead.bounced":       {Name: crm.Text{Zh: "派单退回", En: "offer bounced"}, Unit: leads},
	"lead.accept_time":   {Name: crm.Text{Zh: "接单用时", En: "time to accept"}, Unit: crm.Text{Zh: "分钟", En: "min"}, Minutes: true},
	"handover.received":  {Name: crm.Text{Zh: "接手客户", En: "customer taken over"}, Unit: accounts},
	"handover.contacted": {Name: crm.Text{Zh: "接手后及时联系", En: "contacted after a hand-over"}, Unit: accounts},
	"visit.planned":      {Name: crm.Text{Zh: "计划拜访", En: "planned visit"}, Unit: visits},
	"visit.done":         {Name: crm.Text{Zh: "完成拜访", En: "visit made"}, Unit: visits},
	"visit.valid":        {Name: crm.Text{Zh: "有效拜访", En: "valid visit"}, Unit: visits},
	"visit.attempt":      {Name: crm.Text{Zh: "拜访尝试", En: "attempted visit"}, Unit: visits, Hundredths: true},
	"visit.plan_done":    {Name: crm.Text{Zh: "完成的计划拜访", En: "planned visit done"}, Unit: visits},
	"call.done":          {Name: crm.Text{Zh: "电话", En: "call"}, Unit: calls},
	"call.valid":         {Name: crm.Text{Zh: "有效电话", En: "valid call"}, Unit: calls},
	"next_step.set":      {Name: crm.Text{Zh: "约定下一步", En: "next step set"}, Unit: steps},
	"account.new":        {Name: crm.Text{Zh: "新增客户", En: "new account"}, Unit: accounts},
	"contact.new":        {Name: crm.Text{Zh: "新增联系人", En: "new contact"}, Unit: contacts},
	"deal.opened":        {Name: crm.Text{Zh: "新增商机", En: "deal opened"}, Unit: deals, Amount: true},
	"deal.won":           {Name: crm.Text{Zh: "赢单", En: "deal won"}, Unit: deals, Amount: true},
	"deal.lost":          {Name: crm.Text{Zh: "输单", En: "deal lost"}, Unit: deals, Amount: true},
	"contract.submitted": {Name: crm.Text{Zh: "提交合同", En: "contract submitted"}, Unit: contracts, Amount: true},
	"contract.approved":  {Name: crm.Text{Zh: "合同通过", En: "contract approved"}, Unit: contracts, Amount: true},
	"contract.signed":    {Name: crm.Text{Zh: "合同签署", En: "contract signed"}, Unit: contracts, Amount: true},
	"channel.cost":       {Name: crm.Text{Zh: "渠道花费", En: "channel cost"}, Unit: days, Amount: true},
	"approval.decided":   {Name: crm.Text{Zh: "审批处理", En: "approval decided"}, Unit: requests},
	"approval.minutes":   {Name: crm.Text{Zh: "审批用时", En: "approval time"}, Unit: crm.Text{Zh: "分钟", En: "min"}, Minutes: true},
}

var (
	leads     = crm.Text{Zh: "条", En: "leads"}
	visits    = crm.Text{Zh: "次", En: "visits"}
	calls     = crm.Text{Zh: "通", En: "calls"}
	steps     = crm.Text{Zh: "个", En: "steps"}
	accounts  = crm.Text{Zh: "家", En: "accounts"}
	contacts  = crm.Text{Zh: "人", En: "contacts"}
	deals     = crm.Text{Zh: "单", En: "deals"}
	contracts = crm.Text{Zh: "份", En: "contracts"}
	days      = crm.Text{Zh: "天", En: "days"}
	records   = crm.Text{Zh: "条", En: "records"}
	requests  = crm.Text{Zh: "件", En: "requests"}
	percent   = crm.Text{Zh: "%", En: "%"}
	yuan      = crm.Text{Zh: "元", En: "yuan"}
	hours     = crm.Text{Zh: "小时", En: "hours"}
)

// FactMeasure is what a fact key's numbers mean; false for an unknown key.
func FactMeasure(key string) (Measure, bool) {
	m, ok := facts[key]
	return m, ok
}

// FactName is the key's word in the language, or the key itself when unknown.
func FactName(key string, l crm.Lang) string {
	if m, ok := facts[key]; ok {
		return m.Name.In(l)
	}
	return key
}
