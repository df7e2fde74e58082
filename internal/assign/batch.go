package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/undo"
)

// MaxBatch bounds how many leads one command gives out.
const MaxBatch = 100

// undoKind is the kind of a batch in the undo log; its ref is BatchRef.
const undoKind = "assign"

// Batch is what one command gave out of the pool, for taking it back.
type Batch struct {
	ID    int64
	By    crm.UserID
	At    time.Time
	Items []BatchItem
}

// BatchItem is a lead of a batch, to whom it went and its version then; Back
// reports that it was put back into its pool since.
type BatchItem struct {
	Lead    crm.LeadID `json:"l"`
	To      crm.UserID `json:"u"`
	Version int64      `json:"v"`
	Back    bool       `json:"b,omitempty"`
}

// BatchRef names a batch in the undo log.
func BatchRef(id int64) string { return fmt.Sprintf("#%d", id) }

// Item is what became of one lead of a batch.
type Item struct {
	ID    crm.LeadID
	Name  string
	Grade lead.Grade
	// To is who got it, or with Until who is asked until then.
	To    crm.UserID
	Until time.Time
	// Result is how its distribution ended; empty for what a person was named for.
	Result Result
	// Later is when it goes on, outside of working hours.
	Later time.Time
	Err   error
}

// Given is the outcome of a batch.
type Given struct {
	Items []Item
	// Batch is what can be taken back; zero: nothing can.
	Batch int64
	Until time.Time
}

// Good is how many leads somebody got or is asked about.
func (g Given) Good() int {
	n := 0
	for _, x := range g.Items {
		if x.Err == nil && x.To != 0 {
			n++
		}
	}
	return n
}

// Select are the first leads of the pool that fit the filter, best first, at
// most n and MaxBatch.
func (s *Service) Select(ctx context.Context, a crm.Actor, f lead.Filter, n int) ([]crm.LeadID, error) {
	if err := s.mayGive(ctx, a, 0); err != nil {
		return nil, err
	}
	var out []crm.LeadID
	var after crm.LeadID
	for n = min(n, MaxBatch); len(out) < n; {
		list, err := s.d.Leads.Pool(ctx, a, f, after, min(50, n-len(out)))
		if err != nil {
			return nil, err
		}
		for _, v := range list.Leads {
			out, after = append(out, v.ID), v.ID
		}
		if !list.More || len(list.Leads) == 0 {
			break
		}
	}
	return out, nil
}

// Room is what a batch would meet: the leads, and how the receiver stands.
type Room struct {
	Leads      []lead.Lead
	Held, Hold int
	// Plans is how many of them each rule would decide; "" those without any.
	Plans map[string]int
}

// Preview is what a batch is about, before somebody confirms it. to is zero for
// distribution by the rules.
func (s *Service) Preview(ctx context.Context, a crm.Actor, ids []crm.LeadID, to crm.UserID) (Room, error) {
	if err := s.mayGive(ctx, a, to); err != nil {
		return Room{}, err
	}
	var out Room
	var all []lead.Lead
	for _, id := range ids {
		l, err := s.d.Leads.Reachable(ctx, a, id)
		if crm.CodeOf(err) == crm.CodeInternal {
			return out, err
		}
		if err != nil {
			continue
		}
		all = append(all, l)
		if l, err = s.d.Leads.Shown(ctx, a, l); err != nil {
			return out, err
		}
		out.Leads = append(out.Leads, l)
	}
	if to != 0 {
		st, err := s.d.Leads.Status(ctx, to)
		out.Held, out.Hold = st.Held, st.Hold
		return out, err
	}
	book, _ := s.book(ctx)
	out.Plans = map[string]int{}
	for _, l := range all {
		name, steps := book.Plan(l)
		if len(steps) > 0 && name.Name == "" {
			name.Name = "*" // the way of the pool
		}
		out.Plans[name.Name]++
	}
	return out, nil
}

// mayGive refuses who may give no lead out at all, or none to the person; what
// may be done with each lead is looked at with the lead.
func (s *Service) mayGive(ctx context.Context, a crm.Actor, to crm.UserID) error {
	if err := mayAct(a); err != nil {
		return err
	}
	after, err := s.looksAfter(ctx, a)
	if err != nil {
		return err
	}
	if !a.Is(supervisors...) && !after {
		return crm.Forbid(a, crm.Manager, crm.Director)
	}
	if to == 0 {
		return nil
	}
	u, err := s.d.People.User(ctx, to)
	if err != nil {
		return err
	}
	if !a.Leads(u.Team) && !after {
		return crm.Forbidden(u.Name+" 不在您管理的团队里", u.Name+" is not in a team that you lead").WithNext("请分配给自己团队的成员", "assign it to a member of your own team")
	}
	return nil
}

// looksAfter reports whether the actor looks after a pool of leads.
func (s *Service) looksAfter(ctx context.Context, a crm.Actor) (bool, error) {
	visible, err := s.d.Gate.Visible(ctx, a, crm.KindLead)
	return slices.ContainsFunc(visible, func(p pool.Pool) bool { return p.Manages(a) }), err
}

func tooMany(n int) error {
	if n <= MaxBatch {
		return nil
	}
	return crm.Invalid(fmt.Sprintf("一次最多分配 %d 条，收到 %d 条", MaxBatch, n), fmt.Sprintf("at most %d leads at once, not %d", MaxBatch, n)).WithNext("请分几次进行", "do it in several parts")
}

// Give assigns the leads to one person, each in a transaction of its own, and
// reports each result in order: the hold limit and the actor's reach hold for
// every one of them (P-03, PM-01).
func (s *Service) Give(ctx context.Context, a crm.Actor, ids []crm.LeadID, to crm.UserID) (Given, error) {
	if err := tooMany(len(ids)); err != nil {
		return Given{}, err
	}
	if err := s.mayGive(ctx, a, to); err != nil {
		return Given{}, err
	}
	u, err := s.d.People.User(ctx, to)
	if err != nil {
		return Given{}, err
	}
	out := Given{Items: make([]Item, len(ids))}
	var done []BatchItem
	for i, id := range ids {
		x := &out.Items[i]
		x.ID = id
		l, err := s.d.Leads.Reachable(ctx, a, id)
		if err == nil {
			err = s.title(ctx, a, l, x)
		}
		if err == nil {
			err = s.d.Gate.MayAssign(ctx, a, l.Owner, l.Pool, u)
		}
		if err == nil {
			if l.Owner == to {
				x.To = to
				continue // as it is
			}
			var after lead.Lead
			after, err = s.d.Leads.Route(ctx, a, lead.Routing{Lead: id, From: l.Owner, To: to, Reason: pool.Assign}, nil)
			if errors.Is(err, pool.ErrLost) {
				err = crm.Conflict("P-02", id.String()+" 刚刚被别人改动", id.String()+" was changed by somebody else a moment ago")
			}
			if err == nil {
				x.To = to
				if l.Owner == 0 {
					done = append(done, BatchItem{Lead: id, To: to, Version: after.Version})
				}
			}
		}
		if x.Err = err; crm.CodeOf(err) == crm.CodeInternal {
			return out, err
		}
	}
	return out, s.remember(ctx, a, &out, done, to)
}

// ByRules gives the leads out as the rules say, at once, and reports each result
// in order. What has an owner is left to them.
func (s *Service) ByRules(ctx context.Context, a crm.Actor, ids []crm.LeadID) (Given, error) {
	if err := tooMany(len(ids)); err != nil {
		return Given{}, err
	}
	if err := s.mayGive(ctx, a, 0); err != nil {
		return Given{}, err
	}
	now := s.d.Clock.Now()
	d := s.newDesk(ctx, now)
	out := Given{Items: make([]Item, len(ids))}
	var done []BatchItem
	for i, id := range ids {
		x := &out.Items[i]
		x.ID = id
		l, err := s.d.Leads.Reachable(ctx, a, id)
		if err == nil {
			err = s.title(ctx, a, l, x)
		}
		if err == nil {
			err = s.ruled(ctx, a, d, l, x)
		}
		if x.Err = err; crm.CodeOf(err) == crm.CodeInternal {
			return out, err
		}
		if x.Err == nil && x.Result == ToPerson {
			done = append(done, BatchItem{Lead: id, To: x.To, Version: l.Version + 1})
		}
	}
	return out, s.remember(ctx, a, &out, done, 0)
}

// title names the lead in the item as the actor may read it (P-08).
func (s *Service) title(ctx context.Context, a crm.Actor, l lead.Lead, x *Item) error {
	shown, err := s.d.Leads.Shown(ctx, a, l)
	x.Name, x.Grade = shown.Name(), l.Grade
	return err
}

// ruled takes one lead as far as the rules take it now.
func (s *Service) ruled(ctx context.Context, a crm.Actor, d *desk, l lead.Lead, x *Item) error {
	id := l.ID.String()
	if l.Owner != 0 {
		return crm.Conflict("AS-01", id+" 已有负责人", id+" has an owner").WithNext("要改派请写接收人：/分配 "+id+" 姓名", "name who gets it: /assign "+id+" NAME")
	}
	book, _ := s.book(ctx)
	if _, steps := book.Plan(l); len(steps) == 0 {
		return crm.Refused("AS-01", "没有适用于 "+id+" 的分配规则", "no rule is for "+id).WithNext("请写接收人，或用 /分配规则 添加规则", "name who gets it, or add a rule with /assignrules")
	}
	r, err := s.d.Store.OpenRun(ctx, l.ID)
	if crm.CodeOf(err) == crm.CodeNotFound {
		if err = s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.queue(ctx, Asked, a.ID, 0, l) }); err == nil {
			r, err = s.d.Store.OpenRun(ctx, l.ID)
		}
	}
	if err != nil {
		return err
	}
	if r.State == Waiting {
		after, err := s.step(ctx, d, r, l)
		if errors.Is(err, errMoved) {
			return crm.Conflict("P-02", id+" 刚刚被别人改动", id+" was changed by somebody else a moment ago")
		}
		if err != nil {
			return err
		}
		if after.State == Done && after.Result == Nobody {
			if err := s.nobodyNow(ctx, r, d.now); err != nil {
				return err
			}
			return s.nobodyFor(ctx, d, l, r)
		}
		r = after
	}
	switch {
	case r.State == Offered:
		x.To, x.Until = r.To, r.Due
	case r.State == Waiting:
		x.Later = r.Due
	default:
		x.Result, x.To = r.Result, r.To
	}
	return nil
}

// nobodyNow ends a run for which nobody was found, for somebody who reads it in
// the answer: no card is sent.
func (s *Service) nobodyNow(ctx context.Context, r Run, now time.Time) error {
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.d.Store.EndRuns(ctx, []Run{r}, Nobody, now); err != nil {
			return err
		}
		if err := s.letGo(ctx, now, r); err != nil {
			return err
		}
		return s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: r.By, Action: "assign.nobody", Ref: r.Lead.Ref(), Rule: "AS-01", RuleVersion: r.Rule.Version})
	})
}

// nobodyFor says why nobody in the scope of the plan could take the lead.
func (s *Service) nobodyFor(ctx context.Context, d *desk, l lead.Lead, r Run) error {
	p, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil {
		return err
	}
	passed := map[Block]int{}
	people := 0
	for _, st := range r.Plan {
		if st.Method.ends() {
			continue
		}
		cs, err := d.candidates(ctx, st, p)
		if err != nil {
			return err
		}
		_, _, out := Choose(cs, st.Method, d.maxOverdue)
		people = max(people, len(cs))
		for b, n := range out {
			passed[b] = max(passed[b], n)
		}
	}
	zh, en := PassedText(crm.Chinese, passed), PassedText(crm.English, passed)
	if people == 0 {
		zh, en = "规则范围内没有销售", "there is no sales rep in the rule's scope"
	}
	return crm.Refused("AS-02", "现在没有人可以接收（"+zh+"），留在公海", "nobody can take it now ("+en+"); it stays in the pool").
		WithNext("请写接收人，或调整上限和值班", "name who gets it, or change limits and roster")
}

// PassedText is how many people were passed over and why.
func PassedText(l crm.Lang, passed map[Block]int) string {
	var parts []string
	for _, b := range []Block{BlockOff, BlockLeave, BlockDuty, BlockAsked, BlockCooling, BlockHold, BlockOverdue, BlockQuota, BlockPushed} {
		if n := passed[b]; n > 0 {
			parts = append(parts, l.T(fmt.Sprintf("%s %d 人", b.Name(l), n), fmt.Sprintf("%d %s", n, b.Name(l))))
		}
	}
	return strings.Join(parts, l.T("、", ", "))
}

// remember stores what can be taken back, and tells a named receiver in one card.
func (s *Service) remember(ctx context.Context, a crm.Actor, out *Given, done []BatchItem, to crm.UserID) error {
	good := out.Good()
	if good == 0 {
		return nil
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		b := Batch{By: a.ID, At: s.d.Clock.Now(), Items: done}
		if to != 0 && len(done) == 0 { // taken from others: still one card about them
			for _, x := range out.Items {
				if x.Err == nil {
					b.Items = append(b.Items, BatchItem{Lead: x.ID, To: to})
				}
			}
		}
		id, err := s.d.Store.AddBatch(ctx, b)
		if err != nil {
			return err
		}
		if to != 0 && to != a.ID {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(to), View: crm.View{Name: ViewBatch, Ref: fmt.Sprintf("%d/%d", id, to)}}); err != nil {
				return err
			}
		}
		if len(done) == 0 {
			return nil
		}
		e, err := s.d.Undo.Log(ctx, a, undoKind, BatchRef(id), crm.Text{Zh: fmt.Sprintf("分配 %d 条线索", len(done)), En: fmt.Sprintf("%d leads assigned", len(done))}, "")
		out.Batch, out.Until = id, e.Until
		return err
	})
}

// takeBack puts the leads of a batch back into their pools, except those with
// which something happened since, and tells each person in one card.
func (s *Service) takeBack(ctx context.Context, a crm.Actor, e undo.Entry) error {
	if err := mayAct(a); err != nil {
		return err
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(e.Ref, "#"), 10, 64)
	if err != nil {
		return crm.NotFound("没有这次分配", "there is no such batch")
	}
	b, err := s.d.Store.Batch(ctx, id)
	if err != nil {
		return err
	}
	n := 0
	var told []crm.UserID
	for i, x := range b.Items {
		ok, err := s.d.Leads.PutBack(ctx, a, x.Lead, x.To, x.Version, "")
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		n++
		b.Items[i].Back = true
		if x.To != a.ID && !slices.Contains(told, x.To) {
			told = append(told, x.To)
		}
	}
	if n == 0 {
		return crm.Conflict("CH-01", "这些线索都已有新的进展，不能撤回", "something has happened with all of these leads; they cannot be taken back").WithNext("可以逐条 /分配 给别人", "assign them to somebody else one by one")
	}
	if err := s.d.Store.KeepBatch(ctx, b); err != nil {
		return err
	}
	for _, u := range told {
		// They may be about to call a customer that is not theirs any more.
		if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewUndone, Ref: fmt.Sprintf("%d/%d", id, u)}, Always: true}); err != nil {
			return err
		}
	}
	return s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "assign.undo", Rule: "CH-01", Detail: map[string]any{"batch": id, "leads": len(b.Items), "back": n}})
}

// BatchFor is what the person got in a batch, for their card.
func (s *Service) BatchFor(ctx context.Context, a crm.Actor, id int64, user crm.UserID) (Batch, []lead.Lead, error) {
	b, err := s.d.Store.Batch(ctx, id)
	if err != nil {
		return b, nil, err
	}
	if user != a.ID && b.By != a.ID {
		return b, nil, crm.NotFound("没有这次分配", "there is no such batch")
	}
	var ids []crm.LeadID
	for _, x := range b.Items {
		if x.To == user {
			ids = append(ids, x.Lead)
		}
	}
	ls, err := s.d.Store.LeadsByID(ctx, ids...)
	return b, ls, err
}

// UndoneFor is the batch and what of it was put back from the person, for their
// card. Names stay out of it: the leads are the pool's.
func (s *Service) UndoneFor(ctx context.Context, a crm.Actor, id int64, user crm.UserID) (Batch, []crm.LeadID, error) {
	b, err := s.d.Store.Batch(ctx, id)
	if err != nil {
		return b, nil, err
	}
	var ids []crm.LeadID
	for _, x := range b.Items {
		if x.To == user && x.Back {
			ids = append(ids, x.Lead)
		}
	}
	if user != a.ID || len(ids) == 0 {
		return b, nil, crm.NotFound("没有这次撤销", "there is no such undo")
	}
	return b, ids, nil
}
