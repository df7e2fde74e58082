package handlers

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

const (
	viewEvidence = "metric.evidence"
	viewRank     = "metric.rank"
	// rankDefault is the ranking that is shown to who names no metric.
	rankDefault = "visit.valid"
)

func plain(rest string) (string, error) { return strings.TrimSpace(rest), nil }

// metrics are rankings, the records behind numbers, and what numbers mean.
func metrics(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "排行", Aliases: []string{"rank"}, Summary: crm.Text{Zh: "按指标和期间排名", En: "who did how much in a period"},
				Usage: crm.Text{Zh: "[指标] [期间] [团队]", En: "[metric] [period] [team]"}, Examples: []string{"/排行 赢单金额 本季度", "/rank won amount 2017-Q2", "/排行"}, Menu: true,
				Parse: plain, Run: s.rank},
			bot.Command[string]{Name: "明细", Aliases: []string{"evidence"}, Summary: crm.Text{Zh: "一个数字背后的记录", En: "the records behind a number"},
				Usage: crm.Text{Zh: "指标 [期间] [人|团队] [第2页]", En: "metric [period] [person|team] [p2]"}, Examples: []string{"/明细 有效拜访数 本周", "/evidence valid visits this week"},
				Parse: func(rest string) (string, error) {
					if strings.TrimSpace(rest) == "" {
						return "", crm.Invalid("请写要看哪个指标", "please name a metric")
					}
					return plain(rest)
				}, Run: s.evidenceText},
			bot.Command[string]{Name: "指标", Aliases: []string{"metrics"}, Summary: crm.Text{Zh: "每个数字的口径", En: "what each number means"},
				Usage: crm.Text{Zh: "[指标]", En: "[metric]"}, Examples: []string{"/指标", "/指标 赢单率", "/metrics win rate"}, Parse: plain, Run: s.metricText},
			bot.Handle[cards.MetricEvidence]{Run: s.evidencePress},
			bot.Handle[cards.MetricRank]{Run: s.rankPress},
		},
		Views: []bot.ViewDef{
			{Name: viewEvidence, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				e, err := cards.ParseMetricEvidence(ref)
				if err != nil {
					return card.Card{}, crm.Invalid("链接无效", "this link is not valid").WithCause(err)
				}
				if v.Group {
					return card.Card{}, crm.Forbidden("明细只在单聊里显示", "records are shown in the 1:1 chat only")
				}
				return s.evidenceCard(ctx, v.Actor, v.Lang, e)
			}},
			{Name: viewRank, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				e, err := cards.ParseMetricEvidence(ref)
				if err != nil {
					return card.Card{}, crm.Invalid("链接无效", "this link is not valid").WithCause(err)
				}
				return s.rankCard(ctx, v.Actor, v.Lang, e.Metric, e.Period(), e.Scope())
			}},
		},
	}
}

func (s *Services) evidenceCard(ctx context.Context, a crm.Actor, l crm.Lang, p cards.MetricEvidence) (card.Card, error) {
	e, err := s.Metrics.Evidence(ctx, a, p.Metric, p.Period(), p.Scope(), p.Page)
	if err != nil {
		return card.Card{}, err
	}
	return cards.MetricEvidenceCard(l, e, s.Calendar.Zone(), s.opener(a, l)), nil
}

func (s *Services) evidencePress(ctx context.Context, a crm.Actor, c bot.Call, p cards.MetricEvidence) (bot.Reply, error) {
	card, err := s.evidenceCard(ctx, a, a.Lang, p)
	if err != nil {
		return bot.Reply{}, err
	}
	turn := p.Turn
	p.Turn = false
	rep := bot.Reply{Card: &card, View: bot.View{Name: viewEvidence, Ref: p.Ref()}, Private: true}
	rep.Update = turn && !c.Group()
	return rep, nil
}

// evidenceText reads "指标 [期间] [人|团队] [第2页]".
func (s *Services) evidenceText(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	words := strings.Fields(rest)
	page := 0
	if n := len(words); n > 1 {
		if p, ok := pageWord(words[n-1]); ok {
			page, words = p-1, words[:n-1]
		}
	}
	q, err := s.parseNumber(ctx, a, words, func(who string) (metric.Scope, error) { return s.anyone(ctx, c, who) })
	if err != nil {
		return bot.Reply{}, err
	}
	if !q.named {
		q.scope = ownScope(a)
	}
	if q.metric.Key == "" {
		return bot.Reply{}, crm.Invalid("请写要看哪个指标", "please name a metric").WithNext("例如：/明细 有效拜访数 本周", "for example: /evidence valid visits this week")
	}
	return s.evidencePress(ctx, a, c, cards.MetricEvidence{Metric: q.metric.Key, From: q.period.From, To: q.period.To, User: q.scope.User, Team: q.scope.Team, Page: page})
}

// ownScope is whose records somebody means who names nobody: all that the
// person may see.
func ownScope(a crm.Actor) metric.Scope {
	switch {
	case a.All || a.System:
		return metric.Scope{}
	case a.Leads(a.Team):
		return metric.Scope{Team: a.Team}
	}
	return metric.Scope{User: a.ID}
}

func pageWord(w string) (int, bool) {
	t := strings.TrimSuffix(strings.TrimPrefix(w, "第"), "页")
	if t == w {
		t = strings.TrimPrefix(strings.ToLower(w), "p")
		if t == strings.ToLower(w) {
			return 0, false
		}
	}
	n, err := strconv.Atoi(t)
	return n, err == nil && n > 0 && n < 100_000
}

func (s *Services) rank(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	q, err := s.parseNumber(ctx, a, strings.Fields(rest), func(who string) (metric.Scope, error) {
		t, err := s.Directory.TeamNamed(ctx, who)
		return metric.Scope{Team: t.ID}, err
	})
	if err != nil {
		return bot.Reply{}, err
	}
	if q.metric.Key == "" {
		q.metric.Key = rankDefault
	}
	if !q.named {
		if q.scope, err = s.groupScope(ctx, a, c); err != nil {
			return bot.Reply{}, err
		}
	}
	return s.showRank(ctx, a, c, q.metric.Key, q.period, q.scope)
}

// groupScope is the team of a bound group, else what the actor means alone.
func (s *Services) groupScope(ctx context.Context, a crm.Actor, c bot.Call) (metric.Scope, error) {
	if c.Group() {
		t, ok, err := s.Reports.BoundTeam(ctx, c.Req.Platform, c.Req.Chat.ID)
		if err != nil {
			return metric.Scope{}, err
		}
		if ok && a.SeesTeam(t) {
			return metric.Scope{Team: t}, nil
		}
		if a.Team != 0 {
			return metric.Scope{Team: a.Team}, nil
		}
	}
	return metric.DefaultScope(a), nil
}

func (s *Services) rankPress(ctx context.Context, a crm.Actor, c bot.Call, p cards.MetricRank) (bot.Reply, error) {
	period, err := crm.ParsePeriod(c.Values.Get("period"), s.today())
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showRank(ctx, a, c, c.Values.Get("metric"), period, metric.Scope{Team: p.Team})
	rep.Update = err == nil
	return rep, err
}

func (s *Services) showRank(ctx context.Context, a crm.Actor, c bot.Call, key string, p crm.Period, sc metric.Scope) (bot.Reply, error) {
	card, err := s.rankCard(ctx, a, a.Lang, key, p, sc)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Reply{Card: &card}
	if !c.Group() { // in a group the card stays as the asker was allowed to see it
		rep.View = bot.View{Name: viewRank, Ref: cards.RankRef(key, p, sc)}
	}
	return rep, nil
}

func (s *Services) rankCard(ctx context.Context, a crm.Actor, l crm.Lang, key string, p crm.Period, sc metric.Scope) (card.Card, error) {
	r, err := s.Metrics.Rank(ctx, a, key, p, sc)
	if err != nil {
		return card.Card{}, err
	}
	return cards.RankCard(l, r, cards.RankOptions{Metrics: s.Metrics.Visible(a), Periods: s.periodOptions(l, p), Details: func(u crm.UserID) bool {
		x, err := s.Directory.User(ctx, u)
		return err == nil && a.CanSee(x.ID, x.Team)
	}}), nil
}

// periodOptions are the shown period and the common ones around today.
func (s *Services) periodOptions(l crm.Lang, shown crm.Period) []card.Option {
	today := s.today()
	list := []crm.Period{shown, crm.DayPeriod(today), crm.WeekOf(today), crm.MonthOf(today), crm.MonthOf(today).Previous(), crm.QuarterOf(today), crm.YearOf(today)}
	var out []card.Option
	for _, p := range list {
		o := card.Option{Value: p.String(), Label: p.Label(l)}
		if !slices.ContainsFunc(out, func(x card.Option) bool { return x.Value == o.Value }) {
			out = append(out, o)
		}
	}
	return out
}

func (s *Services) today() crm.Day { return s.Calendar.DayOf(s.Clock.Now()) }

// numberQuery is what "赢单金额 2017-Q2 华东" names.
type numberQuery struct {
	metric metric.Def // zero: none was named
	period crm.Period
	scope  metric.Scope
	named  bool // whether a scope was named
}

// parseNumber finds metric, period and scope in the words, each optional and in
// this order. Names may have spaces, so every way to cut the words is tried,
// longest metric first.
func (s *Services) parseNumber(ctx context.Context, a crm.Actor, words []string, who func(string) (metric.Scope, error)) (numberQuery, error) {
	reg := s.Metrics.Registry()
	fallback := numberQuery{period: crm.MonthOf(s.today())}
	if len(words) == 0 {
		return fallback, nil
	}
	if len(words) > 12 {
		return fallback, crm.Invalid("写得太长了", "that is too long")
	}
	for i := len(words); i >= 0; i-- {
		q := fallback
		if i > 0 {
			d, err := reg.Find(a, strings.Join(words[:i], " "))
			if err != nil {
				continue
			}
			q.metric = d
		}
		for j := len(words); j >= i; j-- {
			if j > i {
				p, err := crm.ParsePeriod(strings.Join(words[i:j], " "), s.today())
				if err != nil {
					continue
				}
				q.period = p
			} else {
				q.period = fallback.period
			}
			if j == len(words) {
				return q, nil
			}
			sc, err := who(strings.Join(words[j:], " "))
			if err == nil {
				q.scope, q.named = sc, true
				return q, nil
			}
		}
	}
	return fallback, s.explainNumber(ctx, a, words, who)
}

// explainNumber says what of the words was not understood.
func (s *Services) explainNumber(_ context.Context, a crm.Actor, words []string, who func(string) (metric.Scope, error)) error {
	reg := s.Metrics.Registry()
	for i := len(words); i > 0; i-- {
		if _, err := reg.Find(a, strings.Join(words[:i], " ")); err == nil && i < len(words) {
			rest := strings.Join(words[i:], " ")
			if _, err := crm.ParsePeriod(words[i], s.today()); err == nil && i+1 < len(words) {
				_, err = who(strings.Join(words[i+1:], " "))
				return err
			}
			return crm.Invalid("看不懂“"+rest+"”", "cannot read “"+rest+"”").
				WithNext("期间可以写 本周、上月、2026-Q1，团队写名称", "a period is for example this week, last month or 2026-Q1; a team goes by its name")
		}
	}
	_, err := reg.Find(a, words[0])
	if err == nil {
		return crm.Invalid("看不懂这句话", "cannot read this")
	}
	return err
}

// anyone is a person or a team by name.
func (s *Services) anyone(ctx context.Context, c bot.Call, who string) (metric.Scope, error) {
	if len(c.People) > 0 && strings.HasPrefix(who, "@") {
		return metric.Scope{User: c.People[0].ID}, nil
	}
	if t, err := s.Directory.TeamByName(ctx, who); err == nil {
		return metric.Scope{Team: t.ID}, nil
	}
	u, err := s.Directory.One(ctx, who)
	if crm.CodeOf(err) == crm.CodeNotFound {
		// A part of a team's name comes last: a person may be called like it.
		if t, terr := s.Directory.TeamNamed(ctx, who); terr == nil {
			return metric.Scope{Team: t.ID}, nil
		}
	}
	return metric.Scope{User: u.ID}, err
}

func (s *Services) metricText(_ context.Context, a crm.Actor, _ bot.Call, name string) (bot.Reply, error) {
	if name == "" {
		c := cards.MetricsCard(a.Lang, s.Metrics.Visible(a))
		return bot.Reply{Card: &c}, nil
	}
	d, err := s.Metrics.Registry().Find(a, name)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.MetricCard(a.Lang, d)
	return bot.Reply{Card: &c}, nil
}
