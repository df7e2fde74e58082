package handover_test

import (
	"testing"

	"pgregory.net/rapid"

	"crmbot/internal/crm"
	"crmbot/internal/handover"
)

func record(id int64, region, grade string) handover.Record {
	return handover.Record{Ref: crm.LeadID(id).Ref(), Region: region, Grade: grade}
}

func TestHO01TheProposalFollowsRegionLevelAndLoad(t *testing.T) {
	limits := func(leads, accounts int) map[crm.Kind]int {
		return map[crm.Kind]int{crm.KindLead: leads, crm.KindAccount: accounts}
	}
	sh := handover.Receiver{User: 1, Region: "上海", Held: limits(9, 0), Hold: limits(10, 100)}
	empty := handover.Receiver{User: 2, Region: "苏州", Held: limits(0, 0), Hold: limits(50, 100)}
	for name, c := range map[string]struct {
		records   []handover.Record
		receivers []handover.Receiver
		want      map[int64]crm.UserID
	}{
		"the region counts more than the load":        {[]handover.Record{record(1, "上海市", "C")}, []handover.Receiver{sh, empty}, map[int64]crm.UserID{1: 1}},
		"the best of a region get its room":           {[]handover.Record{record(1, "上海", "C"), record(2, "上海", "A")}, []handover.Receiver{sh, empty}, map[int64]crm.UserID{1: 2, 2: 1}},
		"without a region the least loaded":           {[]handover.Record{record(1, "", "A")}, []handover.Receiver{sh, empty}, map[int64]crm.UserID{1: 2}},
		"a full one gets nothing":                     {[]handover.Record{record(1, "上海", "A")}, []handover.Receiver{{User: 1, Region: "上海", Held: limits(10, 0), Hold: limits(10, 100)}}, map[int64]crm.UserID{1: 0}},
		"leads and accounts have limits of their own": {[]handover.Record{{Ref: crm.AccountID(1).Ref(), Region: "上海"}}, []handover.Receiver{{User: 1, Region: "上海", Held: limits(10, 0), Hold: limits(10, 100)}}, map[int64]crm.UserID{1: 1}},
		"nobody": {[]handover.Record{record(1, "上海", "A")}, nil, map[int64]crm.UserID{1: 0}},
	} {
		got := handover.Propose(c.records, c.receivers)
		for _, r := range c.records {
			if got[r.Ref] != c.want[r.Ref.ID] {
				t.Errorf("%s: %s goes to %d, want %d", name, r.Ref, got[r.Ref], c.want[r.Ref.ID])
			}
		}
	}
}

// Property: nobody gets more than their limit allows, everything is given while
// somebody has room, and the order of the question does not matter.
func TestHO01TheProposalKeepsHoldLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var receivers []handover.Receiver
		room := 0
		for i := range rapid.IntRange(1, 5).Draw(t, "people") {
			hold := rapid.IntRange(1, 12).Draw(t, "hold")
			held := rapid.IntRange(0, hold).Draw(t, "held")
			room += hold - held
			receivers = append(receivers, handover.Receiver{User: crm.UserID(i + 1), Region: rapid.SampledFrom([]string{"", "上海", "苏州"}).Draw(t, "region"), Held: map[crm.Kind]int{crm.KindLead: held}, Hold: map[crm.Kind]int{crm.KindLead: hold}})
		}
		var records []handover.Record
		for i := range rapid.IntRange(0, 40).Draw(t, "leads") {
			records = append(records, record(int64(i+1), rapid.SampledFrom([]string{"", "上海", "苏州"}).Draw(t, "city"), rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "grade")))
		}
		got := handover.Propose(records, receivers)
		if len(got) != min(len(records), room) {
			t.Fatalf("%d of %d are given with room for %d", len(got), len(records), room)
		}
		n := map[crm.UserID]int{}
		for _, u := range got {
			n[u]++
		}
		for _, x := range receivers {
			if x.Held[crm.KindLead]+n[x.User] > x.Hold[crm.KindLead] {
				t.Fatalf("%d gets %d with %d of %d", x.User, n[x.User], x.Held[crm.KindLead], x.Hold[crm.KindLead])
			}
		}
	})
}
