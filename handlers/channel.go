package handlers

import (
	"context"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/channel"
	"crmbot/internal/crm"
)

// costsShown bounds the list of costs.
const costsShown = 20

var (
	channelReaders  = []crm.Role{crm.Manager, crm.Director, crm.Marketing, crm.Finance, crm.Boss, crm.Admin}
	channelSpenders = []crm.Role{crm.Marketing, crm.Admin}
)

// channels show what each channel brings and costs.
func channels(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "渠道", Aliases: []string{"channels"}, Summary: crm.Text{Zh: "每个渠道和活动的线索、转化、成交和花费", En: "leads, conversions, deals and cost of each channel and campaign"},
				Usage:    crm.Text{Zh: "[渠道] [期间] | 花费 [渠道[/活动] 金额 日期或月份] | 更正 编号 金额 | 撤回 编号", En: "[channel] [period] | cost [channel[/campaign] amount day or month] | correct code amount | void code"},
				Examples: []string{"/渠道 本月", "/渠道 花费 广告/春季投放 5000 2026-03", "/渠道 更正 K-1 4800", "/channels last month"},
				Roles:    channelReaders, Parse: plain, Run: s.channels},
			bot.Handle[cards.SpendChannel]{Roles: channelSpenders, Run: func(ctx context.Context, a crm.Actor, c bot.Call, _ cards.SpendChannel) (bot.Reply, error) {
				p, err := crm.ParsePeriod(c.Values.Get(cards.CostPeriod), s.today())
				if err != nil {
					return bot.Reply{}, err
				}
				return s.spend(ctx, a, channel.Origin{Channel: c.Values.Get(cards.CostChannel), Campaign: c.Values.Get(cards.CostCampaign)}, c.Values.Get(cards.CostAmount), p)
			}},
			bot.Handle[cards.VoidCost]{Roles: channelSpenders, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.VoidCost) (bot.Reply, error) {
				rep, err := s.voidCost(ctx, a, p.Cost)
				rep.Update = err == nil
				return rep, err
			}},
		},
	}
}

func (s *Services) channels(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return s.channelTable(ctx, a, crm.MonthOf(s.today()), "")
	}
	args := words[1:]
	switch strings.ToLower(words[0]) {
	case "花费", "cost", "costs":
		if len(args) == 0 {
			return s.channelCosts(ctx, a)
		}
		return s.spendLine(ctx, a, args)
	case "更正", "correct":
		if len(args) != 2 {
			return bot.Reply{}, crm.Invalid("请写编号和新的金额", "name the code and the new amount").WithNext("例如 /渠道 更正 K-1 4800", "for example /channels correct K-1 4800")
		}
		id, err := costCode(args[0])
		if err != nil {
			return bot.Reply{}, err
		}
		amount, err := crm.ParseMoney(args[1])
		if err != nil {
			return bot.Reply{}, err
		}
		if _, err := s.Channels.Correct(ctx, a, id, amount); err != nil {
			return bot.Reply{}, err
		}
		return s.channelCosts(ctx, a)
	case "撤回", "void":
		if len(args) != 1 {
			return bot.Reply{}, crm.Invalid("请写花费的编号", "name the code of the cost").WithNext("例如 /渠道 撤回 K-1", "for example /channels void K-1")
		}
		id, err := costCode(args[0])
		if err != nil {
			return bot.Reply{}, err
		}
		return s.voidCost(ctx, a, id)
	}
	// "[渠道] [期间]": the longest end that is a period.
	for i := range words {
		if p, err := crm.ParsePeriod(strings.Join(words[i:], " "), s.today()); err == nil {
			return s.channelTable(ctx, a, p, strings.Join(words[:i], " "))
		}
	}
	return s.channelTable(ctx, a, crm.MonthOf(s.today()), strings.Join(words, " "))
}

func costCode(text string) (channel.CostID, error) {
	r, err := crm.ParseRef(text)
	if err != nil || r.Kind != crm.KindCost {
		return 0, crm.Invalid("“"+text+"”不是花费的编号", "“"+text+"” is no code of a cost").WithNext("编号如 K-1，发送 /渠道 花费 查看", "codes look like K-1; send /channels cost to see them")
	}
	return channel.CostID(r.ID), nil
}

// spendLine reads "广告/春季投放 5000 2026-03": the first amount ends the name of
// the channel, and what follows is a day, a month or another period.
func (s *Services) spendLine(ctx context.Context, a crm.Actor, words []string) (bot.Reply, error) {
	for i := 1; i < len(words); i++ {
		if _, err := crm.ParseMoney(words[i]); err != nil {
			continue
		}
		p := crm.DayPeriod(s.today())
		if i+1 < len(words) {
			var err error
			if p, err = crm.ParsePeriod(strings.Join(words[i+1:], " "), s.today()); err != nil {
				return bot.Reply{}, err
			}
		}
		name, campaign, _ := strings.Cut(strings.Join(words[:i], " "), "/")
		return s.spend(ctx, a, channel.Origin{Channel: strings.TrimSpace(name), Campaign: strings.TrimSpace(campaign)}, words[i], p)
	}
	return bot.Reply{}, crm.Invalid("没有看懂金额", "there is no amount").WithNext("例如 /渠道 花费 广告/春季投放 5000 2026-03", "for example /channels cost Ads/Spring 5000 2026-03")
}

func (s *Services) spend(ctx context.Context, a crm.Actor, o channel.Origin, money string, p crm.Period) (bot.Reply, error) {
	amount, err := crm.ParseMoney(money)
	if err != nil {
		return bot.Reply{}, err
	}
	if _, err := s.Channels.Spend(ctx, a, o, amount, p); err != nil {
		return bot.Reply{}, err
	}
	return s.channelCosts(ctx, a)
}

func (s *Services) voidCost(ctx context.Context, a crm.Actor, id channel.CostID) (bot.Reply, error) {
	if err := s.Channels.Void(ctx, a, id); err != nil {
		return bot.Reply{}, err
	}
	return s.channelCosts(ctx, a)
}

func (s *Services) channelTable(ctx context.Context, a crm.Actor, p crm.Period, name string) (bot.Reply, error) {
	t, err := s.Channels.Table(ctx, a, p, name)
	if err != nil {
		return bot.Reply{}, err
	}
	if name != "" && len(t.Rows) == 0 {
		return bot.Reply{}, crm.NotFound("渠道“"+name+"”在 "+p.Label(crm.Chinese)+" 没有线索和花费", "the channel “"+name+"” has neither leads nor costs in "+p.Label(crm.English)).WithNext("发送 /渠道 查看全部", "send /channels for all")
	}
	shown := cards.ChannelTable(a.Lang, t, a.Is(channelSpenders...))
	return bot.Reply{Card: &shown, Private: true}, nil
}

func (s *Services) channelCosts(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	list, err := s.Channels.Costs(ctx, a, costsShown)
	if err != nil {
		return bot.Reply{}, err
	}
	shown := cards.ChannelCosts(a.Lang, list, func(id crm.UserID) string { return s.Directory.Name(ctx, id) }, s.Calendar.Zone(), a.Is(channelSpenders...))
	return bot.Reply{Card: &shown, Private: true}, nil
}
