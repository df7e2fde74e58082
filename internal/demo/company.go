// Package demo makes a small company with people of every role and lets it
// work for a few months: everything in its history was done through the
// services, at its time, by its people, with a seeded generator.
package demo

import (
	"context"
	"fmt"

	"crmbot/bot/webchat"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// teamPlan is one sales team of the demo company.
type teamPlan struct {
	name, city, manager string
	reps                []string
}

var teams = []teamPlan{
	{"华东销售部", "上海", "王磊", []string{"李娜", "张伟", "陈静", "Grace Liu"}},
	{"华南销售部", "深圳", "刘洋", []string{"赵敏", "黄强", "周婷", "吴昊"}},
	{"华北销售部", "北京", "孙丽", []string{"徐刚", "马超", "朱琳", "胡军"}},
}

var functions = []struct {
	name string
	role crm.Role
}{
	{"林总", crm.Boss}, {"高远", crm.Director}, {"何洁", crm.Legal}, {"郑钧", crm.Finance}, {"罗兰", crm.Marketing}, {"唐悦", crm.Service}, {"管理员", crm.Admin},
}

// company is who works there.
type company struct {
	people map[string]org.User
	reps   []org.User // in order of teams
	groups map[string]webchat.Chat
}

// found creates teams, people and group chats.
func found(ctx context.Context, a *app.App, hub *webchat.Hub) (*company, error) {
	dir := a.Services.Directory
	c := &company{people: map[string]org.User{}, groups: map[string]webchat.Chat{}}
	no := 0
	hire := func(name string, role crm.Role, team crm.TeamID, city string) (org.User, error) {
		no++
		u := org.User{Name: name, EmployeeNo: fmt.Sprintf("E%03d", no), Roles: []crm.Role{role}, Team: team, Region: city, Active: true}
		if name == "Grace Liu" {
			u.Lang = crm.English
		}
		if err := dir.SaveUser(ctx, &u); err != nil {
			return u, fmt.Errorf("hire %s: %w", role, err)
		}
		c.people[name] = u
		return u, nil
	}
	top := org.Team{Name: "总公司", Region: "上海"}
	if err := dir.SaveTeam(ctx, &top); err != nil {
		return nil, err
	}
	sales := org.Team{Name: "销售中心", Parent: top.ID, Region: "上海"}
	if err := dir.SaveTeam(ctx, &sales); err != nil {
		return nil, err
	}
	for _, t := range teams {
		team := org.Team{Name: t.name, Parent: sales.ID, Region: t.city}
		if err := dir.SaveTeam(ctx, &team); err != nil {
			return nil, err
		}
		for _, r := range t.reps {
			u, err := hire(r, crm.Rep, team.ID, t.city)
			if err != nil {
				return nil, err
			}
			c.reps = append(c.reps, u)
		}
		m, err := hire(t.manager, crm.Manager, team.ID, t.city)
		if err != nil {
			return nil, err
		}
		team.Leader = m.ID
		if err := dir.SaveTeam(ctx, &team); err != nil {
			return nil, err
		}
	}
	for _, f := range functions {
		team := top.ID
		if f.role == crm.Director {
			team = sales.ID
		}
		u, err := hire(f.name, f.role, team, "上海")
		if err != nil {
			return nil, err
		}
		if f.role == crm.Director {
			sales.Leader = u.ID
		}
		if f.role == crm.Boss {
			top.Leader = u.ID
		}
	}
	if err := dir.SaveTeam(ctx, &top); err != nil {
		return nil, err
	}
	if err := dir.SaveTeam(ctx, &sales); err != nil {
		return nil, err
	}
	for _, t := range teams {
		ids := []crm.UserID{c.people[t.manager].ID, c.people["高远"].ID}
		for _, r := range t.reps {
			ids = append(ids, c.people[r].ID)
		}
		title := t.name + "群"
		g, err := hub.AddGroup(ctx, title, ids...)
		if err != nil {
			return nil, err
		}
		c.groups[t.name] = g
	}
	return c, nil
}
