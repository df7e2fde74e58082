package approval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// Subject connects the engine to one kind of thing that is approved.
type Subject interface {
	// Kind is the stable name of the kind: "contract".
	Kind() string
	// Hash is the sha256 of the subject's present canonical content.
	Hash(ctx context.Context, ref crm.Ref) (string, error)
	// Parties are whose business the subjects are: the owner of each and the owners
	// of what it comes from. They must not approve it (AP-03). Zero ids count for
	// nobody; a subject that there is no more has no entry.
	Parties(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]crm.UserID, error)
	// Brief is what an approver has to know. The caller has checked the right.
	Brief(ctx context.Context, r Request) (Brief, error)
	// Ended is called in the transaction that ended the request, in whatever
	// way; r.State says how.
	Ended(ctx context.Context, a crm.Actor, r Request) error
}

// Store keeps requests. Save methods change a row only when its version is
// still the one that was read, and report crm.CodeConflict otherwise.
type Store interface {
	// AddApproval stores a new request; a second open request for the same
	// subject is a crm.CodeConflict.
	AddApproval(ctx context.Context, r *Request) error
	AddApprovalNode(ctx context.Context, n *Node) error
	AddApprovalTask(ctx context.Context, t *Task) error
	AddApprovalDecision(ctx context.Context, d *Decision) error
	SaveApproval(ctx context.Context, r *Request) error
	SaveApprovalNode(ctx context.Context, n *Node) error
	SaveApprovalTask(ctx context.Context, t *Task) error
	// Approval reads a request with nodes and tasks. With lock the row stays locked
	// until the transaction ends; lock before anything else is read.
	Approval(ctx context.Context, id crm.RequestID, lock bool) (Chain, error)
	// OpenApprovalOn is the open request about the subject, or the zero id.
	OpenApprovalOn(ctx context.Context, ref crm.Ref) (crm.RequestID, error)
	// ApprovalsOn are the requests about the subject, newest first, at most n.
	ApprovalsOn(ctx context.Context, ref crm.Ref, n int) ([]Request, error)
	ApprovalDecisions(ctx context.Context, id crm.RequestID) ([]Decision, error)
	// ApprovalTasksOf are open tasks that the person may act on, oldest first, at most n.
	ApprovalTasksOf(ctx context.Context, u crm.UserID, n int) ([]Task, error)
	// ApprovalsSubmitted are the person's open requests, newest first, at most n.
	ApprovalsSubmitted(ctx context.Context, u crm.UserID, n int) ([]Request, error)
	Approvals(ctx context.Context, ids []crm.RequestID) ([]Request, error)
	// ApprovalTasksOverdue are open tasks that were asked before the moment and are not yet
	// escalated, with an id above after, in order of id, at most n.
	ApprovalTasksOverdue(ctx context.Context, asked time.Time, after int64, n int) ([]Task, error)
	// NextNumber counts the named counter up and returns it, from 1 (in a transaction).
	NextNumber(ctx context.Context, counter string) (int64, error)
}

// Deps is what a Service needs.
type Deps struct {
	Store    Store
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	Rules    *rule.Book
	People   People
}

// Service runs approvals. Register the subjects before it is used by several
// goroutines; after that it is safe for concurrent use.
type Service struct {
	Deps
	subjects map[string]Subject
}

// NewService makes a service without subjects.
func NewService(d Deps) *Service { return &Service{Deps: d, subjects: map[string]Subject{}} }

// Register connects a kind of subject.
func (s *Service) Register(x Subject) { s.subjects[x.Kind()] = x }

// The views that the engine sends cards of. Their ref is the request's code.
const (
	ViewCard     = "approval.card"
	ViewReminder = "approval.reminder"
)

// Submission is what is handed in for approval.
type Submission struct {
	Kind, Category string
	Ref            crm.Ref
	Title          string
	Amount         crm.Money
	Hash           string
	Round          int
	Owner          crm.UserID // of the subject; zero: the submitter
	Urgent         bool
	Note           string
}

// Submit opens a request: the flow and the approvers are resolved now and
// stored. It fails when the subject has an open request already (AP-06), when
// nobody may approve (AP-03) or when the urgent requests of the month are used
// up (AP-05).
func (s *Service) Submit(ctx context.Context, a crm.Actor, sub Submission) (Request, error) {
	if err := mayAct(a); err != nil {
		return Request{}, err
	}
	flows, version := Flows.Of(ctx, s.Rules)
	flow, ok := Pick(flows, sub.Kind, sub.Category)
	if !ok {
		return Request{}, crm.Refused("AP-03", "没有为这类业务设置审批流程", "no approval flow is set for this").WithNext("请管理员设置 approval.flows", "an administrator sets approval.flows")
	}
	var out Request
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		now := s.Clock.Now()
		if sub.Urgent {
			if err := s.useUrgent(ctx, a, now); err != nil {
				return err
			}
		}
		r := Request{Kind: sub.Kind, Category: sub.Category, Ref: sub.Ref, Title: sub.Title, Amount: sub.Amount, Hash: sub.Hash, Round: sub.Round, State: Open,
			Submitter: a.ID, Team: a.Team, Owner: sub.Owner, Urgent: sub.Urgent, Note: sub.Note, FlowVersion: version, SubmittedAt: now}
		if err := s.Store.AddApproval(ctx, &r); err != nil {
			return err
		}
		c := Chain{Request: r}
		if err := s.addNodes(ctx, &c, flow.For(sub.Amount)); err != nil {
			return err
		}
		c.Advance(now)
		if err := s.commit(ctx, a, &c); err != nil {
			return err
		}
		out = c.Request
		return s.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "approval.submit", Ref: r.ID.Ref(), Rule: "AP-04", RuleVersion: version,
			Detail: map[string]any{"subject": sub.Ref.String(), "hash": sub.Hash, "round": sub.Round, "amount": int64(sub.Amount), "nodes": len(c.Nodes), "urgent": sub.Urgent}})
	})
	return out, err
}

func (s *Service) addNodes(ctx context.Context, c *Chain, steps []Step) error {
	res, err := s.resolver(ctx, c.Request, c.Request.SubmittedAt)
	if err != nil {
		return err
	}
	for i, st := range steps {
		found, err := res.step(ctx, st)
		if err != nil {
			return err
		}
		n := Node{Request: c.Request.ID, Seq: i + 1, Label: st.label(), Mode: st.Mode, State: Waiting}
		if n.Mode == "" || found[0].why == WhyAdmin {
			n.Mode = Any
		}
		for j, f := range found {
			n.Tasks = append(n.Tasks, Task{Request: c.Request.ID, Seq: j + 1, User: f.user, For: f.instead, Why: f.why, State: Waiting})
			if f.reason == "" {
				continue
			}
			err := s.Effects.Audit(ctx, crm.Audit{At: c.Request.SubmittedAt, Actor: c.Request.Submitter, Action: "approval.substitute", Ref: c.Request.ID.Ref(), Rule: "AP-03",
				Detail: map[string]any{"step": n.Seq, "because": f.reason, "instead_of": int64(f.instead), "asked": int64(f.user)}})
			if err != nil {
				return err
			}
		}
		if err := s.storeNode(ctx, &n); err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, n)
	}
	return nil
}

// resolver finds approvers of the request as its parties are now.
func (s *Service) resolver(ctx context.Context, r Request, now time.Time) (resolver, error) {
	all, err := s.resolvers(ctx, []Request{r}, now)
	if err != nil {
		return resolver{}, err
	}
	res, ok := all[r.ID]
	if !ok {
		return resolver{}, NotFound(r.ID) // what it was about is gone
	}
	return res, nil
}

// resolvers are resolver for several requests with one question for each kind. A
// request whose subject is gone has no entry.
func (s *Service) resolvers(ctx context.Context, rs []Request, now time.Time) (map[crm.RequestID]resolver, error) {
	byKind := map[string][]crm.Ref{}
	for _, r := range rs {
		if s.subjects[r.Kind] == nil {
			return nil, fmt.Errorf("no subject is registered for approvals of %q", r.Kind)
		}
		byKind[r.Kind] = append(byKind[r.Kind], r.Ref)
	}
	out := make(map[crm.RequestID]resolver, len(rs))
	for kind, refs := range byKind {
		parties, err := s.subjects[kind].Parties(ctx, refs)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			if p, ok := parties[r.Ref]; ok && r.Kind == kind {
				out[r.ID] = resolver{people: s.People, submitter: r.Submitter, parties: append(slices.Clone(p), r.Owner), today: s.Calendar.DayOf(now)}
			}
		}
	}
	return out, nil
}

func (s *Service) storeNode(ctx context.Context, n *Node) error {
	if err := s.Store.AddApprovalNode(ctx, n); err != nil {
		return err
	}
	for i := range n.Tasks {
		n.Tasks[i].Node = n.ID
		if err := s.Store.AddApprovalTask(ctx, &n.Tasks[i]); err != nil {
			return err
		}
	}
	return nil
}

// useUrgent takes one of the month's urgent requests of the person (AP-05).
func (s *Service) useUrgent(ctx context.Context, a crm.Actor, now time.Time) error {
	limit := UrgentPerMonth.Of(ctx, s.Rules, rule.Scope(fmt.Sprintf("user:%d", a.ID)), rule.Scope(fmt.Sprintf("team:%d", a.Team)))
	month := string(s.Calendar.DayOf(now))[:7]
	n, err := s.Store.NextNumber(ctx, fmt.Sprintf("urgent:%d:%s", a.ID, month))
	if err != nil {
		return err
	}
	if n > limit {
		return crm.Refused("AP-05", fmt.Sprintf("本月加急已用 %d/%d 次", limit, limit), fmt.Sprintf("%d of %d urgent requests of this month are used", limit, limit)).
			WithNext("可按普通审批提交", "submit it as a normal request")
	}
	return nil
}

// commit stores what changed in the chain, asks new approvers, counts earlier
// decisions, and tells everybody who sees a card of it.
func (s *Service) commit(ctx context.Context, a crm.Actor, c *Chain) error {
	now := s.Clock.Now()
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.dirty {
			if err := s.Store.SaveApprovalNode(ctx, n); err != nil {
				return err
			}
			n.dirty = false
		}
		for j := range n.Tasks {
			if t := &n.Tasks[j]; t.dirty {
				if err := s.Store.SaveApprovalTask(ctx, t); err != nil {
					return err
				}
				t.dirty = false
			}
		}
	}
	if err := s.Store.SaveApproval(ctx, &c.Request); err != nil {
		return err
	}
	ref := c.Request.ID.Ref()
	for _, t := range c.counted {
		d := Decision{Request: c.Request.ID, Task: t.ID, User: t.User, For: t.For, Action: ActCount, Hash: c.Request.Hash, At: now}
		if err := s.Store.AddApprovalDecision(ctx, &d); err != nil {
			return err
		}
	}
	for _, t := range c.opened {
		if err := s.send(ctx, t.User, ViewCard, c.Request.ID, fmt.Sprintf("approval:ask:%d:%d:%d", t.ID, t.User, t.OpenedAt.UnixMilli())); err != nil {
			return err
		}
	}
	c.opened, c.counted = nil, nil
	if c.Request.State != Open {
		if err := s.ended(ctx, a, c.Request); err != nil {
			return err
		}
	}
	return s.Effects.Refresh(ctx, ref, c.Request.Ref)
}

// ended hands the result to the subject and tells the submitter.
func (s *Service) ended(ctx context.Context, a crm.Actor, r Request) error {
	x := s.subjects[r.Kind]
	if x == nil {
		return fmt.Errorf("no subject is registered for approvals of %q", r.Kind)
	}
	if err := x.Ended(ctx, a, r); err != nil {
		return err
	}
	told := []crm.UserID{r.Submitter}
	if r.Owner != 0 && r.Owner != r.Submitter {
		told = append(told, r.Owner)
	}
	for _, u := range told {
		if u == a.ID && !a.System {
			continue // who withdrew or changed it knows
		}
		if err := s.send(ctx, u, ViewCard, r.ID, fmt.Sprintf("approval:end:%d:%d", r.ID, u)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) send(ctx context.Context, to crm.UserID, view string, id crm.RequestID, key string) error {
	return s.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(to), View: crm.View{Name: view, Ref: id.String()}, Key: key, Always: true})
}

func mayAct(a crm.Actor) error {
	if a.Frozen {
		return crm.Forbidden("您的账号正在交接，只能查看", "your account is being handed over; you may only read").WithNext("请联系管理员", "please contact an administrator")
	}
	if a.ID == 0 {
		return crm.Forbidden("审批需要由人来操作", "an approval takes a person")
	}
	return nil
}

// available reports whether the person can be asked today.
func available(u org.User, today crm.Day) bool { return u.Active && !u.Frozen && !u.OnLeave(today) }
