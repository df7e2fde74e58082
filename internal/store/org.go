package store

import (
	"context"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

type userRow struct {
	ID         int64
	Name       string
	EmployeeNo *string // NULL when there is none: the unique index allows many
	Roles      string
	TeamID     int64
	Region     string
	Lang       string
	Active     bool
	Frozen     bool
	LeaveFrom  string
	LeaveTo    string
	DeputyID   int64
	CreatedMs  int64
	UpdatedMs  int64
}

func (userRow) TableName() string { return "crm_users" }

type teamRow struct {
	ID       int64
	Name     string
	ParentID int64
	Region   string
	LeaderID int64
}

func (teamRow) TableName() string { return "crm_teams" }

type identityRow struct {
	ID       int64
	Platform string
	Tenant   string
	External string
	UserID   int64
}

func (identityRow) TableName() string { return "crm_identities" }

func (r userRow) entity() org.User {
	u := org.User{ID: crm.UserID(r.ID), Name: r.Name, Team: crm.TeamID(r.TeamID), Region: r.Region, Lang: crm.Lang(r.Lang), Active: r.Active, Frozen: r.Frozen,
		LeaveFrom: crm.Day(r.LeaveFrom), LeaveTo: crm.Day(r.LeaveTo), Deputy: crm.UserID(r.DeputyID), CreatedAt: at(r.CreatedMs)}
	if r.EmployeeNo != nil {
		u.EmployeeNo = *r.EmployeeNo
	}
	for _, x := range strings.Split(r.Roles, ",") {
		if x != "" {
			u.Roles = append(u.Roles, crm.Role(x))
		}
	}
	return u
}

// Users implements org.Store.
func (d *DB) Users(ctx context.Context) ([]org.User, error) {
	var rows []userRow
	if err := d.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]org.User, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// Teams implements org.Store.
func (d *DB) Teams(ctx context.Context) ([]org.Team, error) {
	var rows []teamRow
	if err := d.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]org.Team, len(rows))
	for i, r := range rows {
		out[i] = org.Team{ID: crm.TeamID(r.ID), Name: r.Name, Parent: crm.TeamID(r.ParentID), Region: r.Region, Leader: crm.UserID(r.LeaderID)}
	}
	return out, nil
}

// Identities implements org.Store.
func (d *DB) Identities(ctx context.Context) ([]org.Identity, error) {
	var rows []identityRow
	if err := d.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]org.Identity, len(rows))
	for i, r := range rows {
		out[i] = org.Identity{Platform: r.Platform, Tenant: r.Tenant, External: r.External, User: crm.UserID(r.UserID)}
	}
	return out, nil
}

// SaveUser implements org.Store.
func (d *DB) SaveUser(ctx context.Context, u *org.User) error {
	now := ms(d.clock.Now())
	roles := make([]string, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = string(r)
	}
	row := userRow{ID: int64(u.ID), Name: u.Name, Roles: strings.Join(roles, ","), TeamID: int64(u.Team), Region: u.Region, Lang: string(u.Lang),
		Active: u.Active, Frozen: u.Frozen, LeaveFrom: string(u.LeaveFrom), LeaveTo: string(u.LeaveTo), DeputyID: int64(u.Deputy), CreatedMs: ms(u.CreatedAt), UpdatedMs: now}
	if u.EmployeeNo != "" {
		row.EmployeeNo = &u.EmployeeNo
	}
	if row.CreatedMs == 0 {
		row.CreatedMs = now
		u.CreatedAt = at(now)
	}
	err := d.InTx(ctx, func(ctx context.Context) error {
		var before []userRow
		if row.ID != 0 {
			if err := d.read(ctx).Select("id", "team_id", "frozen", "active", "leave_from", "leave_to").Where("id = ?", row.ID).Limit(1).Find(&before).Error; err != nil {
				return err
			}
		}
		if err := d.write(ctx).Save(&row).Error; err != nil || len(before) == 0 {
			return err
		}
		if was := before[0]; was.LeaveFrom != row.LeaveFrom || was.LeaveTo != row.LeaveTo || was.Frozen != row.Frozen || was.Active != row.Active {
			if err := d.later(ctx, statement{"UPDATE crm_keepings SET check_day = ? WHERE owner_id = ?", []any{atOnce(), row.ID}}); err != nil {
				return err
			}
		}
		if before[0].TeamID == row.TeamID {
			return nil
		}
		return d.follow(ctx, crm.UserID(row.ID), u.Team)
	})
	if err != nil {
		if duplicate(err) {
			return crm.Conflict("", "工号 "+u.EmployeeNo+" 已被使用", "employee number "+u.EmployeeNo+" is already used")
		}
		return err
	}
	u.ID = crm.UserID(row.ID)
	return nil
}

// SaveTeam implements org.Store.
func (d *DB) SaveTeam(ctx context.Context, t *org.Team) error {
	row := teamRow{ID: int64(t.ID), Name: t.Name, ParentID: int64(t.Parent), Region: t.Region, LeaderID: int64(t.Leader)}
	if err := d.write(ctx).Save(&row).Error; err != nil {
		if duplicate(err) {
			return crm.Conflict("", "已有名为“"+t.Name+"”的团队", "there is already a team called “"+t.Name+"”")
		}
		return err
	}
	t.ID = crm.TeamID(row.ID)
	return nil
}

// AddIdentity implements org.Store.
func (d *DB) AddIdentity(ctx context.Context, i org.Identity) error {
	err := d.write(ctx).Create(&identityRow{Platform: i.Platform, Tenant: i.Tenant, External: i.External, UserID: int64(i.User)}).Error
	if !duplicate(err) {
		return err
	}
	var rows []identityRow
	if err := d.read(ctx).Where("platform = ? AND tenant = ? AND external = ?", i.Platform, i.Tenant, i.External).Limit(1).Find(&rows).Error; err != nil {
		return err
	}
	if len(rows) == 1 && rows[0].UserID == int64(i.User) {
		return nil
	}
	return crm.Conflict("", "这个平台账号已绑定给别人", "this platform account is bound to somebody else")
}

// RemoveIdentity implements org.Store.
func (d *DB) RemoveIdentity(ctx context.Context, i org.Identity) error {
	return d.write(ctx).Where("platform = ? AND tenant = ? AND external = ? AND user_id = ?", i.Platform, i.Tenant, i.External, int64(i.User)).Delete(&identityRow{}).Error
}
