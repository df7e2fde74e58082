package dingbot

import (
	"context"
	"fmt"
	"net/http"

	"crmbot/bot"
)

// maxGroups is how many groups are looked at; each costs a call of the quota.
const maxGroups = 20

// groups checks that the bot is in the groups in which it posts.
func (x *exam) groups(ctx context.Context, groups []bot.BoundGroup) {
	fine := 0
	for _, g := range groups[:min(len(groups), maxGroups)] {
		var out struct {
			Bots list[struct {
				Code text `json:"robotCode"`
			}] `json:"chatbotInstanceVOList"`
		}
		if x.over {
			return
		}
		err := x.api.call(ctx, request{method: http.MethodPost, path: "/v1.0/robot/getBotListInGroup", body: map[string]string{"openConversationId": g.Chat}}, &out)
		e := asError(err)
		switch {
		case e != nil && e.noPermission():
			x.add(bot.NewFinding(bot.AreaGroups, bot.Skipped, "看不到机器人是否在日报群里：没有开通 "+scopeGroups, "whether the bot is in the groups of reports is not visible: "+scopeGroups+" is not granted").
				WithMend("想让 doctor 检查，就在"+consoleZh+"权限管理开通它；否则请在群里看群设置 → 机器人", "grant it in "+consoleEn+"Permissions to have it checked, or look into the group's settings → robots"))
			return
		case e != nil && e.verdict() == noQuota:
			x.over = true
			return
		case e != nil && e.verdict() == chatGone:
			x.add(gone(g))
			continue
		case err != nil:
			x.add(bot.Unclear(bot.AreaGroups, err))
			continue
		}
		in := false
		for _, b := range out.Bots {
			in = in || string(b.Code) == x.opt.RobotCode
		}
		if !in {
			x.add(gone(g))
			continue
		}
		fine++
	}
	if fine > 0 {
		x.add(bot.NewFinding(bot.AreaGroups, bot.Fine, fmt.Sprintf("机器人在 %d 个日报群里", fine), fmt.Sprintf("the bot is in %d groups of reports", fine)))
	}
}

func gone(g bot.BoundGroup) bot.Finding {
	return bot.NewFinding(bot.AreaGroups, bot.Bad, "“"+g.Team+"”的日报群：机器人不在群里，或群已解散", "the group of “"+g.Team+"”: the bot is not in it, or it was dissolved").
		WithMend("把机器人加回那个群（群设置 → 机器人 → 添加机器人），或在新的群里 @机器人 发送 /绑定日报 "+g.Team, "add the bot to the group again (group settings → robots), or send /bindreport "+g.Team+" to the bot in another group")
}

// home is the organisation that the app is used by.
func (x *exam) home(ctx context.Context) {
	if x.opt.Homes == nil {
		return // the line about people says that the database is not connected
	}
	corp, err := x.opt.Homes.Home(ctx, Name, x.opt.ClientID, "")
	switch {
	case err != nil:
		x.add(bot.Unclear(bot.AreaPeople, err))
	case corp == "":
		x.add(bot.NewFinding(bot.AreaPeople, bot.Fine, "还不知道应用属于哪个组织（CorpId）：还没有收到过消息；收到第一条后只接受那个组织的", "the app's organisation (CorpId) is not known yet: no message has come; after the first one only that organisation is served"))
	default:
		x.add(bot.NewFinding(bot.AreaPeople, bot.Fine, "只接受组织 "+corp+"（CorpId）的消息和操作", "only messages and presses of the organisation "+corp+" (CorpId) are served"))
	}
}

var bucketNames = map[string][2]string{quotaAPI: {"接口调用", "API calls"}, quotaStream: {"Webhook 和 Stream 推送", "webhook and stream calls"}}

// quotas compares the month's calls of all replicas with the organisation's.
func (x *exam) quotas(ctx context.Context) {
	const mendZh = "在钉钉管理后台 → 开放平台用量查看全组织用量；升级专业版或购买加量包，并把新额度填到 dingtalk.quota_api、dingtalk.quota_stream"
	const mendEn = "look at the organisation's usage in the admin console; upgrade the edition or buy more, and set the new numbers in dingtalk.quota_api and dingtalk.quota_stream"
	if x.over {
		x.add(bot.NewFinding(bot.AreaQuota, bot.Bad, "组织当月的接口调用量已用完，平台拒绝了调用", "the organisation's calls of this month are used up; the platform refuses them").WithMend(mendZh, mendEn))
		return
	}
	if x.opt.Counter == nil {
		x.add(bot.NewFinding(bot.AreaQuota, bot.Skipped, "当月用量记在数据库里，数据库没有连上", "the month's calls are counted in the database, which is not connected"))
		return
	}
	x.quota.flush(ctx)
	for _, q := range x.quota.state() {
		name := bucketNames[q.Bucket]
		if q.Limit == 0 {
			x.add(bot.NewFinding(bot.AreaQuota, bot.Fine, fmt.Sprintf("%s：本应用本月 %d 次（没有设上限）", name[0], q.Used), fmt.Sprintf("%s: %d by this app this month (no limit is set)", name[1], q.Used)))
			continue
		}
		share := 100 * q.Used / q.Limit
		f := bot.NewFinding(bot.AreaQuota, bot.Fine, fmt.Sprintf("%s：本应用本月 %d 次，额度 %d（%d%%）", name[0], q.Used, q.Limit, share), fmt.Sprintf("%s: %d by this app this month, of %d (%d%%)", name[1], q.Used, q.Limit, share))
		switch {
		case q.Used >= q.Limit:
			f.Mark = bot.Bad
		case float64(q.Used) >= warnAt*float64(q.Limit):
			f.Mark = bot.Warning
		}
		if f.Mark != bot.Fine {
			f = f.WithMend(mendZh, mendEn)
		}
		x.add(f)
	}
}
