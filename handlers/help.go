package handlers

import (
	"context"
	"slices"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
)

// help answers what a person can do. The commands come from the router, which
// exists only after all modules were built, hence the hook.
func help(s *Services) Module {
	return Module{Commands: []bot.Registration{bot.Command[string]{
		Name: "帮助", Aliases: []string{"help", "?"}, Summary: crm.Text{Zh: "能做什么，怎么用", En: "what you can do, and how"},
		Usage: crm.Text{Zh: "[命令]", En: "[command]"}, Examples: []string{"/帮助", "/帮助 认领", "/help claim"}, Menu: true,
		Parse: func(rest string) (string, error) { return strings.TrimPrefix(rest, "/"), nil },
		Run: func(_ context.Context, a crm.Actor, _ bot.Call, name string) (bot.Reply, error) {
			return s.showHelp(a, name)
		},
	}, bot.Handle[cards.RunCommand]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.RunCommand) (bot.Reply, error) {
		req := *c.Req
		req.Kind, req.Text, req.Action = bot.Message, p.Line, nil
		return s.router.Dispatch(ctx, a, &req, c.People)
	}}}, Texts: []Fallback{s.greeted}}
}

// greeted answers a greeting with what can be done.
func (s *Services) greeted(_ context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	word := strings.ToLower(strings.TrimRight(strings.TrimSpace(c.Rest), "!?。~ "))
	if !slices.Contains([]string{"你好", "您好", "在吗", "hi", "hello", "hey"}, word) {
		return bot.Reply{}, bot.ErrUnhandled
	}
	return s.showHelp(a, "")
}

func (s *Services) showHelp(a crm.Actor, name string) (bot.Reply, error) {
	var list []cards.HelpEntry
	for _, e := range s.router.Entries() {
		if !e.Allowed(a) {
			continue
		}
		h := cards.HelpEntry{Name: e.Name, Aliases: e.Aliases, Summary: e.Summary, Usage: e.Usage, Examples: e.Examples, Menu: e.Menu}
		if name != "" && (strings.EqualFold(name, e.Name) || containsFold(e.Aliases, name)) {
			card := cards.HelpOne(a.Lang, h)
			return bot.Reply{Card: &card}, nil
		}
		list = append(list, h)
	}
	if name != "" {
		return bot.Reply{}, crm.NotFound("没有命令“"+name+"”", "there is no command “"+name+"”").WithNext("发送 /帮助 查看全部命令", "send /help for all commands")
	}
	card := cards.Help(a.Lang, a.Name, list)
	return bot.Reply{Card: &card}, nil
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}
