package handlers

import (
	"crmbot/cards"
	"crmbot/internal/crm"
)

// openers are the commands that show a record of each kind.
var openers = map[crm.Kind]crm.Text{
	crm.KindLead: {Zh: "线索", En: "lead"}, crm.KindAccount: {Zh: "客户", En: "account"}, crm.KindContact: {Zh: "联系人", En: "contact"},
	crm.KindDeal: {Zh: "商机", En: "deal"}, crm.KindContract: {Zh: "合同", En: "contract"}, crm.KindRequest: {Zh: "审批", En: "request"},
	crm.KindActivity: {Zh: "活动", En: "activity"}, crm.KindReport: {Zh: "日报", En: "daily"},
}

// opener gives cards the text command that shows a record, or "" for kinds
// that have none or that the actor may not use.
func (s *Services) opener(a crm.Actor, l crm.Lang) cards.Open {
	known := map[crm.Kind]string{}
	if s.router != nil {
		for _, e := range s.router.Entries() {
			for k, name := range openers {
				if e.Name == name.Zh && e.Allowed(a) {
					known[k] = "/" + name.In(l)
				}
			}
		}
	}
	return func(r crm.Ref) string {
		if known[r.Kind] == "" {
			return ""
		}
		return known[r.Kind] + " " + r.String()
	}
}
