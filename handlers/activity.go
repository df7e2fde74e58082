package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/crm"
)

// The views of activities; their refs are codes, draft numbers and StepRefs.
const (
	viewActivity = "activity.card"
	viewDraft    = "activity.draft"
)

// loggers may log activities and plan visits.
var loggers = []crm.Role{crm.Rep, crm.Manager, crm.Director, crm.Service, crm.Marketing, crm.Boss}

// quickKinds are the commands that open a one-line log.
var quickKinds = []struct {
	name     string
	aliases  []string
	summary  crm.Text
	examples []string
}{
	{"拜访", []string{"visit", "visited", "met", "走访", "上门", "面谈"}, crm.Text{Zh: "一句话记录拜访", En: "log a visit in one line"},
		[]string{"拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约", "visit Huaxing 30min talked about prices next friday"}},
	{"电话", []string{"call", "called", "phone", "phoned", "打电话", "致电", "通话"}, crm.Text{Zh: "一句话记录电话", En: "log a call in one line"},
		[]string{"电话 华星 王总 5分钟 确认了预算 有进展", "call Huaxing 5min budget confirmed"}},
	{"微信", []string{"wechat"}, crm.Text{Zh: "一句话记录微信沟通", En: "log a WeChat talk in one line"}, []string{"微信 华星 王总 发了产品资料，答应周五回复", "wechat Huaxing sent the brochure next friday"}},
	{"会议", []string{"meeting", "开会", "会谈"}, crm.Text{Zh: "一句话记录会议", En: "log a meeting in one line"}, []string{"会议 华星 1小时 方案评审 有进展 下周三再约", "meeting Huaxing 1h reviewed the offer next wednesday"}},
	{"跟进", []string{"log", "followup", "回访"}, crm.Text{Zh: "打开跟进表单，或一句话记录", En: "open the log form, or log in one line"}, []string{"/跟进 华星", "/log L-12", "跟进 华星 客户已收到样品，反馈不错"}},
}

func activities(s *Services) Module {
	m := Module{
		Views: []bot.ViewDef{
			{Name: viewActivity, Render: s.activityView},
			{Name: viewDraft, Render: s.draftView},
		},
		Texts:   []Fallback{s.freeLog},
		Uploads: []Fallback{s.uploadPhoto},
	}
	for _, k := range quickKinds {
		m.Commands = append(m.Commands, bot.Command[string]{Name: k.name, Aliases: k.aliases, Summary: k.summary, Examples: k.examples, Roles: loggers, Bare: true, Menu: k.name == "跟进",
			Usage: crm.Text{Zh: "客户 [联系人] [时长] 内容 [意向金额] [下次时间]", En: "CUSTOMER [PERSON] [DURATION] NOTE [AMOUNT] [NEXT DATE]"},
			Parse: func(rest string) (string, error) { return rest, nil }, Run: s.quickCommand})
	}
	m.Commands = append(m.Commands,
		bot.Command[activityArgs]{Name: "活动", Aliases: []string{"activity", "记录", "entry"}, Summary: crm.Text{Zh: "打开一条跟进记录，补结果或照片", En: "open a log, add its result or photo"},
			Usage: crm.Text{Zh: "V-12 [结果|照片]", En: "V-12 [RESULT|photos]"}, Examples: []string{"/活动 V-12", "/活动 V-12 有进展", "/activity V-12 photos", "/活动 #3 确认"}, Parse: parseActivityArgs, Run: s.activityCommand},
		bot.Command[string]{Name: "历史", Aliases: []string{"history"}, Summary: crm.Text{Zh: "一个客户的跟进历史；管理员可查规则的变更记录", En: "what happened with a customer; to administrators, how rules were changed"}, Usage: crm.Text{Zh: "客户|规则 [编号]", En: "CUSTOMER|rules [KEY]"},
			Examples: []string{"/历史 华星", "/history L-12", "/历史 规则 P-04.daily"}, Parse: needText("客户名或编号", "the customer or its code"), Run: s.history},
		bot.Handle[cards.ConfirmLog]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ConfirmLog) (bot.Reply, error) {
			return s.confirmLog(ctx, a, p.Draft, true)
		}},
		bot.Handle[cards.EditLog]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.EditLog) (bot.Reply, error) {
			return s.editLog(ctx, a, p.Draft, true)
		}},
		bot.Handle[cards.DropLog]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.DropLog) (bot.Reply, error) {
			return s.dropLog(ctx, a, p.Draft, true)
		}},
		bot.Handle[cards.PickLog]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.PickLog) (bot.Reply, error) {
			return s.pickLog(ctx, a, p.Draft, p.Ref, true)
		}},
		bot.Handle[cards.SaveLog]{Run: s.saveLog},
		bot.Handle[cards.StartLog]{Roles: loggers, Run: s.startLog},
		bot.Handle[cards.SetLogResult]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.SetLogResult) (bot.Reply, error) {
			v, err := s.Activities.SetResult(ctx, a, p.Activity, p.Result)
			return s.activityReply(ctx, a, v, err, true, crm.Text{Zh: "已补充结果", En: "result added"})
		}},
		bot.Handle[cards.ShowPhotos]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ShowPhotos) (bot.Reply, error) {
			return s.sendPhotos(ctx, a, p.Activity)
		}},
		bot.Handle[cards.AttachPhoto]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AttachPhoto) (bot.Reply, error) {
			v, err := s.Activities.Attach(ctx, a, p.Photo, p.Activity)
			return s.activityReply(ctx, a, v, err, true, crm.Text{Zh: "照片已附上", En: "photo added"})
		}},
	)
	return m
}

// work is the frame of cards about activities.
func (s *Services) work(l crm.Lang) cards.WorkFrame {
	return cards.WorkFrame{Lang: l, Now: s.Clock.Now(), Cal: s.Calendar}
}

// privateView hides single records from groups (PM-03).
func privateView(l crm.Lang, title crm.Text) card.Card {
	return card.Card{Lang: l, Title: title.In(l), Tone: card.Muted, Blocks: []card.Block{card.P(l.T("详情请在私聊中查看。", "The details are for the private chat."))}}
}

func (s *Services) activityView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	if v.Group {
		return privateView(v.Lang, crm.Text{Zh: "跟进记录 " + ref, En: "Activity " + ref}), nil
	}
	r, err := crm.ParseRef(ref)
	if err != nil {
		return card.Card{}, crm.NotFound("没有这条记录", "there is no such activity")
	}
	seen, err := s.Activities.See(ctx, v.Actor, crm.ActivityID(r.ID))
	if err != nil {
		return card.Card{}, err
	}
	return cards.Activity(s.work(v.Lang), seen), nil
}

func (s *Services) draftView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil || v.Group {
		return privateView(v.Lang, crm.Text{Zh: "待确认的记录", En: "Log to confirm"}), nil
	}
	d, err := s.Activities.DraftOf(ctx, v.Actor, activity.DraftID(id))
	if err != nil {
		return card.Card{}, err
	}
	return cards.Draft(s.work(v.Lang), d), nil
}

// activityReply shows an activity after something was done with it.
func (s *Services) activityReply(ctx context.Context, a crm.Actor, v activity.Seen, err error, press bool, toast crm.Text) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	if v.Mine {
		s.Talk.About(ctx, a.ID, v.Customer, false)
	}
	view := bot.View{Name: viewActivity, Ref: v.ID.String()}
	rep := bot.Show(cards.Activity(s.work(a.Lang), v), view)
	if press {
		rep = bot.Replace(cards.Activity(s.work(a.Lang), v), view, toast.In(a.Lang))
	}
	rep.Private = true
	return rep, nil
}

func (s *Services) draftReply(a crm.Actor, d activity.DraftSeen, err error, press bool) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	view := bot.View{Name: viewDraft, Ref: strconv.FormatInt(int64(d.ID), 10)}
	rep := bot.Show(cards.Draft(s.work(a.Lang), d), view)
	rep.Private, rep.Update = true, press
	return rep, nil
}

// quickCommand reads a one-line log. The command's word is part of the line.
func (s *Services) quickCommand(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	form := c.Command == "跟进" || c.Command == "log" || c.Command == "followup"
	if rest == "" {
		kind := activity.KindVisit
		if q, ok := commandKinds[c.Command]; ok {
			kind = q
		}
		d, err := s.Activities.Start(ctx, a, kind, crm.Ref{})
		return s.formReply(ctx, a, d, err, false)
	}
	line, people := quickLine(c)
	if !activity.IsQuickLog(line, s.Clock.Now(), s.Calendar) {
		return s.otherwise(ctx, a, c)
	}
	return s.quick(ctx, a, line, form, people)
}

// commandKinds is what the bare commands log.
var commandKinds = map[string]activity.Kind{"电话": activity.KindCall, "call": activity.KindCall, "called": activity.KindCall, "phone": activity.KindCall, "微信": activity.KindWeChat,
	"wechat": activity.KindWeChat, "会议": activity.KindMeeting, "meeting": activity.KindMeeting}

// quickLine is the whole line without slash and mentions; the mentioned people
// came along.
func quickLine(c bot.Call) (string, []crm.UserID) {
	line := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(crm.Normalize(c.Req.Text)), "/"))
	var people []crm.UserID
	for _, m := range c.Req.Mentions {
		line = strings.ReplaceAll(line, m.Token, "")
	}
	for _, p := range c.People {
		people = append(people, p.ID)
	}
	return strings.Join(strings.Fields(line), " "), people
}

// otherwise treats a line that opens like a log and is none (电话号码…) as free
// text.
func (s *Services) otherwise(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	rep, err := s.router.Free(ctx, a, c)
	if !errors.Is(err, bot.ErrUnhandled) {
		return rep, err
	}
	return bot.Reply{}, crm.Invalid("没有看懂这一行", "I did not understand this line").WithNext("记录请写：拜访 华星 王总 30分钟 聊了报价 下周三再约", "to log something write: visit Huaxing 30min talked about prices next friday")
}

// freeLog takes lines that open with a date: 昨天拜访 ….
func (s *Services) freeLog(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	line, people := quickLine(c)
	if c.Command != "" || !a.Is(loggers...) || !activity.IsQuickLog(line, s.Clock.Now(), s.Calendar) {
		return bot.Reply{}, bot.ErrUnhandled
	}
	return s.quick(ctx, a, line, false, people)
}

// quick answers with the draft to confirm, the form when only a customer was
// named, or the saved activity.
func (s *Services) quick(ctx context.Context, a crm.Actor, line string, visit bool, people []crm.UserID) (bot.Reply, error) {
	out, err := s.Activities.Quick(ctx, a, line, people...)
	if err != nil {
		return bot.Reply{}, err
	}
	if out.Saved != nil {
		return s.activityReply(ctx, a, *out.Saved, nil, false, crm.Text{})
	}
	return s.draftOrForm(ctx, a, out.Draft, visit, false)
}

func (s *Services) draftOrForm(ctx context.Context, a crm.Actor, d activity.DraftSeen, visit, press bool) (bot.Reply, error) {
	if d.State != activity.DraftOpen || !d.Entry.Empty() || d.Entry.Subject == (crm.Ref{}) {
		return s.draftReply(a, d, nil, press)
	}
	if visit {
		d.Entry.Kind = activity.KindVisit // the form's first choice
	}
	return s.formReply(ctx, a, d, nil, press)
}

func (s *Services) confirmLog(ctx context.Context, a crm.Actor, id activity.DraftID, press bool) (bot.Reply, error) {
	v, err := s.Activities.Confirm(ctx, a, id)
	return s.activityReply(ctx, a, v, err, press, crm.Text{Zh: "已保存", En: "saved"})
}

func (s *Services) editLog(ctx context.Context, a crm.Actor, id activity.DraftID, press bool) (bot.Reply, error) {
	d, err := s.Activities.DraftOf(ctx, a, id)
	if err == nil && d.State != activity.DraftOpen {
		return s.draftReply(a, d, nil, press)
	}
	return s.formReply(ctx, a, d, err, press)
}

func (s *Services) dropLog(ctx context.Context, a crm.Actor, id activity.DraftID, press bool) (bot.Reply, error) {
	d, err := s.Activities.Discard(ctx, a, id)
	return s.draftReply(a, d, err, press)
}

func (s *Services) pickLog(ctx context.Context, a crm.Actor, id activity.DraftID, code string, press bool) (bot.Reply, error) {
	ref, err := crm.ParseRef(code)
	if err != nil {
		return bot.Reply{}, crm.Invalid("没有这个编号："+code, "there is no such code: "+code)
	}
	d, err := s.Activities.Choose(ctx, a, id, ref)
	if err != nil {
		return bot.Reply{}, err
	}
	return s.draftOrForm(ctx, a, d, false, press)
}

func (s *Services) startLog(ctx context.Context, a crm.Actor, _ bot.Call, p cards.StartLog) (bot.Reply, error) {
	ref, err := crm.ParseRef(p.Ref)
	if err != nil && p.Ref != "" {
		return bot.Reply{}, crm.Invalid("没有这个编号："+p.Ref, "there is no such code: "+p.Ref)
	}
	kind := p.Kind
	if !slices.Contains(activity.Kinds, kind) {
		kind = activity.KindVisit
	}
	d, err := s.Activities.Start(ctx, a, kind, ref)
	return s.formReply(ctx, a, d, err, false)
}

// activityArgs names an activity or a draft and what to do with it.
type activityArgs struct {
	id    crm.ActivityID
	draft activity.DraftID
	what  string
	photo int64
}

func parseActivityArgs(rest string) (activityArgs, error) {
	var in activityArgs
	words := strings.Fields(rest)
	if len(words) == 0 {
		return in, crm.Invalid("请写记录编号", "name the log by its code")
	}
	if n, err := strconv.ParseInt(strings.TrimPrefix(words[0], "#"), 10, 64); err == nil && strings.HasPrefix(words[0], "#") && n > 0 {
		in.draft = activity.DraftID(n)
	} else if ref, err := crm.ParseRef(words[0]); err == nil && ref.Kind == crm.KindActivity {
		in.id = crm.ActivityID(ref.ID)
	} else {
		return in, crm.Invalid("“"+clipText(words[0])+"”不是记录编号", "“"+clipText(words[0])+"” is not the code of a log")
	}
	if len(words) > 1 {
		in.what = strings.ToLower(strings.Join(words[1:], " "))
		if w, n, ok := strings.Cut(in.what, "#"); ok {
			in.what = strings.TrimSpace(w)
			in.photo, _ = strconv.ParseInt(strings.TrimSpace(n), 10, 64)
		}
	}
	return in, nil
}

func (s *Services) activityCommand(ctx context.Context, a crm.Actor, _ bot.Call, in activityArgs) (bot.Reply, error) {
	if in.draft != 0 {
		return s.draftCommand(ctx, a, in)
	}
	switch in.what {
	case "":
		v, err := s.Activities.See(ctx, a, in.id)
		return s.activityReply(ctx, a, v, err, false, crm.Text{})
	case "照片", "photos":
		return s.sendPhotos(ctx, a, in.id)
	case "附照片", "photo":
		v, err := s.Activities.Attach(ctx, a, in.photo, in.id)
		return s.activityReply(ctx, a, v, err, false, crm.Text{})
	}
	v, err := s.Activities.SetResult(ctx, a, in.id, resultNamed(in.what))
	return s.activityReply(ctx, a, v, err, false, crm.Text{})
}

func (s *Services) draftCommand(ctx context.Context, a crm.Actor, in activityArgs) (bot.Reply, error) {
	switch in.what {
	case "":
		d, err := s.Activities.DraftOf(ctx, a, in.draft)
		return s.draftReply(a, d, err, false)
	case "确认", "confirm":
		return s.confirmLog(ctx, a, in.draft, false)
	case "修改", "edit":
		return s.editLog(ctx, a, in.draft, false)
	case "放弃", "drop":
		return s.dropLog(ctx, a, in.draft, false)
	}
	return s.pickLog(ctx, a, in.draft, in.what, false)
}

// resultNamed is the result that a word names in either language; a word that
// is none stays as it is and is refused by the service.
func resultNamed(word string) activity.Result {
	for _, r := range activity.Results {
		if strings.EqualFold(word, r.Name(crm.Chinese)) || strings.EqualFold(word, r.Name(crm.English)) || strings.EqualFold(word, string(r)) {
			return r
		}
	}
	return activity.Result(word)
}

// history is the timeline of a customer, or the audit trail of the rules.
func (s *Services) history(ctx context.Context, a crm.Actor, _ bot.Call, text string) (bot.Reply, error) {
	if key, ok := s.rulesOf(text); ok {
		return s.ruleChanges(ctx, a, key)
	}
	ref, err := crm.ParseRef(text)
	name := text
	if err != nil {
		list, err := s.Activities.Find(ctx, a, text)
		if err != nil {
			return bot.Reply{}, err
		}
		if len(list) == 0 {
			return bot.Reply{}, crm.NotFound("没有找到客户“"+clipText(text)+"”", "no customer is called “"+clipText(text)+"”").WithNext("请检查名称，或用编号如 L-12", "check the name, or use a code such as L-12")
		}
		if several(list) {
			return s.chooseCustomer(a, text, list, func(x activity.Candidate) string { return a.Lang.T("/历史 ", "/history ") + x.Ref.String() }), nil
		}
		ref, name = list[0].Ref, list[0].Name
	}
	lines, err := s.Activities.Timeline(ctx, a, ref, 20)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(lines) > 0 && name == text {
		name = lines[0].Name
	}
	rep := bot.Show(cards.Timeline(s.work(a.Lang), ref, name, lines), bot.View{})
	rep.Private = true
	return rep, nil
}

// several reports whether no candidate is clearly the best.
func several(list []activity.Candidate) bool {
	return list[0].Score < activity.AskBelow || len(list) > 1 && list[0].Score-list[1].Score < 0.05
}

func (s *Services) chooseCustomer(a crm.Actor, text string, list []activity.Candidate, command func(activity.Candidate) string) bot.Reply {
	choices := make([]cards.Choice, len(list))
	for i, x := range list {
		choices[i] = cards.Choice{Ref: x.Ref, Label: x.Name, Command: command(x)}
	}
	c := cards.Choose(a.Lang, fmt.Sprintf(a.Lang.T("哪一个“%s”？", "Which “%s”?"), clipText(text)), choices)
	return bot.Reply{Card: &c, Private: true}
}
