package handlers

import (
	"context"
	"errors"

	"crmbot/bot"
	"crmbot/internal/crm"
)

// Hooks gives the router what is not a command: files, free text, the first
// entry and actions of cards that are too old.
func Hooks(s *Services, m Module, r *bot.Router) {
	s.router = r
	r.Welcome = func(_ context.Context, a crm.Actor, _ bot.Call) (bot.Reply, error) { return s.showHelp(a, "") }
	r.Free = firstOf(m.Texts, func(a crm.Actor) error { return bot.ErrUnhandled })
	r.Upload = firstOf(m.Uploads, func(a crm.Actor) error {
		return crm.Invalid("这个文件不知道怎么处理", "I do not know what to do with this file").
			WithNext("导入线索请发送 .csv 或 .xlsx 文件", "to import leads, send a .csv or .xlsx file")
	})
	r.StaleAction = firstOf(m.Stale, func(a crm.Actor) error {
		return crm.Stale("AP-06", "这张卡片已失效", "this card is out of date").
			WithNext("请重新发送命令获取最新卡片", "please send the command again for a fresh card")
	})
}

func firstOf(list []Fallback, otherwise func(a crm.Actor) error) Fallback {
	return func(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
		for _, try := range list {
			rep, err := try(ctx, a, c)
			if !errors.Is(err, bot.ErrUnhandled) {
				return rep, err
			}
		}
		return bot.Reply{}, otherwise(a)
	}
}
