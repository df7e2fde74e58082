package lead_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

var scoredAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("CST", 8*3600))

// scoreOf is the score of data alone, just now.
func scoreOf(in lead.Info) lead.Score {
	return lead.ScoreOf(in, lead.Actions{}, scoredAt, lead.DefaultScale(), scoredAt)
}

func TestL01SourceAndCompleteness(t *testing.T) {
	const code = "91350100M000100Y43" // the example of the standard
	full := lead.Info{Company: "华星", Contact: "王总", Title: "经理", Phone: "13800138000", Need: "需要二十台检测设备", Budget: "80万", Source: "转介绍", USCC: code}
	if got := scoreOf(full); got != (lead.Score{Source: 30, Complete: 21}) {
		t.Errorf("a need of nine characters: %+v", got)
	}
	full.Need += "。"
	if got := scoreOf(full); got != (lead.Score{Source: 30, Complete: 25}) {
		t.Errorf("everything known: %+v", got)
	}
	for source, want := range map[string]int{"老客户": 30, "试用申请": 26, "展会": 20, "会议": 15, "website": 18, "下载": 10, "名片": 8, "购买名单": 3, "": 5, "没听过": 5} {
		if got := scoreOf(lead.Info{Source: source}).Source; got != want {
			t.Errorf("source %q gives %d, want %d", source, got, want)
		}
	}
	p := lead.DefaultScale()
	p.Learned = map[string]int{"转介绍": 12, "短视频": 27}
	for source, want := range map[string]int{"老客户": 12, "短视频": 27, "官网": 18} {
		if got := lead.ScoreOf(lead.Info{Source: source}, lead.Actions{}, scoredAt, p, scoredAt).Source; got != want {
			t.Errorf("with learned points %q gives %d, want %d", source, got, want)
		}
	}
}

func TestL01KeyActionsCountTwiceEachAndThirtyInAll(t *testing.T) {
	for did, want := range map[lead.Actions]int{
		{}:                                   0,
		{Calls: 1}:                           5,
		{Calls: 2}:                           10,
		{Calls: 9}:                           10,
		{Messages: 1, Calls: 1}:              13,
		{Meetings: 1}:                        12,
		{Meetings: 3}:                        24,
		{Meetings: 2, Calls: 1}:              29,
		{Meetings: 2, Calls: 2}:              30,
		{Meetings: 2, Calls: 2, Messages: 2}: 30,
	} {
		if got := lead.ScoreOf(lead.Info{}, did, scoredAt, lead.DefaultScale(), scoredAt).Actions; got != want {
			t.Errorf("%+v gives %d, want %d", did, got, want)
		}
	}
}

func TestL01FitFollowsTheSettings(t *testing.T) {
	in := lead.Info{Industry: "制造业", Size: "约 1,200 人", City: "上海市"}
	if got := scoreOf(in).Fit; got != 0 {
		t.Errorf("without targets the fit is %d", got)
	}
	p := lead.DefaultScale()
	p.Fit.Industries, p.Fit.Regions, p.Fit.Sizes = []string{"制造业"}, []string{"上海"}, []lead.Range{{Min: 50, Max: 99}, {Min: 1000}}
	fit := func(in lead.Info) int {
		return lead.ScoreOf(in, lead.Actions{}, scoredAt, p, scoredAt).Fit
	}
	if got := fit(in); got != 15 {
		t.Errorf("a target gives %d", got)
	}
	for want, in := range map[int]lead.Info{6: {Industry: "制造业"}, 5: {Size: "50-99人"}, 4: {Region: "上海"}, 0: {Industry: "教育", Size: "100", City: "北京"}} {
		if got := fit(in); got != want {
			t.Errorf("%+v gives %d, want %d", in, got, want)
		}
	}
}

func TestL01DecayByFullWeeksOfSilence(t *testing.T) {
	full := lead.Info{Source: "转介绍"}
	for days, want := range map[int]int{0: 0, 7: 0, 13: 0, 14: 5, 20: 5, 21: 10, 28: 15, 42: 25, 400: 25} {
		if got := lead.ScoreOf(full, lead.Actions{}, scoredAt, lead.DefaultScale(), scoredAt.Add(time.Duration(days)*24*time.Hour)).Decay; got != want {
			t.Errorf("%d days of silence take %d, want %d", days, got, want)
		}
	}
	// What is taken off ends at zero, so that the sum on the card is right.
	if got := lead.ScoreOf(lead.Info{Source: "名单"}, lead.Actions{}, scoredAt, lead.DefaultScale(), scoredAt.AddDate(1, 0, 0)); got.Decay != 3 || got.Total() != 0 {
		t.Errorf("a poor lead: %+v", got)
	}
}

func TestL02LinesAndCaps(t *testing.T) {
	n := lead.LineRule.Default
	for total, want := range map[int]lead.Grade{100: "A", 75: "A", 74: "B", 55: "B", 54: "C", 35: "C", 34: "D", 0: "D"} {
		if got := n.Of(total); got != want {
			t.Errorf("%d is %s, want %s", total, got, want)
		}
	}
	phone, mail := lead.Info{Phone: "13800138000"}, lead.Info{Email: "a@b.example"}
	for _, x := range []struct {
		in      lead.Info
		quality string
		g, want lead.Grade
	}{
		{phone, "", "A", "A"}, {mail, "", "A", "A"}, {lead.Info{}, "", "A", "C"}, {lead.Info{}, "", "D", "D"},
		{phone, lead.QualityWrongNumber, "A", "D"}, {phone, lead.QualityDuplicate, "A", ""},
	} {
		if got := lead.Capped(x.g, x.in, x.quality); got != x.want {
			t.Errorf("%+v %q %s is %q, want %q", x.in, x.quality, x.g, got, x.want)
		}
	}
}

func TestL06TheSumOnTheCard(t *testing.T) {
	s := lead.Score{Source: 20, Complete: 17, Actions: 22, Fit: 8, Decay: 5}
	if got := s.Explain("B", false, crm.Chinese); got != "62 B = 来源 20 + 完善 17 + 动作 22 + 匹配 8 − 冷却 5" {
		t.Error(got)
	}
	if got := s.Explain("A", true, crm.English); got != "62 A ✎ = source 20 + completeness 17 + actions 22 + fit 8 − decay 5" {
		t.Error(got)
	}
	if got := s.Explain("", false, crm.Chinese); got != "62 — = 来源 20 + 完善 17 + 动作 22 + 匹配 8 − 冷却 5" {
		t.Error(got)
	}
}

func anyScale(t *rapid.T) lead.Scale {
	n := func(name string) int { return rapid.IntRange(0, 1000).Draw(t, name) }
	p := lead.DefaultScale()
	if rapid.Bool().Draw(t, "defaults") {
		return p
	}
	p.Unknown = n("unknown")
	p.Complete = lead.CompletePoints{Company: n("company"), Contact: n("contact"), Mobile: n("mobile"), Title: n("title"), Need: n("need"), NeedLength: n("length"), Budget: n("budget")}
	p.Actions = lead.ActionPoints{Days: 30, Each: n("each"), Message: n("message"), Call: n("call"), Meeting: n("meeting")}
	p.Fit = lead.FitPoints{Industry: n("industry"), Industries: []string{"制造业"}, Size: n("size"), Sizes: []lead.Range{{Min: 1}}, Region: n("region"), Regions: []string{"上海"}}
	p.Decay = lead.DecayPoints{First: n("first"), Every: 1 + n("every"), Points: n("points"), Most: n("most")}
	return p
}

func TestL01L06ScoreIsTheShownSumWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "转介绍", "名单", "制造业", "上海", "13800138000", "200 人", "需要二十台检测设备年内上线"})
		in := lead.Info{Source: word.Draw(t, "source"), Contact: word.Draw(t, "contact"), Title: word.Draw(t, "title"), Phone: word.Draw(t, "phone"), Need: word.Draw(t, "need"),
			Budget: word.Draw(t, "budget"), Industry: word.Draw(t, "industry"), Region: word.Draw(t, "region"), Size: word.Draw(t, "size")}
		n := rapid.IntRange(0, 9)
		did := lead.Actions{Messages: n.Draw(t, "messages"), Calls: n.Draw(t, "calls"), Meetings: n.Draw(t, "meetings")}
		s := lead.ScoreOf(in, did, scoredAt, anyScale(t), scoredAt.Add(time.Duration(rapid.IntRange(-10, 500).Draw(t, "days"))*24*time.Hour))
		var total, source, complete, actions, fit, decay int
		var g string
		if _, err := fmt.Sscanf(s.Explain("B", false, crm.English), "%d %s = source %d + completeness %d + actions %d + fit %d − decay %d", &total, &g, &source, &complete, &actions, &fit, &decay); err != nil {
			t.Fatal(err)
		}
		if total < 0 || total > 100 || total != s.Total() || total != source+complete+actions+fit-decay {
			t.Fatalf("%+v shows %d", s, total)
		}
		if source > 30 || complete > 25 || actions > 30 || fit > 15 || min(source, complete, actions, fit, decay) < 0 {
			t.Fatalf("a part is out of bounds: %+v", s)
		}
	})
}

func TestL03DownAfterTwoRunsOrFivePointsUpAtOnce(t *testing.T) {
	n, slack := lead.LineRule.Default, lead.SlackRule.Default
	b := lead.Standing{Grade: "B"}
	one := b.Next(52, n, slack, "2026-03-03")
	if one.Grade != "B" || one.Low != 1 {
		t.Errorf("after one run: %+v", one)
	}
	if again := one.Next(52, n, slack, "2026-03-03"); again != one {
		t.Errorf("the same day counted twice: %+v", again)
	}
	if touched := one.Next(51, n, slack, ""); touched != one {
		t.Errorf("a change counted as a run: %+v", touched)
	}
	if two := one.Next(52, n, slack, "2026-03-04"); two != (lead.Standing{Grade: "C"}) {
		t.Errorf("after two runs: %+v", two)
	}
	if back := one.Next(55, n, slack, "2026-03-04"); back != b {
		t.Errorf("back on the line the count ends: %+v", back)
	}
	if at := b.Next(50, n, slack, ""); at.Grade != "C" {
		t.Errorf("five points below: %+v", at)
	}
	if at := b.Next(51, n, slack, ""); at.Grade != "B" {
		t.Errorf("four points below: %+v", at)
	}
	if at := (lead.Standing{Grade: "D"}).Next(75, n, slack, ""); at.Grade != "A" {
		t.Errorf("up at once: %+v", at)
	}
	// Two lines are two questions: 21 below A's is far, 1 below B's is not.
	if at := (lead.Standing{Grade: "A"}).Next(54, n, slack, ""); at.Grade != "B" {
		t.Errorf("past one line only: %+v", at)
	}
}

func TestL03HysteresisNeverSkips(t *testing.T) {
	n, slack := lead.LineRule.Default, lead.SlackRule.Default
	line := map[lead.Grade]int{"A": n.A, "B": n.B, "C": n.C, "D": 0}
	rapid.Check(t, func(t *rapid.T) {
		var s lead.Standing
		day, below := crm.Day("2026-03-01"), 0 // daily runs in a row below the present grade's line
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			total, run := rapid.IntRange(0, 100).Draw(t, "total"), rapid.Bool().Draw(t, "run")
			on := crm.Day("")
			if run {
				day = day.AddDays(1)
				on = day
			}
			was := s
			s = s.Next(total, n, slack, on)
			raw := n.Of(total)
			switch {
			case s.Grade > raw:
				t.Fatalf("%d held down: %+v → %+v", total, was, s)
			case was.Grade == "" || s.Grade <= was.Grade:
				if was.Grade != "" && raw <= was.Grade && s.Grade != raw {
					t.Fatalf("%d did not go up at once: %+v → %+v", total, was, s)
				}
			default: // down
				g := was.Grade
				for g < s.Grade && line[g]-total >= slack.Points {
					g = next(g)
				}
				if g != s.Grade && !(next(g) == s.Grade && run && below+1 >= slack.Runs && g == was.Grade) {
					t.Fatalf("%d skipped: %+v after %d runs → %+v", total, was, below, s)
				}
			}
			if s.Grade != was.Grade || total >= line[s.Grade] {
				below = 0
			}
			if run && total < line[s.Grade] {
				below++
			}
		}
	})
}

func next(g lead.Grade) lead.Grade {
	return map[lead.Grade]lead.Grade{"A": "B", "B": "C", "C": "D", "D": "D"}[g]
}

func TestL04GivenGradeHoldsUntilItsDay(t *testing.T) {
	l := lead.Lead{Info: lead.Info{Phone: "13800138000", Source: "转介绍", Contact: "王总"}, Status: lead.Open, CreatedAt: scoredAt,
		Given: lead.Given{Grade: "B", By: 4, At: scoredAt, Until: scoredAt.AddDate(0, 0, 30), Why: "客户已立项"}}
	p := lead.DefaultScale()
	r := lead.Rated(l, lead.Actions{}, p, scoredAt.AddDate(0, 0, 29), "")
	if r.Grade != "B" || !r.GradeGiven || r.Standing.Grade == "B" {
		t.Errorf("within its days: %s %v, score says %s", r.Grade, r.GradeGiven, r.Standing.Grade)
	}
	r = lead.Rated(r, lead.Actions{}, p, scoredAt.AddDate(0, 0, 30), "")
	if r.GradeGiven || r.Given != (lead.Given{}) || r.Grade != r.Standing.Grade {
		t.Errorf("after its days: %+v", r)
	}
	l.Quality = lead.QualityWrongNumber
	if r = lead.Rated(l, lead.Actions{}, p, scoredAt, ""); r.Grade != "D" || r.GradeGiven {
		t.Errorf("L-02: a wrong number is %s", r.Grade)
	}
	l.Quality, l.Status = "", lead.Converted
	l.Grade = "A"
	if r = lead.Rated(l, lead.Actions{}, p, scoredAt.AddDate(1, 0, 0), "2027-03-02"); r.Grade != "A" {
		t.Errorf("a closed lead was graded again: %s", r.Grade)
	}
	for g, want := range map[lead.Grade]string{"A": "[A B]", "B": "[A B C]", "D": "[C D]", "": "[]"} {
		if got := fmt.Sprint(lead.Around(g)); got != want {
			t.Errorf("around %s: %s", g, got)
		}
	}
}

func TestL05ShrunkRatesAndLearnedPoints(t *testing.T) {
	if got := lead.Shrunk(lead.Tally{Leads: 80, Reached: 40}, 0.1, 20); math.Abs(got-0.42) > 1e-9 {
		t.Errorf("(80·0.5 + 20·0.1)/100 is %v", got)
	}
	by := map[string]lead.Tally{"转介绍": {Leads: 50, Reached: 25}, "名片": {Leads: 50, Reached: 5}, "新渠道": {Leads: 49, Reached: 49}}
	got := lead.Learn(by, 50, 20)
	// All: 79 of 149. (25+20·0.530)/70 = 0.509; (5+10.6)/70 = 0.223.
	if len(got) != 2 || got["转介绍"] != 30 || got["名片"] != 13 {
		t.Errorf("learned %v", got)
	}
	if got := lead.Learn(map[string]lead.Tally{"名片": {Leads: 500}}, 50, 20); got != nil {
		t.Errorf("learned from nothing: %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		by := map[string]lead.Tally{}
		for _, s := range []string{"a", "b", "c", "d"} {
			n := rapid.IntRange(0, 500).Draw(t, s)
			by[s] = lead.Tally{Leads: n, Reached: rapid.IntRange(0, n).Draw(t, s+" reached")}
		}
		best := 0
		for s, p := range lead.Learn(by, 50, 20) {
			if p < 0 || p > 30 || by[s].Leads < 50 {
				t.Fatalf("%s got %d of %+v", s, p, by[s])
			}
			best = max(best, p)
		}
		if best != 0 && best != 30 {
			t.Fatalf("the best channel has %d", best)
		}
	})
}

func TestL07MonthlyCheckNeedsEnoughOfEachGrade(t *testing.T) {
	of := func(a, b, c, d, n int) []lead.Outcome {
		var out []lead.Outcome
		for i, reached := range []int{a, b, c, d} {
			out = append(out, lead.Outcome{Month: "2026-02", Source: "转介绍", Grade: lead.Grades[i], Tally: lead.Tally{Leads: n, Reached: reached}})
		}
		return append(out, lead.Outcome{Month: "2026-02", Source: "展会名片", Tally: lead.Tally{Leads: 100, Reached: 100}}) // not graded
	}
	for _, x := range []struct {
		list         []lead.Outcome
		enough, fine bool
	}{{of(20, 15, 5, 1, 30), true, true}, {of(20, 25, 5, 1, 30), true, false}, {of(5, 5, 5, 5, 30), true, false}, {of(20, 25, 5, 1, 29), false, false}, {nil, false, false}} {
		if c := lead.CheckGrades(x.list, 30); c.Enough != x.enough || c.Fine != x.fine {
			t.Errorf("%+v: %+v", x.list, c)
		}
	}
	for _, x := range []struct {
		g       lead.Grade
		reached bool
		right   bool
	}{{"A", true, true}, {"B", false, false}, {"C", false, true}, {"D", true, false}} {
		if lead.GradeRight(x.g, x.reached) != x.right {
			t.Errorf("%+v", x)
		}
	}
	got := lead.Propose(of(20, 25, 5, 1, 30), lead.DefaultScale(), 20)
	if got[0].Source.Zh != "展会名片" || got[0].Proposed != 30 || got[0].Now != 8 {
		t.Errorf("the best channel is proposed as %+v", got[0])
	}
}
