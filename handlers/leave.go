package handlers

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// employed is one of the two decisions about somebody (HO-01).
type employed func(ctx context.Context, a crm.Actor, id crm.UserID) (org.User, error)

// leaves lets administrators say who left the company and who did not (HO-01).
func leaves(s *Services) Module {
	admin := []crm.Role{crm.Admin}
	return Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "离职", Aliases: []string{"left"}, Summary: crm.Text{Zh: "某人已离职：停用账号", En: "somebody left the company: end their access"},
				Usage: crm.Text{Zh: "姓名", En: "name"}, Examples: []string{"/离职 李娜", "/left E07"}, Roles: admin, Parse: needText("姓名", "a name"),
				Run: func(ctx context.Context, a crm.Actor, c bot.Call, who string) (bot.Reply, error) {
					return s.employ(ctx, a, c, who, s.Binder.Gone)
				}},
			bot.Command[string]{Name: "在职", Aliases: []string{"stays"}, Summary: crm.Text{Zh: "某人仍在职：解除冻结", En: "somebody is employed still: lift the freeze"},
				Usage: crm.Text{Zh: "姓名", En: "name"}, Examples: []string{"/在职 李娜", "/stays E07"}, Roles: admin, Parse: needText("姓名", "a name"),
				Run: func(ctx context.Context, a crm.Actor, c bot.Call, who string) (bot.Reply, error) {
					return s.employ(ctx, a, c, who, s.Binder.Stays)
				}},
			bot.Handle[cards.PersonLeft]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.PersonLeft) (bot.Reply, error) {
				return s.employAs(ctx, a, p.Person, s.Binder.Gone)
			}},
			bot.Handle[cards.PersonStays]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.PersonStays) (bot.Reply, error) {
				return s.employAs(ctx, a, p.Person, s.Binder.Stays)
			}},
		},
		Views: []bot.ViewDef{{Name: org.ViewStays, Render: func(_ context.Context, v bot.Viewer, _ string) (card.Card, error) {
			return cards.StaysCard(v.Lang), nil
		}}, {Name: org.ViewAppointed, Render: func(_ context.Context, v bot.Viewer, _ string) (card.Card, error) {
			if !v.Actor.Is(crm.Admin) {
				return card.Card{}, bot.ErrNothing
			}
			return cards.AppointedCard(v.Lang), nil
		}}, {Name: org.ViewLeave, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, err := strconv.ParseInt(strings.TrimPrefix(ref, string(org.KindPerson)+"-"), 10, 64)
			if err != nil {
				return card.Card{}, crm.NotFound("没有这个人", "there is no such person")
			}
			u, accounts, err := s.Binder.Leaver(ctx, v.Actor, crm.UserID(id))
			if err != nil {
				return card.Card{}, err
			}
			return cards.LeaveCard(v.Lang, u, accounts), nil
		}}},
	}
}

func (s *Services) employ(ctx context.Context, a crm.Actor, c bot.Call, who string, how employed) (bot.Reply, error) {
	if len(c.People) == 1 {
		return s.answered(s.employAs(ctx, a, c.People[0].ID, how))
	}
	u, err := s.Binder.Named(ctx, a, who)
	if err != nil {
		return bot.Reply{}, err
	}
	// It ends somebody's access at once: a part of a name is not enough.
	if name := strings.TrimPrefix(strings.TrimSpace(who), "@"); !strings.EqualFold(u.Name, name) && !strings.EqualFold(u.EmployeeNo, name) {
		return bot.Reply{}, crm.Invalid("请写全名确认：您是指 "+u.Name+" 吗？", "please confirm by the full name: do you mean "+u.Name+"?").
			WithNext("发送 /"+c.Command+" "+u.Name, "send /"+c.Command+" "+u.Name)
	}
	return s.answered(s.employAs(ctx, a, u.ID, how))
}

// employAs shows the person as they are now; one about whom somebody else
// decided before is shown too.
func (s *Services) employAs(ctx context.Context, a crm.Actor, id crm.UserID, how employed) (bot.Reply, error) {
	u, err := how(ctx, a, id)
	if err != nil && (crm.CodeOf(err) != crm.CodeConflict || u.ID == 0) {
		return bot.Reply{}, err
	}
	if err == nil { // the hand-over begins or ends with it, at the latest by its job
		if e := s.Handovers.Watch(ctx); e != nil {
			slog.WarnContext(ctx, "hand-over", "err", e)
		}
	}
	_, accounts, e := s.Binder.Leaver(ctx, a, u.ID)
	if e != nil {
		return bot.Reply{}, e
	}
	rep := bot.Show(cards.LeaveCard(a.Lang, u, accounts), bot.View{Name: org.ViewLeave, Ref: org.PersonRef(u.ID).String()})
	rep.Update, rep.Toast, rep.ToastTone = true, a.Lang.T("已处理", "done"), bot.ToastSuccess
	if err != nil {
		rep.Toast, rep.ToastTone = crm.MessageOf(err, a.Lang), bot.ToastInfo
	}
	return rep, nil
}
