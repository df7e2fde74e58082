package importer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/channel"
	"crmbot/internal/crm"
	"crmbot/internal/importer"
	"crmbot/internal/lead"
	"crmbot/internal/metric"
)

// TestEducationChannels imports real leads and compares the channel table, by
// source and by campaign, with sums from the file itself; taken back, nothing of
// them counts.
func TestEducationChannels(t *testing.T) {
	e := newEnv(t, "")
	s := e.file(importer.Leads, "leads/education_leads.csv", "education-leads.yaml")
	if s.New != 9240 {
		t.Fatalf("%s", s)
	}
	type count struct{ Leads, Converted int64 }
	bySource, byCampaign := map[string]count{}, map[channel.Origin]count{}
	var all count
	for _, r := range table(t, "leads/education_leads.csv") {
		src := map[string]string{"": "未知", "google": "Google", "Pay per Click Ads": "Google", "welearnblog_Home": "Welingak Website", "Reference": "转介绍"}[r["Lead Source"]]
		if src == "" {
			src = r["Lead Source"]
		}
		var won int64
		if r["Converted"] == "1" {
			won = 1
		}
		o := channel.Origin{Channel: src, Campaign: r["Lead Origin"]}
		bySource[src] = count{bySource[src].Leads + 1, bySource[src].Converted + won}
		byCampaign[o] = count{byCampaign[o].Leads + 1, byCampaign[o].Converted + won}
		all.Leads, all.Converted = all.Leads+1, all.Converted+won
	}
	reg, err := metric.NewRegistry(metric.Standard()...)
	must(t, err)
	channels := channel.NewService(channel.Deps{Store: e.db, Metrics: reg, Tx: e.db, Effects: e.db.Effects(), Clock: e.clock, Rules: e.Rules})
	read := func(name string) (channel.Table, map[string]count, map[channel.Origin]count) {
		t.Helper()
		got, err := channels.Table(t.Context(), e.admin, crm.MonthOf("2026-03-02"), name)
		must(t, err)
		at := func(r channel.Row, key string) int64 { return r.Values[got.At(key)].Num }
		sources, rows := map[string]count{}, map[channel.Origin]count{}
		for _, r := range got.Rows {
			n := count{at(r, "lead.new"), at(r, "lead.converted")}
			rows[r.Origin] = n
			sources[r.Channel] = count{sources[r.Channel].Leads + n.Leads, sources[r.Channel].Converted + n.Converted}
		}
		return got, sources, rows
	}
	got, sources, rows := read("")
	if d := cmp.Diff(bySource, sources); d != "" {
		t.Errorf("by source (-file +table):\n%s", d)
	}
	if d := cmp.Diff(byCampaign, rows); d != "" {
		t.Errorf("by campaign (-file +table):\n%s", d)
	}
	total := got.Total.Values
	if v := total[got.At("lead.conversion")]; v.Num != all.Converted || v.Den != all.Leads {
		t.Errorf("conversion %+v, the file has %+v", v, all)
	}
	// The same number as everywhere else: the daily sums.
	if n := e.total(lead.FactConverted).Qty; n != all.Converted {
		t.Errorf("%d conversions in the daily sums, the file has %d", n, all.Converted)
	}
	if n := e.count("crm_leads WHERE status = 'converted'"); int64(n) != all.Converted {
		t.Errorf("%d leads are converted", n)
	}
	one, _, _ := read("Google")
	var days count
	for _, ds := range one.Daily {
		for _, vs := range ds {
			days.Leads, days.Converted = days.Leads+vs[one.At("lead.new")].Num, days.Converted+vs[one.At("lead.converted")].Num
		}
	}
	if days != bySource["Google"] {
		t.Errorf("the days of one channel sum to %+v, the file has %+v", days, bySource["Google"])
	}
}

// TestConvertedLeadsAreTakenBack_CH05: an import that is taken back takes its
// conversions along.
func TestConvertedLeadsAreTakenBack_CH05(t *testing.T) {
	e := newEnv(t, "")
	const mapping = "kind: leads\nfields:\n  company: 公司\n  campaign: 活动\n  converted: 已转化\n"
	s := e.run(importer.Leads, "公司,活动,已转化\n华星,春季,是\n明月,春季,否\n远山,,也许\n", mapping)
	if s.New != 2 || s.Bad != 1 {
		t.Fatalf("%s", s)
	}
	if n := e.total(lead.FactConverted).Qty; n != 1 {
		t.Errorf("%d conversions", n)
	}
	if n := e.count("crm_leads WHERE campaign = '春季'"); n != 2 {
		t.Errorf("%d leads of the campaign", n)
	}
	list, err := e.leads.Search(t.Context(), e.admin, "华星", 5)
	must(t, err)
	_, err = e.leads.Claim(t.Context(), e.admin, list[0].ID)
	if err == nil {
		t.Error("a converted lead was claimed")
	}
	_, _, err = e.leads.UndoImport(t.Context(), e.admin, list[0].Import)
	must(t, err)
	if n := e.total(lead.FactConverted).Qty; n != 0 || e.total(lead.FactNew).Qty != 0 || e.count("crm_leads") != 0 {
		t.Errorf("taken back: %d conversions, %d new, %d leads", n, e.total(lead.FactNew).Qty, e.count("crm_leads"))
	}
}
