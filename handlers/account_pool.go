package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// accountPool are the cards, actions and views of accounts in their pool. Its
// commands are those of leads: the record's code tells which is meant.
type accountPool struct{ leadHandlers }

func (h accountPool) actions() []bot.Registration {
	return []bot.Registration{
		bot.Handle[cards.ClaimAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ClaimAccount) (bot.Reply, error) {
			return h.claimOne(ctx, a, p.Account)
		}},
		bot.Handle[cards.OpenAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.OpenAccount) (bot.Reply, error) {
			return h.showAccount(ctx, a, p.Account)
		}},
		bot.Handle[cards.MoreAccounts]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.MoreAccounts) (bot.Reply, error) {
			if !a.Is(poolReaders...) {
				return bot.Reply{}, crm.Forbid(a, crm.Rep)
			}
			rep, err := h.page(ctx, a, c.Group(), account.ParseFilter(strings.Fields(p.Filter)), p.After)
			rep.Update = err == nil && !c.Group() // in a group the card belongs to everybody
			return rep, err
		}},
		bot.Handle[cards.AskReleaseAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskReleaseAccount) (bot.Reply, error) {
			return h.releaseForm(ctx, a, p.Account)
		}},
		bot.Handle[cards.ReleaseAccount]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReleaseAccount) (bot.Reply, error) {
			rep, err := h.released(ctx, a, p.Account, c.Values.Get(cards.LeadReason), c.Values.Get(cards.LeadNote))
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.AskPassAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskPassAccount) (bot.Reply, error) {
			return h.passForm(ctx, a, p.Account)
		}},
		bot.Handle[cards.PassAccount]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.PassAccount) (bot.Reply, error) {
			to, err := parseUserRef(c.Values.Get(cards.LeadPerson))
			if err != nil {
				return bot.Reply{}, crm.Invalid("请选择同事", "choose a colleague")
			}
			v, err := h.Accounts.Peek(ctx, a, p.Account)
			if err != nil {
				return bot.Reply{}, err
			}
			pass := h.Accounts.Assign
			if v.Mine {
				pass = h.Accounts.Transfer
			}
			rep, err := h.passed(ctx, a, p.Account, to, pass)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.ClearAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ClearAccount) (bot.Reply, error) {
			rep, err := h.review(ctx, a, p.Account, p.Usable)
			rep.Update = err == nil
			return rep, err
		}},
	}
}

// accountCode is the account that a word names by its code.
func accountCode(word string) (crm.AccountID, bool) {
	ref, err := crm.ParseRef(word)
	return crm.AccountID(ref.ID), err == nil && ref.Kind == crm.KindAccount
}

// page is one page of the pool of accounts. In a group it is masked further and
// anybody there may claim from it.
func (h accountPool) page(ctx context.Context, a crm.Actor, group bool, f account.Filter, after crm.AccountID) (bot.Reply, error) {
	page := func(reader crm.Actor, group bool) (bot.Reply, bool, error) {
		list, err := h.Accounts.Pool(ctx, reader, f, after, poolPage)
		if err != nil {
			return bot.Reply{}, false, err
		}
		frame := h.frame(a)
		if frame.Group = group; group {
			if list, err = h.Accounts.ForGroup(ctx, list); err != nil {
				return bot.Reply{}, false, err
			}
		}
		ids := make([]string, len(list.Accounts))
		for i, v := range list.Accounts {
			ids[i] = strconv.FormatInt(int64(v.ID), 36)
		}
		return bot.Show(cards.AccountPool(frame, f, list), bot.View{Name: "account.pool", Ref: listRef(f.Words(), ids, list.More)}), len(list.Accounts) > 0, nil
	}
	if group {
		return h.groupPage(ctx, a, crm.KindAccount, f.Pool, after == 0, page)
	}
	rep, _, err := page(a, false)
	return rep, err
}

func (h accountPool) poolView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	words, numbers, more, err := parseListRef(ref)
	if err != nil {
		return card.Card{}, err
	}
	ids := make([]crm.AccountID, len(numbers))
	for i, n := range numbers {
		ids[i] = crm.AccountID(n)
	}
	a, f := h.viewer(v)
	if v.Group {
		a = everybody(v.Lang)
	}
	list, err := h.Accounts.Listed(ctx, a, ids)
	if err != nil {
		return card.Card{}, err
	}
	if v.Group {
		if list, err = h.Accounts.ForGroup(ctx, list); err != nil {
			return card.Card{}, err
		}
	}
	list.More = more && len(list.Accounts) > 0
	return cards.AccountPool(f, account.ParseFilter(words), list), nil
}

func (h accountPool) claim(ctx context.Context, a crm.Actor, ids []crm.AccountID) (bot.Reply, error) {
	if len(ids) == 1 {
		return h.claimOne(ctx, a, ids[0])
	}
	return private(bot.Show(cards.AccountClaims(h.frame(a), h.Accounts.ClaimMany(ctx, a, ids)), bot.View{})), nil
}

func (h accountPool) claimOne(ctx context.Context, a crm.Actor, id crm.AccountID) (bot.Reply, error) {
	c, err := h.Accounts.Claim(ctx, a, id)
	if err != nil {
		return h.refusal(ctx, a, err)
	}
	rep, err := h.showAccount(ctx, a, id, cards.ClaimedLine(a.Lang, c))
	rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 认领成功", id.String()+" is yours"), bot.ToastSuccess
	if c.Already {
		rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 已在您名下", id.String()+" is already yours"), bot.ToastInfo
	}
	return rep, err
}

// refusal turns refusals that offer something to press into cards; others stay
// errors.
func (h accountPool) refusal(ctx context.Context, a crm.Actor, err error) (bot.Reply, error) {
	var lost *account.LostTo
	if !errors.As(err, &lost) {
		return h.leadHandlers.refusal(ctx, a, err)
	}
	next, ok, nextErr := h.Accounts.Next(ctx, a, lost.Account)
	if nextErr != nil {
		return bot.Reply{}, nextErr
	}
	rep := bot.Show(cards.AccountLost(h.frame(a), *lost, nil), bot.View{})
	if ok {
		rep = bot.Show(cards.AccountLost(h.frame(a), *lost, &next), bot.View{Name: "account.lost", Ref: lost.Account.String() + "/" + next.ID.String()})
	}
	rep.Toast, rep.ToastTone = crm.MessageOf(err, a.Lang), bot.ToastError
	return private(rep).Refusing(err), nil
}

// lostView shows again to the loser of a race what was offered instead.
func (h accountPool) lostView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	lostRef, nextRef, _ := strings.Cut(ref, "/")
	lost, ok := accountCode(lostRef)
	next, ok2 := accountCode(nextRef)
	if !ok || !ok2 || v.Group {
		return card.Card{}, bot.ErrNothing
	}
	list, err := h.Accounts.Listed(ctx, v.Actor, []crm.AccountID{next})
	if err != nil {
		return card.Card{}, err
	}
	who, err := h.Accounts.LostTo(ctx, v.Actor, lost)
	if err != nil {
		return card.Card{}, err
	}
	f := h.frame(v.Actor)
	if len(list.Accounts) == 0 {
		return cards.AccountLost(f, who, nil), nil
	}
	return cards.AccountLost(f, who, &list.Accounts[0]), nil
}

func (h accountPool) release(ctx context.Context, a crm.Actor, id crm.AccountID, rest string) (bot.Reply, error) {
	if rest == "" {
		return h.releaseForm(ctx, a, id)
	}
	reasons, _ := pool.ReleaseReasons.Of(ctx, h.Rules)
	r, note, err := pool.ParseReason(reasons, rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.released(ctx, a, id, r.Code, note)
}

func (h accountPool) releaseForm(ctx context.Context, a crm.Actor, id crm.AccountID) (bot.Reply, error) {
	v, err := h.Accounts.Peek(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !v.Mine && !v.Manages || v.Owner == 0 {
		return bot.Reply{}, crm.Forbidden(id.String()+" 不是您的客户，只有负责人或其经理可以释放", "only the owner of "+id.String()+" or their manager may release it")
	}
	reasons, _ := pool.ReleaseReasons.Of(ctx, h.Rules)
	return private(bot.Show(cards.AccountReleaseForm(h.frame(a), v, reasons, int(pool.CoolVoluntary.Of(ctx, h.Rules))), bot.View{})), nil
}

func (h accountPool) released(ctx context.Context, a crm.Actor, id crm.AccountID, reason, note string) (bot.Reply, error) {
	r, err := h.Accounts.Release(ctx, a, id, reason, note)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.AccountReleased(h.frame(a), r), bot.View{})
	rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 已释放", id.String()+" was released"), bot.ToastSuccess
	return private(rep), nil
}

type passAccount func(ctx context.Context, a crm.Actor, id crm.AccountID, to crm.UserID) (account.Seen, error)

func (h accountPool) passText(ctx context.Context, a crm.Actor, c bot.Call, id crm.AccountID, rest string, pass passAccount) (bot.Reply, error) {
	if rest == "" {
		return h.passForm(ctx, a, id)
	}
	to, err := h.person(ctx, c, rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.passed(ctx, a, id, to, pass)
}

func (h accountPool) passed(ctx context.Context, a crm.Actor, id crm.AccountID, to crm.UserID, pass passAccount) (bot.Reply, error) {
	v, err := pass(ctx, a, id, to)
	if err != nil {
		return h.refusal(ctx, a, err)
	}
	rep := bot.Show(cards.AccountPassed(h.frame(a), v), bot.View{})
	rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 已交给 "+v.OwnerName, id.String()+" was given to "+v.OwnerName), bot.ToastSuccess
	return private(rep), nil
}

func (h accountPool) passForm(ctx context.Context, a crm.Actor, id crm.AccountID) (bot.Reply, error) {
	v, err := h.Accounts.Peek(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !v.Mine && !v.Manages {
		return bot.Reply{}, crm.Forbidden("只有 "+id.String()+" 的负责人或经理可以转交", "only the owner of "+id.String()+" or a manager may pass it on")
	}
	people, err := h.receivers(ctx, a, v.Owner, v.Mine)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AccountPassForm(h.frame(a), v, people), bot.View{})), nil
}

func (h accountPool) review(ctx context.Context, a crm.Actor, id crm.AccountID, usable bool) (bot.Reply, error) {
	if _, err := h.Accounts.Cleared(ctx, a, id, usable); err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Reply{Private: true}
	if c, err := h.accountCard(ctx, a, a.Lang, id, a.Lang.T("核对已完成", "The review is done")); err == nil {
		rep = private(bot.Show(c, bot.View{Name: viewAccount, Ref: id.String()}))
	}
	rep.Toast, rep.ToastTone = a.Lang.T("核对已完成", "the review is done"), bot.ToastSuccess
	if rep.Card == nil {
		rep.Text = rep.Toast
	}
	return rep, nil
}

func (h accountPool) views() []bot.ViewDef {
	return []bot.ViewDef{
		{Name: "account.pool", Render: h.poolView},
		{Name: "account.lost", Render: h.lostView},
		{Name: account.ViewGiven, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, ok := accountCode(ref)
			if !ok || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			x, err := h.Accounts.Peek(ctx, v.Actor, id)
			if code := crm.CodeOf(err); code == crm.CodeForbidden || code == crm.CodeNotFound {
				return cards.AccountGone(v.Lang, id), nil
			}
			if err != nil {
				return card.Card{}, err
			}
			line := v.Lang.T("有一个客户交给您了", "An account was given to you")
			if len(x.Past) > 0 && x.Past[0].By != "" {
				line = v.Lang.T(x.Past[0].By+" 把这个客户交给您", x.Past[0].By+" gave you this account")
			}
			return h.accountCard(ctx, v.Actor, v.Lang, id, line)
		}},
		{Name: account.ViewTaken, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, ok := accountCode(ref)
			if !ok || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			p, err := h.Accounts.LossOf(ctx, v.Actor, id)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AccountTaken(h.frame(v.Actor), id, p), nil
		}},
	}
}

// stale shows the account of an action that no longer exists or fits.
func (h accountPool) stale(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	if c.Req == nil || c.Req.Action == nil || !strings.HasPrefix(c.Req.Action.Name, "account.") {
		return bot.Reply{}, bot.ErrUnhandled
	}
	var p struct {
		Account crm.AccountID `json:"a"`
	}
	if json.Unmarshal(c.Req.Action.Payload, &p) != nil || p.Account == 0 {
		return bot.Reply{}, bot.ErrUnhandled
	}
	return h.showAccount(ctx, a, p.Account)
}

// receivers are who could get a record: colleagues for its owner, members of
// led teams for a manager; the own team first.
func (h leadHandlers) receivers(ctx context.Context, a crm.Actor, owner crm.UserID, mine bool) ([]org.User, error) {
	people, err := h.Directory.Users(ctx, func(u org.User) bool {
		return u.Has(crm.Rep) && !u.Frozen && u.ID != owner && (mine || a.Leads(u.Team))
	})
	if err != nil {
		return nil, err
	}
	byTeam(people, a.Team)
	return people[:min(len(people), maxPeople)], nil
}
