package handlers

import (
	"context"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/report"
)

func (s *Services) renderDigest(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	team, day, err := report.ParseDigestRef(ref)
	if err != nil {
		return card.Card{}, crm.Invalid("链接无效", "this link is not valid").WithCause(err)
	}
	if v.Group {
		d, err := s.Reports.DigestOf(ctx, team, day)
		if err != nil {
			return card.Card{}, err
		}
		return s.digestCard(ctx, crm.Actor{}, v.Lang, d, false)
	}
	d, err := s.Reports.Team(ctx, v.Actor, team, day)
	if err != nil {
		return card.Card{}, err
	}
	return s.digestCard(ctx, v.Actor, v.Lang, d, v.Actor.Leads(team))
}

func (s *Services) digestCard(ctx context.Context, a crm.Actor, l crm.Lang, d report.Digest, full bool) (card.Card, error) {
	since, err := s.Reports.Since(ctx, d)
	if err != nil {
		return card.Card{}, err
	}
	return cards.DigestCard(l, cards.DigestView{Digest: d, Full: full, Sealed: a.ID != 0 && !a.Leads(d.Team), Since: since, Due: s.Reports.At(ctx, report.StepDue, d.Day), Zone: s.Calendar.Zone(), Open: s.opener(a, l)}), nil
}

// teamDaily answers /团队日报 [日期] [团队]. In a group it shows sums (PM-03).
func (s *Services) teamDaily(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	team, day, err := s.teamAndDay(ctx, a, c, rest)
	if err != nil {
		return bot.Reply{}, err
	}
	var d report.Digest
	reader := a
	if c.Group() {
		reader = crm.Actor{} // all of the group
		d, err = s.groupDigest(ctx, a, c, team, day)
	} else {
		d, err = s.Reports.Team(ctx, a, team, day)
	}
	if err != nil {
		return bot.Reply{}, err
	}
	card, err := s.digestCard(ctx, reader, a.Lang, d, reader.ID != 0 && reader.Leads(team))
	return bot.Reply{Card: &card, View: bot.View{Name: report.ViewDigest, Ref: report.DigestRef(team, day)}}, err
}

// groupDigest is a digest for all of a group, who are not the asker: that of the
// team whose digest is posted there anyway, or of one whose leader shows it.
func (s *Services) groupDigest(ctx context.Context, a crm.Actor, c bot.Call, team crm.TeamID, day crm.Day) (report.Digest, error) {
	t, ok, err := s.Reports.BoundTeam(ctx, c.Req.Platform, c.Req.Chat.ID)
	if err != nil {
		return report.Digest{}, err
	}
	if (!ok || t != team) && !a.Leads(team) {
		e := crm.Forbidden("群里只能看本群绑定的团队，或您负责的团队", "in a group there is only the team that is bound to it, or one that you lead").
			WithNext("自己团队的日报请在单聊里发送 /团队日报", "for your own team's digest send /teamreport in the 1:1 chat")
		e.Rule = "PM-03"
		return report.Digest{}, e
	}
	return s.Reports.DigestOf(ctx, team, day)
}

// teamAndDay reads "[日期] [团队]" in either order.
func (s *Services) teamAndDay(ctx context.Context, a crm.Actor, c bot.Call, rest string) (crm.TeamID, crm.Day, error) {
	day, name := s.reportDay(), strings.TrimSpace(rest)
	if name != "" {
		if w, err := calendar.ParseWhen(name, s.Clock.Now(), s.Calendar); err == nil {
			day, name = w.Day, w.Rest
		} else if first, more, ok := strings.Cut(name, " "); ok {
			if w, err := calendar.ParseWhen(more, s.Clock.Now(), s.Calendar); err == nil && w.Rest == "" {
				day, name = w.Day, first
			}
		}
	}
	if name != "" {
		t, err := s.Directory.TeamNamed(ctx, name)
		return t.ID, day, err
	}
	if c.Group() {
		if t, ok, err := s.Reports.BoundTeam(ctx, c.Req.Platform, c.Req.Chat.ID); err != nil || ok {
			return t, day, err
		}
	}
	t, err := s.ownTeam(ctx, a)
	return t, day, err
}

// ownTeam is the highest team that the actor leads, else the own one, else the
// only team without a parent for those who see all.
func (s *Services) ownTeam(ctx context.Context, a crm.Actor) (crm.TeamID, error) {
	teams, err := s.Directory.Teams(ctx)
	if err != nil {
		return 0, err
	}
	var top, tops crm.TeamID
	count := 0
	for _, t := range teams {
		if t.Leader == a.ID && (top == 0 || !a.Leads(t.Parent)) {
			top = t.ID
		}
		if t.Parent == 0 {
			tops = t.ID
			count++
		}
	}
	switch {
	case top != 0:
		return top, nil
	case a.Team != 0:
		return a.Team, nil
	case a.All && count == 1:
		return tops, nil
	}
	names := make([]string, 0, len(teams))
	for _, t := range teams {
		names = append(names, t.Name)
	}
	return 0, crm.Invalid("请写团队名称", "please name a team").WithNext("团队有："+strings.Join(names, "、"), "the teams are: "+strings.Join(names, ", "))
}

// bindReport answers /绑定日报 in a group.
func (s *Services) bindReport(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	if !c.Group() {
		return bot.Reply{}, crm.Invalid("请在要接收团队日报的群里 @我 发送 /绑定日报", "please send /bindreport in the group that should get the digest, mentioning me")
	}
	name := strings.TrimSpace(rest)
	switch strings.ToLower(name) {
	case "取消", "解除", "off":
		if err := s.Reports.UnbindGroup(ctx, a, c.Req.Platform, c.Req.Chat.ID); err != nil {
			return bot.Reply{}, err
		}
		return bot.Say(a.Lang.T("已解除绑定，本群不再接收团队日报。", "Unbound; this group gets no digest any more.")), nil
	}
	var team crm.TeamID
	if name == "" {
		t, err := s.ownTeam(ctx, a)
		if err != nil {
			return bot.Reply{}, err
		}
		team = t
	} else {
		t, err := s.Directory.TeamNamed(ctx, name)
		if err != nil {
			return bot.Reply{}, err
		}
		team = t.ID
	}
	if err := s.Reports.BindGroup(ctx, a, c.Req.Platform, c.Req.Chat.ID, team); err != nil {
		return bot.Reply{}, err
	}
	t, err := s.Directory.Team(ctx, team)
	if err != nil {
		return bot.Reply{}, err
	}
	at := s.Reports.Clock(ctx, report.StepDigest)
	card := cards.ReportBoundCard(a.Lang, t.Name, at)
	return bot.Reply{Card: &card}, nil
}
