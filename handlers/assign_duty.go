package handlers

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// leadPools are the pools of leads that the actor sees and that take new ones.
func (h assignHandlers) leadPools(ctx context.Context, a crm.Actor) ([]pool.Pool, error) {
	return h.Assign.Pools(ctx, a)
}

func (h assignHandlers) duty(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
	head, note, _ := strings.Cut(strings.TrimSpace(rest), " ")
	switch strings.ToLower(head) {
	case "":
	case "开", "on":
		if err := h.Assign.Switch(ctx, a, true, ""); err != nil {
			return bot.Reply{}, err
		}
	case "关", "off":
		if err := h.Assign.Switch(ctx, a, false, note); err != nil {
			return bot.Reply{}, err
		}
	default:
		return bot.Reply{}, crm.Invalid("请写 开 或 关", "write on or off").WithNext("例如 /接单 关 下午培训", "for example /duty off training")
	}
	return h.dutyCard(ctx, a)
}

func (h assignHandlers) dutyCard(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	st, offers, err := h.Assign.Mine(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignDuty(h.frame(a), st, offers), bot.View{})), nil
}

func (h assignHandlers) roster(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	words := strings.Fields(rest)
	if len(words) > 0 {
		who, set, err := h.rosterChange(ctx, c, words)
		if err != nil {
			return bot.Reply{}, err
		}
		if err := h.Assign.Set(ctx, a, who, set); err != nil {
			return bot.Reply{}, err
		}
	}
	list, days, err := h.Assign.Roster(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignRoster(a.Lang, list, days), bot.View{})), nil
}

// likeDay is what was meant as a date.
var likeDay = regexp.MustCompile(`^\d+[-/.月]\d+`)

// rosterChange reads "李娜 周一 周三", "Grace Liu weight 2", "李娜 03-08 休": the name goes
// on until the first word that says what to change.
func (h assignHandlers) rosterChange(ctx context.Context, c bot.Call, words []string) (crm.UserID, assign.Setting, error) {
	var set assign.Setting
	usage := func(w string) error {
		return crm.Invalid("看不懂“"+w+"”", "cannot read “"+w+"”").WithNext("可以写：周一 周三、每天、权重 2、上限 80、03-08 值班|休|默认、停、开", "it takes: Mon Wed, daily, weight 2, cap 80, 03-08 on|off|default, stop, start")
	}
	at := slices.IndexFunc(words[1:], func(w string) bool { return h.rosterWord(w) })
	if i := slices.IndexFunc(words, likeDay.MatchString); at < 0 && i > 0 {
		return 0, set, crm.Invalid("“"+clipText(words[i])+"”不是日期", "“"+clipText(words[i])+"” is no date").WithNext("日期写成 03-08", "write a date like 03-08")
	}
	if at < 0 {
		return 0, set, usage(words[len(words)-1])
	}
	at++
	who, err := h.person(ctx, c, strings.Join(words[:at], " "))
	if err != nil {
		return 0, set, err
	}
	number := func(i int) (*int, error) {
		if i >= len(words) {
			return nil, usage(words[i-1])
		}
		n, err := strconv.Atoi(words[i])
		if err != nil {
			return nil, usage(words[i])
		}
		return &n, nil
	}
	for i := at; i < len(words); i++ {
		w := strings.ToLower(words[i])
		switch {
		case weekdays[w] != 0:
			set.Days = append(set.Days, weekdays[w])
		case w == "每天" || w == "daily":
			set.Days = []int{}
		case w == "权重" || w == "weight":
			i++
			set.Weight, err = number(i)
		case w == "上限" || w == "cap":
			i++
			set.Cap, err = number(i)
		case w == "停" || w == "stop" || w == "开" || w == "start":
			off := w == "停" || w == "stop"
			set.Off = &off
		default:
			day, ok := h.dayOf(w)
			if !ok || i+1 >= len(words) {
				return 0, set, usage(words[i])
			}
			i++
			set.Day = day
			switch strings.ToLower(words[i]) {
			case "值班", "on":
				set.DayOn = true
			case "休", "休息", "off":
			case "默认", "default":
				set.DayBack = true
			default:
				return 0, set, usage(words[i])
			}
		}
		if err != nil {
			return 0, set, err
		}
	}
	return who, set, nil
}

func (h assignHandlers) rosterWord(w string) bool {
	w = strings.ToLower(w)
	if weekdays[w] != 0 || slices.Contains([]string{"每天", "daily", "权重", "weight", "上限", "cap", "停", "stop", "开", "start"}, w) {
		return true
	}
	_, ok := h.dayOf(w)
	return ok
}

// dayOf reads "2026-03-08", "03-08" and the days that people say, such as 明天.
func (h assignHandlers) dayOf(w string) (crm.Day, bool) {
	today := h.Calendar.DayOf(h.Clock.Now())
	if d := crm.Day(w); d.Valid() {
		return d, true
	}
	if len(w) == 5 && w[2] == '-' {
		d := crm.Day(string(today)[:5] + w)
		if d.Valid() && d < today {
			y, m, day := d.Date()
			d = crm.Day(fmt.Sprintf("%04d-%02d-%02d", y+1, int(m), day))
		}
		return d, d.Valid()
	}
	for word, n := range map[string]int{"今天": 0, "today": 0, "明天": 1, "tomorrow": 1, "后天": 2} {
		if w == word {
			return today.AddDays(n), true
		}
	}
	return "", false
}

var weekdays = map[string]int{"周一": 1, "周二": 2, "周三": 3, "周四": 4, "周五": 5, "周六": 6, "周日": 7, "周天": 7, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
