package pool

import (
	"context"
	"fmt"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// DetailViews is how many records of pools a person may open in detail each
// day; a pool may have a number of its own. Looking at one twice counts once.
var DetailViews = rule.Int{Key: "P-08.views", Title: crm.Text{Zh: "每人每天可查看的公海详情数", En: "pool details a person may open per day"}, Unit: crm.Text{Zh: "条", En: "records"}, Default: 50, Min: 0, Max: 100000}

// View notes that the actor opens a masked record of the pool in detail, and
// refuses when they opened as many of its kind that day as they may (P-08); a
// refused view does not count. Views of one person wait for each other, so that
// two at the same moment are two.
func (g *Gate) View(ctx context.Context, a crm.Actor, ref crm.Ref, p Pool) error {
	u, err := g.d.People.User(ctx, a.ID)
	if err != nil {
		return err
	}
	scopes, _, err := g.scopes(ctx, u)
	if err != nil {
		return err
	}
	limit := int(DetailViews.Of(ctx, g.d.Rules, scopes...))
	if p.Views.Set {
		limit = p.Views.Value
	}
	day := g.d.Calendar.DayOf(g.d.Clock.Now())
	return g.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := g.d.Store.LockQuota(ctx, ref.Kind, a.ID); err != nil {
			return err
		}
		fresh, err := g.d.Store.AddView(ctx, a.ID, day, ref)
		if err != nil || !fresh {
			return err
		}
		n, err := g.d.Store.Views(ctx, a.ID, day, ref.Kind)
		if err != nil || n <= limit {
			return err
		}
		return crm.Refused("P-08", fmt.Sprintf("今日查看公海详情已达上限 %d/%d", limit, limit), fmt.Sprintf("you opened %d of %d pool details today", limit, limit)).
			WithNext("明天 00:00 重置；认领后不受限制", "it resets tomorrow 00:00; what you claim is not limited")
	})
}
