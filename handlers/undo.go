package handlers

import (
	"context"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
)

func undos(s *Services) Module {
	return Module{Commands: []bot.Registration{
		bot.Command[string]{Name: "撤销", Aliases: []string{"undo"}, Summary: crm.Text{Zh: "撤销自己刚做的操作", En: "take back what you just did"}, Usage: crm.Text{Zh: "[编号]", En: "[CODE]"},
			Examples: []string{"/撤销", "/undo V-12"}, Parse: func(rest string) (string, error) { return strings.ToUpper(strings.TrimSpace(rest)), nil },
			Run: func(ctx context.Context, a crm.Actor, _ bot.Call, ref string) (bot.Reply, error) {
				return s.takeBack(ctx, a, ref)
			}},
		bot.Handle[cards.TakeBack]{Run: s.takeBackPress},
	}}
}

func (s *Services) takeBack(ctx context.Context, a crm.Actor, ref string) (bot.Reply, error) {
	if r, err := crm.ParseRef(ref); err == nil {
		ref = r.String()
	}
	e, err := s.Undo.Last(ctx, a, ref)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.TakenBack(a.Lang, e)
	return bot.Reply{Card: &c, Private: true}, nil
}

// takeBackPress replaces the pressed card by the record as it is after it was
// taken back.
func (s *Services) takeBackPress(ctx context.Context, a crm.Actor, _ bot.Call, p cards.TakeBack) (bot.Reply, error) {
	rep, err := s.takeBack(ctx, a, p.Ref)
	if err != nil {
		return rep, err
	}
	toast := a.Lang.T("已撤销", "taken back")
	if ref, e := crm.ParseRef(p.Ref); e == nil && ref.Kind == crm.KindActivity {
		v, err := s.Activities.See(ctx, a, crm.ActivityID(ref.ID))
		return s.activityReply(ctx, a, v, err, true, crm.Text{Zh: toast, En: toast})
	}
	if ref, e := crm.ParseRef(p.Ref); e == nil && ref.Kind == crm.KindDeal {
		if rep, err = s.showDeal(ctx, a, crm.DealID(ref.ID)); err != nil {
			return rep, err
		}
	}
	rep.Update, rep.Toast, rep.ToastTone = true, toast, bot.ToastSuccess
	return rep, nil
}
