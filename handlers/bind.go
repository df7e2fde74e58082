package handlers

import (
	"context"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// bindsShown and bindChoices bound the list of requests and the people to
// choose from; everybody else can be named with the command.
const (
	bindsShown  = 20
	bindChoices = 30
)

// bindArgs is what `/绑定` says: nothing, a request, or a request with the
// decision: a person's name, new, or refuse.
type bindArgs struct {
	Request int64
	Who     string
}

// binds lets administrators say who somebody on a platform is.
func binds(s *Services) Module {
	admin := []crm.Role{crm.Admin}
	return Module{
		Commands: []bot.Registration{
			bot.Command[bindArgs]{Name: "绑定", Aliases: []string{"bind"}, Summary: crm.Text{Zh: "确认平台上的新成员是谁", En: "say who somebody new on the platform is"},
				Usage: crm.Text{Zh: "[编号] [姓名|新建|拒绝]", En: "[number] [name|new|refuse]"}, Examples: []string{"/绑定", "/绑定 3", "/绑定 3 李娜", "/bind 3 new"}, Roles: admin, Parse: parseBind, Run: s.bind},
			bot.Handle[cards.BindPerson]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.BindPerson) (bot.Reply, error) {
				id, err := strconv.ParseInt(c.Values.Get(cards.BindWho), 10, 64)
				if err != nil || id <= 0 {
					return bot.Reply{}, crm.Invalid("还没有选择人员", "no person was chosen").WithNext("请先选择，再点“绑定到此人”", "choose one, then press the button")
				}
				return s.bindAs(ctx, a, p.Request, crm.UserID(id))
			}},
			bot.Handle[cards.BindNew]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.BindNew) (bot.Reply, error) {
				return s.bindAs(ctx, a, p.Request, 0)
			}},
			bot.Handle[cards.BindRefuse]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.BindRefuse) (bot.Reply, error) {
				return s.bindRefuse(ctx, a, p.Request)
			}},
		},
		Views: []bot.ViewDef{
			{Name: org.ViewBind, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				r, err := s.Binder.Request(ctx, v.Actor, bindID(ref))
				if err != nil {
					return card.Card{}, err
				}
				return s.bindCard(ctx, v.Lang, r)
			}},
			{Name: org.ViewBound, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				r, err := s.Binder.Bound(ctx, v.Actor, bindID(ref))
				if err != nil {
					return card.Card{}, err
				}
				return cards.BoundCard(v.Lang, r, v.Actor.Name), nil
			}},
			{Name: org.ViewElsewhere, Render: func(_ context.Context, v bot.Viewer, platform string) (card.Card, error) {
				return cards.ElsewhereCard(v.Lang, platform), nil
			}},
		},
	}
}

// bindID is the number in "U-3".
func bindID(ref string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(ref, string(org.KindBinding)+"-"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func parseBind(rest string) (bindArgs, error) {
	number, who, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if number == "" {
		return bindArgs{}, nil
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(number, "#"), 10, 64)
	if err != nil || id <= 0 {
		return bindArgs{}, crm.Invalid("“"+number+"”不是申请编号", "“"+number+"” is no number of a request").WithNext("发送 /绑定 查看待处理的申请", "send /bind for those that wait")
	}
	return bindArgs{Request: id, Who: strings.TrimSpace(who)}, nil
}

func (s *Services) bind(ctx context.Context, a crm.Actor, c bot.Call, in bindArgs) (bot.Reply, error) {
	switch who := strings.ToLower(in.Who); {
	case in.Request == 0:
		list, err := s.Binder.Waiting(ctx, a, bindsShown)
		if err != nil {
			return bot.Reply{}, err
		}
		shown := cards.BindList(a.Lang, list, s.Calendar.Zone())
		return bot.Reply{Card: &shown, Private: true}, nil
	case who == "":
		r, err := s.Binder.Request(ctx, a, in.Request)
		if err != nil {
			return bot.Reply{}, err
		}
		rep, err := s.showBind(ctx, a, r)
		rep.Private = true
		return rep, err
	case who == "新建" || who == "new":
		return s.answered(s.bindAs(ctx, a, in.Request, 0))
	case who == "拒绝" || who == "refuse":
		return s.answered(s.bindRefuse(ctx, a, in.Request))
	}
	if len(c.People) == 1 {
		return s.answered(s.bindAs(ctx, a, in.Request, c.People[0].ID))
	}
	u, err := s.Directory.One(ctx, in.Who)
	if err != nil {
		return bot.Reply{}, err
	}
	return s.answered(s.bindAs(ctx, a, in.Request, u.ID))
}

// answered turns the answer to a press into the answer to a command.
func (s *Services) answered(rep bot.Reply, err error) (bot.Reply, error) {
	rep.Update, rep.Private = false, true
	return rep, err
}

func (s *Services) showBind(ctx context.Context, a crm.Actor, r org.BindRequest) (bot.Reply, error) {
	c, err := s.bindCard(ctx, a.Lang, r)
	if err != nil {
		return bot.Reply{}, err
	}
	return bot.Show(c, bot.View{Name: org.ViewBind, Ref: r.Ref().String()}), nil
}

func (s *Services) bindCard(ctx context.Context, l crm.Lang, r org.BindRequest) (card.Card, error) {
	var people []org.User
	if r.State == org.BindWaiting {
		var err error
		if people, err = s.Binder.Candidates(ctx, r, bindChoices); err != nil {
			return card.Card{}, err
		}
	}
	return cards.BindCard(l, r, people, s.Directory.Name(ctx, r.User), s.Directory.Name(ctx, r.By), s.Calendar.Zone()), nil
}

func (s *Services) bindAs(ctx context.Context, a crm.Actor, id int64, user crm.UserID) (bot.Reply, error) {
	r, err := s.Binder.Approve(ctx, a, id, user)
	return s.bindDecided(ctx, a, r, err, a.Lang.T("已绑定", "bound"))
}

func (s *Services) bindRefuse(ctx context.Context, a crm.Actor, id int64) (bot.Reply, error) {
	r, err := s.Binder.Refuse(ctx, a, id)
	return s.bindDecided(ctx, a, r, err, a.Lang.T("已拒绝", "refused"))
}

// bindDecided shows the request as it is now; one that somebody else decided
// before is shown too.
func (s *Services) bindDecided(ctx context.Context, a crm.Actor, r org.BindRequest, err error, toast string) (bot.Reply, error) {
	if err != nil && crm.CodeOf(err) != crm.CodeConflict || r.ID == 0 {
		return bot.Reply{}, err
	}
	tone := bot.ToastSuccess
	if err != nil {
		toast, tone = crm.MessageOf(err, a.Lang), bot.ToastInfo
	}
	rep, err := s.showBind(ctx, a, r)
	rep.Update, rep.Toast, rep.ToastTone = true, toast, tone
	return rep, err
}

// Stranger answers somebody whom the company does not know: the administrators
// are asked who it is.
func (s *Services) Stranger(ctx context.Context, req *bot.Req, name string) (bot.Reply, error) {
	r, err := s.Binder.Ask(ctx, req.Platform, req.Tenant, req.From, name)
	if err != nil {
		return bot.Reply{}, err
	}
	e := crm.NotFound("您还没有绑定到公司通讯录，已请管理员确认您的身份", "you are not yet bound to the company directory; the administrators were asked who you are").
		WithNext("绑定后会通知您，之后发送 /帮助 开始使用", "you will be told when it is done; then send /help")
	if r.State == org.BindRefused {
		e = crm.NotFound("管理员拒绝了您的绑定申请", "an administrator refused to bind your account").WithNext("如有疑问请联系管理员；7 天后可以再次申请", "please ask an administrator; you may ask again after 7 days")
	}
	return bot.Reply{}, e
}
