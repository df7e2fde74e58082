package cards

import (
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// poolSamples are the settings of pools.
func poolSamples(l crm.Lang) []Sample {
	leads := PoolView{Pool: pool.Pool{ID: 1, Kind: crm.KindLead, Sort: 1000, Version: 1}, Quota: 20, Recycle: 24, Seen: 50, Admin: true, Waiting: 128, Owned: 340}
	east := PoolView{Pool: pool.Pool{ID: 3, Name: l.T("华东客户公海", "East accounts"), Kind: crm.KindAccount, Sort: 100, Teams: []crm.TeamID{2}, Users: []crm.UserID{5}, Managers: []crm.UserID{9}, Regions: []string{l.T("上海", "Shanghai"), l.T("杭州", "Hangzhou")}, Daily: 30, Offday: true,
		Hidden: []string{"company", "size"}, RecycleHours: pool.Override{Set: true, Value: 48}, Version: 4}, TeamNames: []string{l.T("华东", "East")}, Members: []string{l.T("赵敏", "Zhao Min")}, ManagerNames: []string{l.T("王磊", "Wang Lei")},
		Quota: 20, Recycle: 24, Seen: 50, Admin: true, Waiting: 12, Owned: 30, Others: []pool.Pool{{ID: 2, Kind: crm.KindAccount}}}
	ruled, closed := east, east
	ruled.Admin, ruled.Others = false, nil
	closed.Retired, closed.MovesTo, closed.Into = true, 2, crm.Text{Zh: "客户公海", En: "Account pool"}
	return []Sample{
		{"pool.list/admin", crm.Text{Zh: "公海设置", En: "pools"}, PoolList(l, []PoolView{leads, east, closed}, true)},
		{"pool.list/manager", crm.Text{Zh: "公海管理员的公海", En: "the pools of their manager"}, PoolList(l, []PoolView{ruled}, false)},
		{"pool.card/default", crm.Text{Zh: "默认公海", En: "the default pool"}, Pool(l, leads, "")},
		{"pool.card/admin", crm.Text{Zh: "一个公海，管理员", En: "a pool for an administrator"}, Pool(l, east, l.T("已保存：区域", "saved: regions"))},
		{"pool.card/manager", crm.Text{Zh: "一个公海，公海管理员", En: "a pool for its manager"}, Pool(l, ruled, "")},
		{"pool.card/closed", crm.Text{Zh: "已停用的公海", En: "a closed pool"}, Pool(l, closed, "")},
	}
}
