package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
	"crmbot/internal/sched"
)

// relocateNow and relocateHourly are how many batches of a closed pool move at
// once and in each run of the job.
const (
	relocateNow    = 5
	relocateHourly = 500
)

// poolSetup are the settings of pools, and the job that empties closed ones.
func poolSetup(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "公海设置", Aliases: []string{"poolsettings"}, Summary: crm.Text{Zh: "公海的范围、管理员、额度、禁领期和隐藏字段", En: "scope, managers, quota, embargo and hidden fields of pools"},
				Usage:    crm.Text{Zh: "[编号 [项目 值]|新建 线索|客户 名称|编号 停用 目标编号]", En: "[number [item value]|new leads|accounts name|number close target]"},
				Examples: []string{"/公海设置", "/公海设置 3 区域 上海、杭州", "/公海设置 新建 客户 华东公海", "/公海设置 3 停用 1", "/poolsettings 3 daily 30"}, Parse: plain, Run: s.poolText},
			bot.Handle[cards.ChangePool]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ChangePool) (bot.Reply, error) {
				rep, err := s.changePool(ctx, a, p.Pool, p.V, c.Values.Get(cards.PoolItem), c.Values.Get(cards.PoolValue))
				rep.Update = err == nil
				return rep, err
			}},
			bot.Handle[cards.RetirePool]{Roles: []crm.Role{crm.Admin}, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.RetirePool) (bot.Reply, error) {
				rep, err := s.retirePool(ctx, a, p.Pool, p.To)
				rep.Update = err == nil
				return rep, err
			}},
		},
		Jobs: []sched.Job{{Name: "pool.relocate", Next: every(time.Hour), CatchUp: time.Hour, Pending: s.Pools.Closing,
			Run: func(ctx context.Context, _ time.Time) error {
				_, _, err := s.Pools.Relocate(ctx, relocateHourly)
				return err
			}}},
	}
}

// splitList divides a list as people write it.
func splitList(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、,，;；\n", r) }) {
		if w = strings.TrimSpace(w); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func (s *Services) poolText(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
	word, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	tail = strings.TrimSpace(tail)
	switch strings.ToLower(word) {
	case "":
		return s.poolList(ctx, a)
	case "新建", "new":
		return s.newPool(ctx, a, tail)
	}
	p, err := s.ruledPool(ctx, a, word)
	if err != nil {
		return bot.Reply{}, err
	}
	item, value, _ := strings.Cut(tail, " ")
	switch strings.ToLower(item) {
	case "":
		return s.showPool(ctx, a, p.ID, "")
	case "停用", "close":
		to, err := s.poolNamed(ctx, strings.TrimSpace(value), p.Kind)
		if err != nil {
			return bot.Reply{}, err
		}
		return s.retirePool(ctx, a, p.ID, to.ID)
	}
	return s.changePool(ctx, a, p.ID, p.Version, item, strings.TrimSpace(value))
}

func (s *Services) poolList(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	ps, err := s.Pools.Ruled(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(ps) == 0 {
		return bot.Reply{}, crm.Forbid(a, crm.Admin).WithNext("公海由管理员设置；可请管理员让您管理某个公海", "an administrator sets pools up, and can let you look after one")
	}
	views := make([]cards.PoolView, len(ps))
	for i, p := range ps {
		views[i] = s.poolNames(ctx, p)
	}
	return private(bot.Show(cards.PoolList(a.Lang, views, a.Is(crm.Admin)), bot.View{})), nil
}

// ruledPool is a pool that the actor may set up, by number or name.
func (s *Services) ruledPool(ctx context.Context, a crm.Actor, word string) (pool.Pool, error) {
	ps, err := s.Pools.Ruled(ctx, a)
	if err != nil {
		return pool.Pool{}, err
	}
	return findPool(ps, word)
}

// poolNamed is any pool of the kind, by number or name.
func (s *Services) poolNamed(ctx context.Context, word string, kind crm.Kind) (pool.Pool, error) {
	ps, err := s.Pools.Pools(ctx)
	if err != nil {
		return pool.Pool{}, err
	}
	return findPool(slices.DeleteFunc(slices.Clone(ps), func(p pool.Pool) bool { return p.Kind != kind }), word)
}

func findPool(ps []pool.Pool, word string) (pool.Pool, error) {
	if i := slices.IndexFunc(ps, func(p pool.Pool) bool {
		return strconv.FormatInt(int64(p.ID), 10) == word || strings.EqualFold(p.Title(crm.Chinese), word) || strings.EqualFold(p.Title(crm.English), word)
	}); i >= 0 {
		return ps[i], nil
	}
	return pool.Pool{}, crm.NotFound("没有您可设置的公海“"+clipText(word)+"”", "there is no pool “"+clipText(word)+"” that you may set up").WithNext("发送 /公海设置 查看编号", "send /poolsettings for the numbers")
}

func (s *Services) newPool(ctx context.Context, a crm.Actor, rest string) (bot.Reply, error) {
	kind, name, _ := strings.Cut(rest, " ")
	p := pool.Pool{Kind: crm.KindLead, Sort: 100, Name: crm.Normalize(name)}
	switch strings.ToLower(kind) {
	case "线索", "lead", "leads":
	case "客户", "account", "accounts":
		p.Kind = crm.KindAccount
	default:
		return bot.Reply{}, crm.Invalid("请写明放线索还是客户", "say whether it holds leads or accounts").WithNext("例如 /公海设置 新建 客户 华东公海", "for example /poolsettings new accounts East pool")
	}
	if err := s.Pools.SavePool(ctx, a, &p); err != nil {
		return bot.Reply{}, err
	}
	return s.showPool(ctx, a, p.ID, a.Lang.T("已新建“"+p.Name+"”，请设置范围", "“"+p.Name+"” was made; now give it a scope"))
}

// poolNames is the pool with the names of its people.
func (s *Services) poolNames(ctx context.Context, p pool.Pool) cards.PoolView {
	v := cards.PoolView{Pool: p}
	for _, id := range p.Users {
		v.Members = append(v.Members, s.Directory.Name(ctx, id))
	}
	for _, id := range p.Managers {
		v.ManagerNames = append(v.ManagerNames, s.Directory.Name(ctx, id))
	}
	for _, id := range p.Teams {
		if t, err := s.Directory.Team(ctx, id); err == nil {
			v.TeamNames = append(v.TeamNames, t.Name)
		}
	}
	return v
}

func (s *Services) showPool(ctx context.Context, a crm.Actor, id crm.PoolID, changed string) (bot.Reply, error) {
	p, err := s.Pools.Pool(ctx, id)
	if err != nil {
		return bot.Reply{}, err
	}
	v := s.poolNames(ctx, p)
	v.Admin = a.Is(crm.Admin)
	n, err := s.Pools.Count(ctx, p)
	if err != nil {
		return bot.Reply{}, err
	}
	v.Waiting, v.Owned = n.Waiting, n.Owned
	v.Quota, v.New, v.Recycle, v.Seen = int(pool.QuotaDaily.Of(ctx, s.Rules)), int(pool.EmbargoNew.Of(ctx, s.Rules)), int(pool.EmbargoRecycle.Of(ctx, s.Rules)), int(pool.DetailViews.Of(ctx, s.Rules))
	all, err := s.Pools.Pools(ctx)
	if err != nil {
		return bot.Reply{}, err
	}
	for _, o := range all {
		switch {
		case o.ID == p.MovesTo:
			v.Into = crm.Text{Zh: o.Title(crm.Chinese), En: o.Title(crm.English)}
		case o.ID != p.ID && o.Kind == p.Kind && !o.Retired:
			v.Others = append(v.Others, o)
		}
	}
	return private(bot.Show(cards.Pool(a.Lang, v, changed), bot.View{})), nil
}

func (s *Services) retirePool(ctx context.Context, a crm.Actor, id, to crm.PoolID) (bot.Reply, error) {
	p, err := s.Pools.Retire(ctx, a, id, to)
	if err != nil {
		return bot.Reply{}, err
	}
	moved, more, err := s.Pools.Relocate(ctx, relocateNow)
	if err != nil {
		return bot.Reply{}, err
	}
	said := a.Lang.T(fmt.Sprintf("“%s”已停用，移走 %d 条", p.Title(a.Lang), moved), fmt.Sprintf("“%s” is closed; %d records moved", p.Title(a.Lang), moved))
	if more {
		said += a.Lang.T("，其余在后台分批移动", ", the others follow in batches")
	}
	return s.showPool(ctx, a, id, said)
}

// changePool sets one item. seen is the version that was looked at.
func (s *Services) changePool(ctx context.Context, a crm.Actor, id crm.PoolID, seen int64, item, value string) (bot.Reply, error) {
	p, err := s.Pools.Pool(ctx, id)
	if err != nil {
		return bot.Reply{}, err
	}
	i := slices.IndexFunc(cards.PoolItems, func(x struct {
		Key           string
		Name, Example crm.Text
	}) bool {
		return strings.EqualFold(x.Key, item) || x.Name.Zh == item || strings.EqualFold(x.Name.En, item)
	})
	if i < 0 {
		zh, en := make([]string, len(cards.PoolItems)), make([]string, len(cards.PoolItems))
		for i, x := range cards.PoolItems {
			zh[i], en[i] = x.Name.Zh, x.Name.En
		}
		return bot.Reply{}, crm.Invalid("没有项目“"+clipText(item)+"”", "there is no item “"+clipText(item)+"”").WithNext("可选："+strings.Join(zh, "、"), "choose one of: "+strings.Join(en, ", "))
	}
	if err := s.setPool(ctx, &p, cards.PoolItems[i].Key, value); err != nil {
		return bot.Reply{}, err
	}
	p.Version = seen
	if err := s.Pools.SavePool(ctx, a, &p); err != nil {
		return bot.Reply{}, err
	}
	return s.showPool(ctx, a, id, a.Lang.T("已保存："+cards.PoolItems[i].Name.Zh, "saved: "+cards.PoolItems[i].Name.En))
}

// setPool puts a value as people write it into the pool. "默认" or nothing
// resets it.
func (s *Services) setPool(ctx context.Context, p *pool.Pool, key, value string) error {
	if slices.Contains([]string{"默认", "无", "-", "default", "none"}, strings.ToLower(value)) {
		value = ""
	}
	list := splitList(value)
	number := func(set func(o pool.Override)) error {
		if value == "" {
			set(pool.Override{})
			return nil
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return crm.Invalid("请写不小于 0 的整数", "write a whole number, 0 or more")
		}
		set(pool.Override{Set: true, Value: n})
		return nil
	}
	people := func(ids *[]crm.UserID) error {
		*ids = nil
		for _, name := range list {
			u, err := s.Directory.One(ctx, strings.TrimPrefix(name, "@"))
			if err != nil {
				return err
			}
			*ids = append(*ids, u.ID)
		}
		return nil
	}
	switch key {
	case "name":
		p.Name = crm.Normalize(value)
	case "users":
		return people(&p.Users)
	case "managers":
		return people(&p.Managers)
	case "teams":
		p.Teams = nil
		for _, name := range list {
			t, err := s.Directory.TeamNamed(ctx, name)
			if err != nil {
				return err
			}
			p.Teams = append(p.Teams, t.ID)
		}
	case "regions":
		p.Regions = list
	case "hidden":
		p.Hidden = nil
		for _, w := range list {
			i := slices.IndexFunc(cards.HiddenWords, func(x struct {
				Key string
				crm.Text
			}) bool {
				return x.Key == strings.ToLower(w) || x.Zh == w || strings.EqualFold(x.En, w)
			})
			if i < 0 || !slices.Contains(pool.HiddenFields(p.Kind), cards.HiddenWords[i].Key) {
				return crm.Invalid("不能隐藏“"+clipText(w)+"”", "“"+clipText(w)+"” cannot be hidden").WithNext("可选："+hideable(p.Kind, crm.Chinese), "choose among: "+hideable(p.Kind, crm.English))
			}
			p.Hidden = append(p.Hidden, cards.HiddenWords[i].Key)
		}
	case "offday":
		switch strings.ToLower(value) {
		case "开", "是", "on", "yes":
			p.Offday = true
		case "关", "否", "off", "no", "":
			p.Offday = false
		default:
			return crm.Invalid("请写 开 或 关", "write on or off")
		}
	case "daily":
		return number(func(o pool.Override) { p.Daily = o.Value })
	case "new":
		return number(func(o pool.Override) { p.NewHours = o })
	case "recycle":
		return number(func(o pool.Override) { p.RecycleHours = o })
	case "views":
		return number(func(o pool.Override) { p.Views = o })
	case "sort":
		return number(func(o pool.Override) { p.Sort = o.Value })
	}
	return nil
}

func hideable(kind crm.Kind, l crm.Lang) string {
	var out []string
	for _, w := range cards.HiddenWords {
		if slices.Contains(pool.HiddenFields(kind), w.Key) {
			out = append(out, w.In(l))
		}
	}
	return strings.Join(out, l.T("、", ", "))
}
