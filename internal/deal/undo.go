package deal

import (
	"context"
	"encoding/json"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/undo"
)

// UndoKind is the kind of the entries that moves leave in the undo log; their ref
// is the deal's code.
const UndoKind = "deal"

// moved is what a move leaves for taking it back: the deal as it was, the version
// that the move made, and the facts that it wrote.
type moved struct {
	Version  int64      `json:"v"`
	Stage    string     `json:"stage"`
	Status   Status     `json:"status"`
	Amount   crm.Money  `json:"amount"`
	ClosedOn crm.Day    `json:"closed,omitempty"`
	Reason   Reason     `json:"reason,omitempty"`
	Note     string     `json:"note,omitempty"`
	StageAt  time.Time  `json:"stage_at"`
	Facts    []crm.Fact `json:"facts,omitempty"`
}

// logUndo writes how the move from was to d is taken back, in the transaction of
// the context (CH-01).
func (s *Service) logUndo(ctx context.Context, a crm.Actor, was, d Deal, facts []crm.Fact) error {
	if s.Undos == nil || a.ID == 0 {
		return nil
	}
	m := moved{Version: d.Version, Stage: was.Stage, Status: was.Status, Amount: was.Amount, ClosedOn: was.ClosedOn, Reason: was.Reason, Note: was.Note, StageAt: was.StageAt, Facts: facts}
	data, err := json.Marshal(m)
	if err != nil {
		return crm.Internal(err)
	}
	to := crm.Text{Zh: d.Status.Name(crm.Chinese), En: d.Status.Name(crm.English)}
	if d.Status == Open {
		st, _ := StageAt(s.Stages(ctx), d.Stage)
		to = crm.Text{Zh: "推进到" + st.Zh, En: "moved to " + st.En}
	}
	_, err = s.Undos.Log(ctx, a, UndoKind, d.ID.String(), crm.Text{Zh: d.Title + " " + to.Zh, En: d.Title + " " + to.En}, string(data))
	return err
}

// TakeBack reverses the actor's last move of a deal within the undo time (CH-01):
// the deal is as it was, its facts become negative, and the stage log shows both
// steps. It refuses when the deal changed since.
func (s *Service) TakeBack(ctx context.Context, a crm.Actor, e undo.Entry) error {
	ref, err := crm.ParseRef(e.Ref)
	if err != nil {
		return crm.Internal(err)
	}
	var m moved
	if err := json.Unmarshal([]byte(e.Data), &m); err != nil {
		return crm.Internal(err)
	}
	d, err := s.Get(ctx, a, crm.DealID(ref.ID))
	if err != nil {
		return err
	}
	switch {
	case a.Frozen:
		return frozen()
	case !CanChange(a, d):
		return crm.Forbidden("您已不再负责商机 "+e.Ref, "deal "+e.Ref+" is no longer yours")
	case d.Version != m.Version:
		return crm.Conflict("CH-01", "商机 "+e.Ref+" 之后又有更新，不能再撤销", "deal "+e.Ref+" has changed since, so this cannot be taken back").
			WithNext("可以用 /推进 "+e.Ref+" 阶段 改回", "you can move it back with /advance "+e.Ref+" STAGE")
	}
	now, won := s.Clock.Now(), d.Status == Won
	from := d.Stage
	if d.Status != Open {
		from = string(d.Status)
	}
	at := d.StageAt
	d.Stage, d.Status, d.Amount, d.ClosedOn, d.Reason, d.Note, d.StageAt, d.UpdatedAt = m.Stage, m.Status, m.Amount, m.ClosedOn, m.Reason, m.Note, m.StageAt, now
	if err := s.Store.AddMoves(ctx, []Move{{Deal: d.ID, From: from, To: d.Stage, At: now, By: a.ID}}); err != nil {
		return err
	}
	if err := s.Store.UpdateDeal(ctx, &d); err != nil {
		return err
	}
	for i := range m.Facts {
		m.Facts[i].At, m.Facts[i].Qty, m.Facts[i].Amount = now, -m.Facts[i].Qty, -m.Facts[i].Amount
	}
	if err := s.Effects.Record(ctx, m.Facts...); err != nil {
		return err
	}
	if won && d.Account != 0 {
		if err := s.Accounts.Undealt(ctx, d.Account, at); err != nil {
			return err
		}
	}
	if err := s.Accounts.Unsettle(ctx, d.Account); err != nil {
		return err
	}
	return s.Effects.Refresh(ctx, d.ID.Ref(), d.Account.Ref())
}

// UndoUntil is until when the actor can take the deal's last move back; zero: not.
func (s *Service) UndoUntil(ctx context.Context, a crm.Actor, d Deal) (time.Time, error) {
	if s.Undos == nil || !CanChange(a, d) {
		return time.Time{}, nil
	}
	e, err := s.Undos.Newest(ctx, UndoKind, d.ID.String())
	if err != nil || e.User != a.ID || s.Clock.Now().After(e.Until) {
		return time.Time{}, err
	}
	var m moved
	if json.Unmarshal([]byte(e.Data), &m) != nil || m.Version != d.Version {
		return time.Time{}, nil
	}
	return e.Until, nil
}
