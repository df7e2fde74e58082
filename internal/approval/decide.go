package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Click is what an approver did: which request, and, from a card, which task
// and content the card showed. Hash may be cut short. Task and Hash are empty
// for a typed command, which means the present ones.
type Click struct {
	Request crm.RequestID
	Task    int64
	Hash    string
	Comment string
}

// Result is where the request stands after a decision.
type Result struct {
	Chain Chain
	// Already is set when the person had decided just that before and nothing was
	// changed: a double tap or a replay.
	Already bool
}

// Approve agrees in the person's name. Whether the person may is decided now
// from who clicked, never from the card (AP-06).
func (s *Service) Approve(ctx context.Context, a crm.Actor, k Click) (Result, error) {
	return s.decide(ctx, a, k, ActApprove)
}

// Reject ends the request; a reason is required.
func (s *Service) Reject(ctx context.Context, a crm.Actor, k Click) (Result, error) {
	if strings.TrimSpace(k.Comment) == "" {
		return Result{}, crm.Invalid("驳回需要填写原因", "a rejection needs a reason").
			WithNext("例如：/驳回 "+k.Request.String()+" 付款条件超出范围", "for example: /reject "+k.Request.String()+" payment terms out of range")
	}
	return s.decide(ctx, a, k, ActReject)
}

// Return sends the subject back with conditions.
func (s *Service) Return(ctx context.Context, a crm.Actor, k Click) (Result, error) {
	if strings.TrimSpace(k.Comment) == "" {
		return Result{}, crm.Invalid("退回需要写明条件", "sending back needs the conditions").
			WithNext("例如：/退回 "+k.Request.String()+" 预付比例提高到30%", "for example: /counter "+k.Request.String()+" raise the advance payment to 30%")
	}
	return s.decide(ctx, a, k, ActReturn)
}

func (s *Service) decide(ctx context.Context, a crm.Actor, k Click, act Action) (Result, error) {
	comment, err := note(k.Comment)
	if err != nil {
		return Result{}, err
	}
	var res Result
	var refusal error // of a click that changed something all the same
	run := func(ctx context.Context) error {
		res, refusal = Result{}, nil
		c, err := s.Store.Approval(ctx, k.Request, true)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		t, already, err := s.mayDecide(ctx, a, &c, k, act)
		if err != nil {
			refusal, err = s.takeAway(ctx, a, &c, err)
			return err
		}
		if already {
			res = Result{Chain: c, Already: true}
			return nil
		}
		if refusal, err = s.checkContent(ctx, a, &c); err != nil || refusal != nil {
			return err
		}
		if err := s.record(ctx, a, &c, t, act, comment, now); err != nil {
			return err
		}
		switch act {
		case ActApprove:
			c.Approve(t, a.ID, now)
		case ActReturn:
			c.Refuse(t, a.ID, Returned, now)
		default:
			c.Refuse(t, a.ID, Rejected, now)
		}
		if c.Request.State != Open {
			c.Request.EndedBy, c.Request.Comment = a.ID, comment
		}
		if err := s.commit(ctx, a, &c); err != nil {
			return err
		}
		res.Chain = c
		return nil
	}
	// Databases that read from the begin of the transaction (TiDB) notice a lost
	// race only at the conditional update; the second look tells what happened.
	for range 3 {
		if err = s.Tx.InTx(ctx, run); !errors.Is(err, errMoved) {
			break
		}
	}
	if err == nil {
		err = refusal
	}
	return res, err
}

var errMoved = errors.New("row changed since it was read")

// Moved is the store's error when a row was changed since it was read.
func Moved() error {
	return crm.Conflict("AP-06", "审批刚刚被别人处理，请再看一下最新状态", "somebody else just acted on this request; please look again").WithCause(errMoved)
}

// mayDecide is the task that the person decides now. Already means that the
// person has done just this before.
func (s *Service) mayDecide(ctx context.Context, a crm.Actor, c *Chain, k Click, act Action) (t *Task, already bool, err error) {
	if err := mayAct(a); err != nil {
		return nil, false, err
	}
	r := c.Request
	if !s.participates(a, c) {
		return nil, false, crm.Forbidden("您不是 "+r.ID.String()+" 的审批人", "you are not an approver of "+r.ID.String()).WithNext("发送 /待审批 查看等您处理的审批", "send /approvals for what waits for you")
	}
	if !strings.HasPrefix(r.Hash, k.Hash) {
		return nil, false, stale(r)
	}
	if r.State != Open || (k.Task != 0 && closed(c.Task(k.Task))) {
		done := c.DecidedBy(a.ID)
		same := done != nil && (done.State == Passed) == (act == ActApprove)
		if same && r.State != Void && (k.Task == 0 || k.Task == done.ID) {
			return nil, true, nil
		}
		return nil, false, s.tooLate(ctx, c, k)
	}
	if a.ID == r.Submitter {
		return nil, false, crm.Refused("AP-03", "不能审批自己提交的 "+r.ID.String(), "nobody approves their own request "+r.ID.String()).WithNext("可用 /撤回 "+r.ID.String(), "you can /withdraw "+r.ID.String())
	}
	res, err := s.resolver(ctx, r, s.Clock.Now())
	if err != nil {
		return nil, false, err
	}
	if err := noParty(res, a, r); err != nil {
		return nil, false, err
	}
	t, lost, err := s.held(ctx, res, c, a.ID)
	switch {
	case err != nil:
		return nil, false, err
	case t != nil && k.Task != 0 && k.Task != t.ID, lost != nil && k.Task != 0 && k.Task != lost.ID:
		return nil, false, stale(r)
	case lost != nil:
		return nil, false, lostRight{lost}
	case t != nil:
		return t, false, nil
	}
	if done := c.DecidedBy(a.ID); done != nil {
		if (done.State == Passed) == (act == ActApprove) {
			return nil, true, nil
		}
		return nil, false, crm.Conflict("AP-06", "您已同意过 "+r.ID.String()+"，审批正在后面的步骤", "you approved "+r.ID.String()+" before; it is with the next approvers")
	}
	if c.Waits(a.ID) {
		l := c.Current().Label
		return nil, false, crm.Refused("AP-06", r.ID.String()+" 还没有轮到您，现在等："+l.Zh, r.ID.String()+" has not reached you; it waits for: "+l.En).
			WithNext("轮到时会给您发审批卡", "you will get a card when it does")
	}
	return nil, false, s.tooLate(ctx, c, k)
}

// noParty refuses whoever has a share in the subject at this moment, also
// somebody who got it after being asked (AP-03).
func noParty(res resolver, a crm.Actor, r Request) error {
	if !res.barred(a.ID) {
		return nil
	}
	return crm.Refused("AP-03", "您是 "+r.ID.String()+" 所涉合同、客户或商机的负责人，不能审批", "you own the contract, account or deal that "+r.ID.String()+" is about and cannot approve it").
		WithNext("由您的上级审批；超时未处理会自动升级", "your superior decides; it escalates by itself when nobody does")
}

func closed(t *Task) bool { return t != nil && t.State != Asked && t.State != Waiting }

// participates reports whether the person has or had a part in the request.
func (s *Service) participates(a crm.Actor, c *Chain) bool {
	return a.ID == c.Request.Submitter || c.Asks(a.ID) || c.Waits(a.ID) || s.deputyOf(c, a.ID)
}

// deputyOf reports whether the person stands in today for an approver of the
// current node who is on leave. The directory is a copy in memory.
func (s *Service) deputyOf(c *Chain, id crm.UserID) bool {
	n := c.Current()
	return n != nil && slices.ContainsFunc(n.Tasks, func(t Task) bool { return t.State == Asked && s.standsIn(t, id) })
}

// standsIn reports whether the person is the deputy of the task's approver, who
// is on leave today, also one who went on leave after being asked.
func (s *Service) standsIn(t Task, id crm.UserID) bool {
	u, err := s.People.User(context.Background(), t.User)
	return err == nil && u.Deputy == id && u.OnLeave(s.Calendar.DayOf(s.Clock.Now()))
}

// stale is the answer to a card of an older version.
func stale(r Request) error {
	return crm.Stale("AP-06", "这张审批卡已失效："+r.ID.String()+" 现在是“"+r.State.Name(crm.Chinese)+"”", "this approval card is no longer valid: "+r.ID.String()+" is "+r.State.Name(crm.English)).
		WithNext("发送 /待审批 查看最新的审批", "send /approvals for the present ones")
}

// tooLate says who was faster or what became of the request.
func (s *Service) tooLate(ctx context.Context, c *Chain, k Click) error {
	r := c.Request
	if r.State == Void || r.State == Withdrawn {
		return stale(r)
	}
	t := c.Task(k.Task)
	by, yes := r.EndedBy, r.State == Approved
	if t == nil || t.DecidedBy == 0 {
		for _, n := range c.Nodes {
			for _, o := range n.Tasks {
				if o.DecidedBy != 0 && (t == nil || o.Node == t.Node) {
					by, yes = o.DecidedBy, o.State != Refused
				}
			}
		}
	} else {
		by, yes = t.DecidedBy, t.State != Refused
	}
	u, err := s.People.User(ctx, by)
	if err != nil {
		return stale(r)
	}
	zh, en := "驳回", "rejected"
	if yes {
		zh, en = "同意", "approved"
	}
	return crm.Conflict("AP-06", fmt.Sprintf("%s 已由 %s %s，您的操作没有生效", r.ID, u.Name, zh), fmt.Sprintf("%s was already %s by %s; your action changed nothing", r.ID, en, u.Name))
}

// checkContent voids the request when the subject is no longer what was
// submitted (AP-04); changes normally do that themselves.
func (s *Service) checkContent(ctx context.Context, a crm.Actor, c *Chain) (gone, err error) {
	x := s.subjects[c.Request.Kind]
	if x == nil {
		return nil, fmt.Errorf("no subject is registered for approvals of %q", c.Request.Kind)
	}
	h, err := x.Hash(ctx, c.Request.Ref)
	if err != nil || h == c.Request.Hash {
		return nil, err
	}
	if err := s.void(ctx, crm.SystemActor(), c, ""); err != nil {
		return nil, err
	}
	return stale(c.Request), nil
}

// record writes the decision, its facts and its audit row.
func (s *Service) record(ctx context.Context, a crm.Actor, c *Chain, t *Task, act Action, comment string, now time.Time) error {
	d := Decision{Request: c.Request.ID, Task: t.ID, User: a.ID, Action: act, Comment: comment, Hash: c.Request.Hash, At: now}
	if t.User != a.ID {
		d.For = t.User
	}
	if err := s.Store.AddApprovalDecision(ctx, &d); err != nil {
		return err
	}
	minutes := int64(s.Calendar.WorkHoursBetween(t.OpenedAt, now) / time.Minute)
	f := crm.Fact{At: now, Day: s.Calendar.DayOf(now), User: a.ID, Team: a.Team, Ref: c.Request.ID.Ref()}
	decided, took := f, f
	decided.Key, decided.Qty, decided.Amount = FactDecided, 1, c.Request.Amount
	took.Key, took.Qty = FactMinutes, minutes
	if err := s.Effects.Record(ctx, decided, took); err != nil {
		return err
	}
	return s.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "approval." + string(act), Ref: c.Request.ID.Ref(), Rule: "AP-06",
		Detail: map[string]any{"task": t.ID, "for": int64(d.For), "hash": c.Request.Hash, "minutes": minutes, "subject": c.Request.Ref.String()}})
}

// note checks and trims a comment.
func note(s string) (string, error) {
	s = strings.TrimSpace(crm.Normalize(s))
	if n := utf8.RuneCountInString(s); n > 500 {
		return "", crm.Invalid(fmt.Sprintf("意见有 %d 字，最多 500 字", n), fmt.Sprintf("the comment has %d characters, at most 500 are kept", n))
	}
	return s, nil
}
