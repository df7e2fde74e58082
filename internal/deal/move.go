package deal

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// change loads a deal, checks right and version (zero: any), lets fn alter it
// and stores it with one entry of the stage log when the stage changed.
func (s *Service) change(ctx context.Context, a crm.Actor, id crm.DealID, version int64, action, rule string, fn func(ctx context.Context, d *Deal, now time.Time) ([]crm.Fact, error)) (Deal, error) {
	var d Deal
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if d, err = s.Get(ctx, a, id); err != nil {
			return err
		}
		if a.Frozen {
			return frozen()
		}
		if !CanChange(a, d) {
			e := crm.Forbidden("只有负责人和其经理能推进商机 "+id.String(), "only the owner and the owner's managers can move deal "+id.String())
			e.Rule = "PM-01"
			return e
		}
		if version != 0 && d.Version != version {
			return crm.Stale("", "商机 "+id.String()+" 已有更新", "deal "+id.String()+" has changed since").WithNext("请看最新的卡片", "please look at its newest card")
		}
		now, was := s.Clock.Now(), d
		from, status := d.Stage, d.Status
		facts, err := fn(ctx, &d, now)
		if err != nil {
			return err
		}
		to := d.Stage
		if d.Status != Open {
			to = string(d.Status)
		}
		if from != d.Stage || status != d.Status {
			d.StageAt = now
			if err := s.Store.AddMoves(ctx, []Move{{Deal: id, From: from, To: to, At: now, By: a.ID}}); err != nil {
				return err
			}
		}
		d.UpdatedAt = now
		if err := s.Store.UpdateDeal(ctx, &d); err != nil {
			return err
		}
		if err := s.Effects.Record(ctx, facts...); err != nil {
			return err
		}
		if err := s.logUndo(ctx, a, was, d, facts); err != nil {
			return err
		}
		if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: action, Ref: id.Ref(), Rule: rule, Detail: map[string]any{"from": from, "to": to, "amount": int64(d.Amount)}}); err != nil {
			return err
		}
		if err := s.Accounts.Unsettle(ctx, d.Account); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, id.Ref(), d.Account.Ref())
	})
	return d, err
}

func closed(d Deal) error {
	return crm.Conflict("F-07", "商机 "+d.ID.String()+" 已于 "+string(d.ClosedOn)+" "+d.Status.Name(crm.Chinese),
		"deal "+d.ID.String()+" was "+d.Status.Name(crm.English)+" on "+string(d.ClosedOn)).WithNext("如有新的机会，请发 /新商机", "for a new chance send /newdeal")
}

// Advance moves an open deal to the stage, or to the next one when stage is
// empty (F-07). Moving back is allowed and logged.
func (s *Service) Advance(ctx context.Context, a crm.Actor, id crm.DealID, version int64, stage string) (Deal, error) {
	return s.change(ctx, a, id, version, "deal.advance", "F-07", func(ctx context.Context, d *Deal, _ time.Time) ([]crm.Fact, error) {
		if d.Status != Open {
			return nil, closed(*d)
		}
		list := s.Stages(ctx)
		_, i := StageAt(list, d.Stage)
		if stage == "" {
			if i+1 >= len(list) {
				last := list[len(list)-1]
				return nil, crm.Refused("F-07", "商机 "+id.String()+" 已在最后阶段“"+last.Zh+"”", "deal "+id.String()+" is in the last stage “"+last.En+"”").
					WithNext("请发 /赢单 "+id.String()+" 或 /输单 "+id.String()+" 原因", "send /win "+id.String()+" or /lose "+id.String()+" REASON")
			}
			d.Stage = list[i+1].Key
			return nil, nil
		}
		to, ok := ParseStage(list, stage)
		if !ok {
			zh, en := "", ""
			for _, x := range list {
				zh, en = zh+"、"+x.Zh, en+", "+x.En
			}
			return nil, crm.Invalid("没有这个阶段："+stage, "there is no such stage: "+stage).WithNext("可用："+zh[len("、"):], "there are: "+en[2:])
		}
		if to.Key == d.Stage {
			return nil, crm.Conflict("F-07", "商机 "+id.String()+" 已在阶段“"+to.Zh+"”", "deal "+id.String()+" is already in the stage “"+to.En+"”")
		}
		d.Stage = to.Key
		return nil, nil
	})
}

// Win closes a deal as won today, with the real amount when it is not zero.
func (s *Service) Win(ctx context.Context, a crm.Actor, id crm.DealID, version int64, amount crm.Money) (Deal, error) {
	return s.change(ctx, a, id, version, "deal.win", "F-05", func(ctx context.Context, d *Deal, now time.Time) ([]crm.Fact, error) {
		if d.Status != Open {
			return nil, closed(*d)
		}
		if amount < 0 || amount > crm.MaxMoney {
			return nil, crm.Invalid("金额应大于 0", "the amount must be more than 0")
		}
		if amount != 0 {
			d.Amount = amount
		}
		d.Status, d.ClosedOn = Won, s.Calendar.DayOf(now)
		if d.Account != 0 {
			if err := s.Accounts.Dealt(ctx, map[crm.AccountID]time.Time{d.Account: now}); err != nil {
				return nil, err
			}
		}
		team, err := s.credited(ctx, d)
		if err != nil {
			return nil, err
		}
		return []crm.Fact{{At: now, Day: d.ClosedOn, User: d.Owner, Team: team, Key: FactWon, Qty: 1, Amount: d.Amount, Ref: id.Ref()}}, nil
	})
}

// Lose closes a deal as lost today. The amount stays as it was (LO-01). 其他
// needs a note (LO-02).
func (s *Service) Lose(ctx context.Context, a crm.Actor, id crm.DealID, version int64, why Reason, note string) (Deal, error) {
	note = crm.Normalize(note)
	return s.change(ctx, a, id, version, "deal.lose", "LO-02", func(ctx context.Context, d *Deal, now time.Time) ([]crm.Fact, error) {
		if d.Status != Open {
			return nil, closed(*d)
		}
		if !knownReason(why) {
			return nil, needReason()
		}
		if why == "other" && note == "" {
			return nil, crm.Refused("LO-02", "选择“其他”时请写一句说明", "“other” needs a sentence that explains it").WithNext("例如：/输单 "+id.String()+" 其他 客户改为自研", "for example: /lose "+id.String()+" other they build it themselves")
		}
		if r := []rune(note); len(r) > 300 {
			note = string(r[:300])
		}
		d.Status, d.ClosedOn, d.Reason, d.Note = Lost, s.Calendar.DayOf(now), why, note
		team, err := s.credited(ctx, d)
		if err != nil {
			return nil, err
		}
		return []crm.Fact{{At: now, Day: d.ClosedOn, User: d.Owner, Team: team, Key: FactLost, Qty: 1, Amount: d.Amount, Ref: id.Ref()}}, nil
	})
}

func knownReason(r Reason) bool {
	for _, x := range Reasons {
		if x.Key == r {
			return true
		}
	}
	return false
}

func needReason() error {
	return crm.Refused("LO-02", "输单需要原因", "a loss needs a reason").WithNext("可用："+ReasonWords(crm.Chinese), "there are: "+ReasonWords(crm.English))
}
