package cards

import (
	"time"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// accountPoolSamples are the cards about accounts in their pool and on the way
// from one owner to another.
func accountPoolSamples(l crm.Lang, full AccountView) []Sample {
	now := sampleTime(3, 2, 10, 0)
	f := LeadFrame{Lang: l, Now: now, Zone: accountZone, Rep: true}
	boss := LeadFrame{Lang: l, Now: now, Zone: accountZone, Supervisor: true}
	group := f
	group.Group = true
	na, lei := l.T("李娜", "Li Na"), l.T("王磊", "Wang Lei")
	home := crm.Text{Zh: "客户公海", En: "Account pool"}
	x := full.Account
	x.Owner, x.PooledAt, x.DealtAt = 0, now.AddDate(0, 0, -3), now.AddDate(-1, 0, 0)
	free := account.Seen{Account: x, Rights: account.Rights{See: true, Work: true}, Masked: true, PoolTitle: home}
	embargo, cooling, won, hidden := free, free, free, free
	embargo.ID, embargo.ClaimableAt, embargo.DealtAt = 4, now.Add(20*time.Hour), time.Time{}
	cooling.ID, cooling.CoolingUntil = 5, now.AddDate(0, 0, 5)
	won.ID, won.Owner, won.OwnerName = 6, 4, lei
	hidden.Account = hidden.Account.Masked(func(field string) bool { return field == "company" })
	hidden.ID = 7
	st := pool.Status{Standing: pool.Standing{Held: 12, Claims: 4, Refunds: 1}, Hold: 100, Quota: pool.Quota{Limit: 20, Workday: true, Allowed: true}}
	list := account.PoolList{Accounts: []account.Seen{free, embargo, cooling, won, hidden}, More: true, Status: st}
	ruled := free
	ruled.Masked, ruled.Rights = false, account.Rights{See: true, Work: true, People: true, Manages: true}
	mine := ruled
	mine.Owner, mine.OwnerName, mine.Mine = 7, na, true
	mine.Past = []pool.Past{{At: now, Reason: pool.Claim, To: na, By: na}, {At: now.AddDate(0, 0, -3), Reason: pool.Release, From: lei, By: lei, Why: crm.Text{Zh: "无需求", En: "no need"}}}
	card := func(v account.Seen, f LeadFrame, lines ...string) AccountView {
		a := full
		a.Account, a.Seen, a.Frame, a.Masked, a.CanWork, a.Lines, a.Owner = v.Account, v, f, v.Masked, v.Work, lines, v.OwnerName
		if v.Masked {
			a.Contacts = []account.Contact{full.Contacts[0].Masked()}
			a.Story, a.Deals, a.Contracts = nil, nil, nil
			a.Totals.Count = 0
		}
		return a
	}
	review := ruled
	review.State, review.Quality, review.Work = account.Review, "wrong_number", false
	merged := mine
	merged.Code = 9
	claimed := account.Claimed{Seen: mine, Used: 4, Limit: 20, Held: 13, Hold: 100, Deals: 2}
	refused := crm.Refused("P-04", "今日已领 20/20", "you claimed 20 of 20 today").WithNext("明天 00:00 重置；或请经理分配", "it resets tomorrow 00:00; or ask a manager to assign it")
	full100 := &pool.HoldFull{Held: 100, Limit: 100, Mine: true, Candidates: []pool.Candidate{{Ref: crm.AccountID(8).Ref(), Title: l.T("明月贸易", "Mingyue Trading"), Idle: 61}}}
	reasons := pool.ReleaseReasons.Default
	people := []org.User{{ID: 4, Name: lei}, {ID: 5, Name: l.T("张伟", "Zhang Wei")}}
	release := account.Released{Seen: free, Reason: reasons[2], Refunded: true, CoolDays: 7}
	asked := account.Collab{Collaboration: pool.Collaboration{Ref: mine.ID.Ref(), User: 4, State: pool.CollabAsked}, Account: mine.Account, UserName: lei, OwnerName: na}
	accepted, declined, ended := asked, asked, asked
	accepted.State, accepted.ExpiresAt = pool.CollabAccepted, now.AddDate(0, 3, 0)
	declined.State, ended.State = pool.CollabDeclined, pool.CollabEnded
	taken := account.TakenBy{Account: 3, OwnerName: l.T("李*", "L*"), Release: "2026-07-08"}
	return []Sample{
		{"account.taken/by", crm.Text{Zh: "客户已存在，别人负责", En: "the account is somebody else's"}, AccountTakenBy(f, taken)},
		{"account.collab/asked", crm.Text{Zh: "有人申请协作客户", En: "a colleague asks to work along"}, AccountJoinAsked(f, asked)},
		{"account.collab/accepted", crm.Text{Zh: "已同意协作客户", En: "accepted"}, AccountJoinAsked(f, accepted)},
		{"account.collab/answer", crm.Text{Zh: "协作客户获同意", En: "the answer: accepted"}, AccountJoinAnswer(f, accepted)},
		{"account.collab/declined", crm.Text{Zh: "协作客户被婉拒", En: "the answer: declined"}, AccountJoinAnswer(f, declined)},
		{"account.collab/ended", crm.Text{Zh: "客户换负责人，协作结束", En: "the account changed hands"}, AccountJoinAnswer(f, ended)},
		{"account.watch/free", crm.Text{Zh: "客户到释放日，已回公海", En: "the account is back in the pool"}, AccountWatched(f, account.Watched{Account: 3, InPool: true, Seen: true})},
		{"account.watch/nurtured", crm.Text{Zh: "客户到释放日，在培育池", En: "the account rests in the nurture pool"}, AccountWatched(f, account.Watched{Account: 3, InPool: true, Opening: pool.Opening{Nurtured: true, From: now.AddDate(0, 0, 60), Rule: "P-07"}})},
		{"account.watch/owned", crm.Text{Zh: "客户到释放日，仍有负责人", En: "the account still has an owner"}, AccountWatched(f, account.Watched{Account: 3, OwnerName: l.T("李*", "L*")})},
		{"account.pool/some", crm.Text{Zh: "客户公海：可领、禁领期、冷却期、已被领、隐藏名称", En: "the pool: free, embargo, cool-down, claimed, name hidden"}, AccountPool(f, account.Filter{Region: l.T("杭州", "Hangzhou"), Level: account.LevelA}, list)},
		{"account.pool/boss", crm.Text{Zh: "公海管理员看客户公海", En: "the pool for its manager"}, AccountPool(boss, account.Filter{}, account.PoolList{Accounts: []account.Seen{ruled}})},
		{"account.pool/group", crm.Text{Zh: "群里的客户公海", En: "the pool in a group"}, AccountPool(group, account.Filter{}, list)},
		{"account.pool/none", crm.Text{Zh: "客户公海为空", En: "an empty pool"}, AccountPool(f, account.Filter{}, account.PoolList{Status: st})},
		{"account.pool/nofit", crm.Text{Zh: "没有符合条件的客户", En: "nothing fits"}, AccountPool(f, account.Filter{Level: account.LevelKA}, account.PoolList{Status: st})},
		{"account.card/free", crm.Text{Zh: "公海里的客户", En: "an account in the pool"}, Account(l, card(free, f))},
		{"account.card/ruled", crm.Text{Zh: "公海里的客户，管理员", En: "an account in the pool for its manager"}, Account(l, card(ruled, boss))},
		{"account.card/claimed", crm.Text{Zh: "认领成功", En: "claimed"}, Account(l, card(mine, f, ClaimedLine(l, claimed)))},
		{"account.card/review", crm.Text{Zh: "资料核对中", En: "data under review"}, Account(l, card(review, boss))},
		{"account.card/merged", crm.Text{Zh: "从已合并的编号打开", En: "opened by the code of one that was merged"}, Account(l, card(merged, f))},
		{"account.lost/next", crm.Text{Zh: "被人抢先，推荐下一个", En: "somebody was faster, the next one offered"}, AccountLost(f, account.LostTo{Account: 6, Winner: lei}, &free)},
		{"account.lost/none", crm.Text{Zh: "被人抢先，没有其他", En: "somebody was faster, nothing else"}, AccountLost(f, account.LostTo{Account: 6, Winner: lei}, nil)},
		{"account.lost/owned", crm.Text{Zh: "早有负责人", En: "it has an owner"}, AccountLost(f, account.LostTo{Account: 6, Winner: l.T("李*", "L*"), Since: "02-17", Ask: true, Release: "2026-04-08"}, nil)},
		{"account.claims/some", crm.Text{Zh: "批量认领客户", En: "a batch claim"}, AccountClaims(f, []account.ClaimResult{{ID: 3, Claimed: claimed}, {ID: 4, Err: refused}})},
		{"account.full/own", crm.Text{Zh: "客户持有已满", En: "the hold limit is reached"}, LeadHoldFull(f, l.T("您持有的客户已达上限：100/100", "you hold 100 of at most 100 accounts"), full100, true)},
		{"account.release/form", crm.Text{Zh: "释放客户的表单", En: "the release form"}, AccountReleaseForm(f, mine, reasons, 7)},
		{"account.release/done", crm.Text{Zh: "客户已释放", En: "released"}, AccountReleased(f, release)},
		{"account.pass/form", crm.Text{Zh: "转交客户的表单", En: "the form for passing on"}, AccountPassForm(f, mine, people)},
		{"account.pass/done", crm.Text{Zh: "客户已转交", En: "passed on"}, AccountPassed(f, mine)},
		{"account.taken/new", crm.Text{Zh: "客户被调走", En: "an account was taken"}, AccountTaken(f, 3, pool.Past{At: now, Reason: pool.Assign, From: na, To: lei, By: lei})},
		{"account.gone/any", crm.Text{Zh: "客户现由别人负责", En: "somebody else has the account"}, AccountGone(l, 3)},
	}
}
