package report

import (
	"context"

	"crmbot/internal/crm"
)

// BindGroup ties a group chat to a team, so that the team's digest is posted
// there. Only those who lead the team, or an administrator, may do it; the
// team's numbers become visible to everybody in the group, as sums (PM-03).
func (s *Service) BindGroup(ctx context.Context, a crm.Actor, platform, chat string, team crm.TeamID) error {
	t, err := s.dir.Team(ctx, team)
	if err != nil {
		return err
	}
	if !a.Leads(t.ID) {
		return crm.Forbidden("只有“"+t.Name+"”的负责人或管理员可以绑定它的日报", "only the leader of “"+t.Name+"” or an administrator may bind its digest")
	}
	now := s.now()
	return s.tx.InTx(ctx, func(ctx context.Context) error {
		// Replacing a binding ends it: that takes the right to end it.
		if old, ok, err := s.store.BindingOf(ctx, platform, chat); err != nil {
			return err
		} else if ok && !a.Leads(old.Team) {
			return crm.Forbidden("本群已绑定另一个团队的日报，只有那个团队的负责人或管理员可以改", "this group has another team's digest; only that team's leader or an administrator may change it").
				WithNext("请先由对方发送 /绑定日报 取消", "they can send /bindreport off first")
		}
		if err := s.store.Bind(ctx, Binding{Platform: platform, Chat: chat, Team: t.ID, By: a.ID, At: now}); err != nil {
			return err
		}
		return s.fx.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "report.bind", Rule: "R-04", Detail: map[string]any{"platform": platform, "team": t.ID}})
	})
}

// UnbindGroup ends the binding of a chat.
func (s *Service) UnbindGroup(ctx context.Context, a crm.Actor, platform, chat string) error {
	b, ok, err := s.store.BindingOf(ctx, platform, chat)
	if err != nil {
		return err
	}
	if !ok {
		return crm.NotFound("这个群没有绑定团队日报", "no team digest is bound to this group")
	}
	if !a.Leads(b.Team) {
		return crm.Forbidden("只有团队负责人或管理员可以解除绑定", "only the team's leader or an administrator may unbind it")
	}
	now := s.now()
	return s.tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.store.Unbind(ctx, platform, chat); err != nil {
			return err
		}
		return s.fx.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "report.unbind", Rule: "R-04", Detail: map[string]any{"platform": platform, "team": b.Team}})
	})
}

// BoundTeam is the team whose digest is posted in the chat; false: none.
func (s *Service) BoundTeam(ctx context.Context, platform, chat string) (crm.TeamID, bool, error) {
	b, ok, err := s.store.BindingOf(ctx, platform, chat)
	return b.Team, ok, err
}
