package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/report"
	"crmbot/internal/rule"
)

// reportSetup are the settings of the daily report, by card and by command.
func (s *Services) reportSetup() []bot.Registration {
	admin := []crm.Role{crm.Admin}
	return []bot.Registration{
		bot.Command[string]{Name: "日报设置", Aliases: []string{"reportsettings"}, Summary: crm.Text{Zh: "日报的指标、目标、提问和时间", En: "metrics, goals, question and times of the daily report"},
			Usage: crm.Text{Zh: "[加 指标 [周|月|季]|减 指标|上移 指标|清单 指标|目标 [指标 2/3/4]|提问 [文字]|时间 [草稿 17:30]]",
				En: "[add metric [week|month|quarter]|drop metric|up metric|list metric|goal [metric 2/3/4]|prompt [text]|time [draft 17:30]]"},
			Examples: []string{"/日报设置", "/日报设置 加 赢单金额 月", "/日报设置 减 visit.valid", "/reportsettings goal valid visits 2/3/4"}, Roles: admin, Parse: plain, Run: s.setupText},
		bot.Handle[cards.ReportDropBlock]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ReportDropBlock) (bot.Reply, error) {
			out, name, err := s.dropBlock(ctx, a, p)
			return s.replaceSetup(a, out, err, cards.SetupContents, dropped(a.Lang, name))
		}},
		bot.Handle[cards.ReportAddMetric]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReportAddMetric) (bot.Reply, error) {
			period, _ := periodOf(c.Values.Get(cards.SetupPeriod))
			key := c.Values.Get(cards.SetupMetric)
			out, err := s.Reports.AddMetric(ctx, a, p.V, report.Block{Metric: key, Period: period})
			return s.replaceSetup(a, out, err, cards.SetupContents, a.Lang.T("已添加：", "added: ")+s.metricName(key, a.Lang))
		}},
		bot.Handle[cards.ReportSetGoal]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, _ cards.ReportSetGoal) (bot.Reply, error) {
			marks := strings.Join([]string{c.Values.Get(cards.SetupPass), c.Values.Get(cards.SetupGood), c.Values.Get(cards.SetupExcellent)}, "/")
			key := c.Values.Get(cards.SetupMetric)
			line, err := goalLine(key, marks)
			if err != nil {
				return bot.Reply{}, err
			}
			out, err := s.Reports.SetGoal(ctx, a, "", goal.Profile(c.Values.Get(cards.SetupProfile)), key, &line)
			return s.replaceSetup(a, out, err, cards.SetupGoals, a.Lang.T("目标已保存：", "goal saved: ")+s.metricName(key, a.Lang)+" "+marks)
		}},
		bot.Handle[cards.ReportSetPrompt]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReportSetPrompt) (bot.Reply, error) {
			zh, en := c.Values.Get(cards.SetupPromptZh), c.Values.Get(cards.SetupPromptEn)
			if zh == "" {
				zh = en
			}
			out, err := s.Reports.SetPrompt(ctx, a, p.V, zh, en, false)
			return s.replaceSetup(a, out, err, cards.SetupQuestion, a.Lang.T("提问已保存", "question saved"))
		}},
		bot.Handle[cards.ReportSetTimes]{Roles: admin, Run: s.setTimes},
	}
}

func (s *Services) metricName(key string, l crm.Lang) string {
	if d, ok := s.Metrics.Registry().Get(key); ok {
		return d.Name.In(l)
	}
	return key
}

func (s *Services) showSetup(a crm.Actor, out report.Setup, err error, part cards.SetupPart, changed string) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.ReportSetupCard(a.Lang, out, s.Metrics.Visible(a), part, changed)
	return bot.Reply{Card: &c, Private: true}, nil
}

func (s *Services) replaceSetup(a crm.Actor, out report.Setup, err error, part cards.SetupPart, changed string) (bot.Reply, error) {
	rep, err := s.showSetup(a, out, err, part, changed)
	if err == nil {
		rep.Update, rep.Private, rep.Toast, rep.ToastTone = true, false, changed, bot.ToastSuccess
	}
	return rep, err
}

func (s *Services) setTimes(ctx context.Context, a crm.Actor, c bot.Call, _ cards.ReportSetTimes) (bot.Reply, error) {
	out, err := s.Reports.Setup(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	changed := ""
	for _, st := range report.Steps {
		v := c.Values.Get(string(st))
		if v == "" || v == out.Times[st] {
			continue
		}
		_, from, err := s.Reports.SetTime(ctx, a, st, v)
		if err != nil {
			return bot.Reply{}, err
		}
		changed = a.Lang.T("时间已保存，"+string(from)+" 起生效", "times saved; they hold from "+string(from))
	}
	if changed == "" {
		changed = a.Lang.T("时间没有变化", "no time was changed")
	}
	out, err = s.Reports.Setup(ctx, a)
	return s.replaceSetup(a, out, err, cards.SetupTimes, changed)
}

// setupPages are the words that open a page of the settings.
var setupPages = map[string]cards.SetupPart{"目标": cards.SetupGoals, "goal": cards.SetupGoals, "提问": cards.SetupQuestion, "问题": cards.SetupQuestion, "prompt": cards.SetupQuestion, "时间": cards.SetupTimes, "time": cards.SetupTimes}

// setupText answers /日报设置 with its sub-commands.
func (s *Services) setupText(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
	word, arg, _ := strings.Cut(rest, " ")
	arg = strings.TrimSpace(arg)
	if part, ok := setupPages[strings.ToLower(word)]; ok && arg == "" {
		out, err := s.Reports.Setup(ctx, a)
		return s.showSetup(a, out, err, part, "")
	}
	switch strings.ToLower(word) {
	case "":
		out, err := s.Reports.Setup(ctx, a)
		return s.showSetup(a, out, err, cards.SetupContents, "")
	case "加", "添加", "add":
		return s.setupAdd(ctx, a, arg)
	case "减", "移除", "drop", "remove":
		return s.setupDrop(ctx, a, arg)
	case "上移", "up":
		d, err := s.Metrics.Registry().Find(a, arg)
		if err != nil {
			return bot.Reply{}, err
		}
		out, err := s.Reports.Raise(ctx, a, report.AnyVersion, d.Key)
		return s.showSetup(a, out, err, cards.SetupContents, a.Lang.T("已上移：", "moved up: ")+d.Name.In(a.Lang))
	case "清单", "list":
		d, err := s.Metrics.Registry().Find(a, arg)
		if err != nil {
			return bot.Reply{}, err
		}
		out, err := s.Reports.AddList(ctx, a, report.AnyVersion, d.Key, 5)
		return s.showSetup(a, out, err, cards.SetupContents, a.Lang.T("已添加清单：", "list added: ")+d.Name.In(a.Lang))
	case "目标", "goal":
		return s.setupGoal(ctx, a, arg)
	case "提问", "问题", "prompt":
		out, err := s.Reports.SetPrompt(ctx, a, report.AnyVersion, arg, "", false)
		return s.showSetup(a, out, err, cards.SetupQuestion, a.Lang.T("提问已保存", "question saved"))
	case "时间", "time":
		return s.setupTime(ctx, a, arg)
	}
	return bot.Reply{}, crm.Invalid("看不懂“"+word+"”，可以写：加、减、上移、清单、目标、提问、时间", "cannot read “"+word+"”; there are: add, drop, up, list, goal, prompt, time").
		WithNext("例如：/日报设置 加 赢单金额 月", "for example: /reportsettings add won amount month")
}

func periodOf(w string) (string, bool) {
	w = strings.ToLower(strings.TrimSpace(w))
	for key, t := range cards.PeriodWords {
		if w == t.Zh || w == t.En || w == "本"+t.Zh || w == "当"+t.Zh {
			return key, true
		}
	}
	return report.PeriodDay, false
}

func (s *Services) setupAdd(ctx context.Context, a crm.Actor, arg string) (bot.Reply, error) {
	words := strings.Fields(arg)
	b := report.Block{}
	for len(words) > 1 {
		last := strings.ToLower(words[len(words)-1])
		if p, ok := periodOf(last); ok {
			b.Period = p
		} else if last == "团队" || last == "team" {
			b.Scope = report.ScopeTeam
		} else {
			break
		}
		words = words[:len(words)-1]
	}
	d, err := s.Metrics.Registry().Find(a, strings.Join(words, " "))
	if err != nil {
		return bot.Reply{}, err
	}
	b.Metric = d.Key
	out, err := s.Reports.AddMetric(ctx, a, report.AnyVersion, b)
	return s.showSetup(a, out, err, cards.SetupContents, a.Lang.T("已添加：", "added: ")+d.Name.In(a.Lang))
}

// dropBlock removes what a button names. A block that a button names is
// removed whatever else was changed since the card was shown, as its command
// does; one of which the button knows only the place is not.
func (s *Services) dropBlock(ctx context.Context, a crm.Actor, p cards.ReportDropBlock) (report.Setup, string, error) {
	was, err := s.Reports.Setup(ctx, a)
	if err != nil {
		return report.Setup{}, "", err
	}
	name := ""
	for i, b := range was.Template {
		if p.Key == b.Key() || p.Key == "" && p.Index == i {
			name = s.blockName(a.Lang, b)
		}
	}
	if p.Key == "" {
		out, err := s.Reports.DropBlock(ctx, a, p.V, p.Index)
		return out, name, err
	}
	out, err := s.Reports.DropKey(ctx, a, p.Key)
	return out, name, err
}

func (s *Services) blockName(l crm.Lang, b report.Block) string {
	names := map[string]crm.Text{}
	if d, ok := s.Metrics.Registry().Get(b.Metric); ok {
		names[b.Metric] = d.Name
	}
	return cards.BlockName(l, b, names)
}

func dropped(l crm.Lang, name string) string { return l.T("已移除：", "removed: ") + name }

// setupDrop removes the block with the name or place, or all of a metric.
func (s *Services) setupDrop(ctx context.Context, a crm.Actor, arg string) (bot.Reply, error) {
	was, err := s.Reports.Setup(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	n, _ := strconv.Atoi(arg)
	for i, b := range was.Template {
		for _, l := range []crm.Lang{crm.Chinese, crm.English} {
			if n == i+1 || strings.EqualFold(crm.Normalize(s.blockName(l, b)), arg) {
				out, err := s.Reports.DropKey(ctx, a, b.Key())
				return s.showSetup(a, out, err, cards.SetupContents, dropped(a.Lang, s.blockName(a.Lang, b)))
			}
		}
	}
	d, err := s.Metrics.Registry().Find(a, arg)
	if err != nil {
		return bot.Reply{}, err
	}
	out, err := s.Reports.Drop(ctx, a, report.AnyVersion, d.Key)
	return s.showSetup(a, out, err, cards.SetupContents, dropped(a.Lang, d.Name.In(a.Lang)))
}

// goalLine reads "2/3/4".
func goalLine(key, marks string) (goal.Line, error) {
	p := strings.Split(marks, "/")
	bad := crm.Invalid("目标要写成 及格/良好/优秀，收到“"+marks+"”", "a goal is pass/good/excellent, got “"+marks+"”").WithNext("例如 2/3/4", "for example 2/3/4")
	if len(p) != 3 {
		return goal.Line{}, bad
	}
	var v [3]float64
	for i := range p {
		f, err := strconv.ParseFloat(strings.TrimSpace(p[i]), 64)
		if err != nil {
			return goal.Line{}, bad
		}
		v[i] = f
	}
	return goal.Line{Metric: key, Pass: v[0], Good: v[1], Excellent: v[2]}, nil
}

// setupGoal reads "有效拜访数 2/3/4 [外勤|电话] [团队 华东|人 李娜]"; 无 instead of the
// marks removes the goal.
func (s *Services) setupGoal(ctx context.Context, a crm.Actor, arg string) (bot.Reply, error) {
	words := strings.Fields(arg)
	at := -1
	for i, w := range words {
		if (strings.Contains(w, "/") && w[0] >= '0' && w[0] <= '9') || w == "无" || strings.EqualFold(w, "none") {
			at = i
			break
		}
	}
	if at < 1 {
		return bot.Reply{}, crm.Invalid("请写指标和目标", "please give a metric and its goal").WithNext("例如：/日报设置 目标 有效拜访数 2/3/4", "for example: /reportsettings goal valid visits 2/3/4")
	}
	d, err := s.Metrics.Registry().Find(a, strings.Join(words[:at], " "))
	if err != nil {
		return bot.Reply{}, err
	}
	var line *goal.Line
	if strings.Contains(words[at], "/") {
		l, err := goalLine(d.Key, words[at])
		if err != nil {
			return bot.Reply{}, err
		}
		line = &l
	}
	profile, scope, whose, err := s.goalScope(ctx, words[at+1:])
	if err != nil {
		return bot.Reply{}, err
	}
	out, err := s.Reports.SetGoal(ctx, a, scope, profile, d.Key, line)
	return s.showSetup(a, out, err, cards.SetupGoals, a.Lang.T("目标已保存：", "goal saved: ")+strings.TrimSpace(d.Name.In(a.Lang)+" "+words[at]+" "+whose))
}

func (s *Services) goalScope(ctx context.Context, words []string) (profile goal.Profile, scope rule.Scope, whose string, err error) {
	profile = goal.Field
	for i := 0; i < len(words); i++ {
		rest := strings.Join(words[min(i+1, len(words)):], " ")
		switch strings.ToLower(words[i]) {
		case "外勤", "field":
			profile = goal.Field
		case "电话", "phone":
			profile = goal.Phone
		case "团队", "team":
			t, err := s.Directory.TeamNamed(ctx, rest)
			return profile, rule.Scope(fmt.Sprintf("team:%d", t.ID)), t.Name, err
		case "人", "person":
			u, err := s.Directory.One(ctx, rest)
			return profile, rule.Scope(fmt.Sprintf("user:%d", u.ID)), u.Name, err
		default:
			return profile, "", "", crm.Invalid("看不懂“"+words[i]+"”", "cannot read “"+words[i]+"”").
				WithNext("范围写 外勤、电话、团队 名称 或 人 姓名", "a scope is field, phone, team and its name, or person and the name")
		}
	}
	return profile, "", "", nil
}

// setupTime reads "草稿 17:30".
func (s *Services) setupTime(ctx context.Context, a crm.Actor, arg string) (bot.Reply, error) {
	word, value, _ := strings.Cut(arg, " ")
	for _, st := range report.Steps {
		t := cards.StepWords[st]
		if word != t.Zh && !strings.EqualFold(word, t.En) {
			continue
		}
		out, from, err := s.Reports.SetTime(ctx, a, st, value)
		return s.showSetup(a, out, err, cards.SetupTimes, st.Name(a.Lang)+" "+strings.TrimSpace(value)+a.Lang.T(","+string(from)+" 起生效", ", from "+string(from)))
	}
	return bot.Reply{}, crm.Invalid("请写哪个时间：草稿、截止、催交、团队、名单", "please name the time: draft, due, chase, digest, missing").
		WithNext("例如：/日报设置 时间 草稿 17:30", "for example: /reportsettings time draft 17:30")
}
