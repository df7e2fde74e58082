package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/approval"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/sched"
)

// approvalArgs is a request, or the subject of its open request, and a text.
type approvalArgs struct {
	ref  crm.Ref
	text string
}

func parseApproval(rest string) (approvalArgs, error) {
	head, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	ref, err := crm.ParseRef(head)
	if err != nil || (ref.Kind != crm.KindRequest && ref.Kind != crm.KindContract && ref.Kind != crm.KindQuote) {
		return approvalArgs{}, crm.Invalid("请写审批编号，如 R-7", "name the request by its code, such as R-7")
	}
	return approvalArgs{ref, strings.TrimSpace(tail)}, nil
}

// parseColleague is parseApproval for what needs a person.
func parseColleague(rest string) (approvalArgs, error) {
	in, err := parseApproval(rest)
	if err == nil && in.text == "" {
		err = crm.Invalid("请写同事的姓名或 @", "name the colleague, or use @")
	}
	return in, err
}

func approvals(s *Services) Module {
	reason := func(zh, en string) crm.Text { return crm.Text{Zh: zh, En: en} }
	decide := func(name, alias string, sum, usage crm.Text, examples [2]string, run func(context.Context, crm.Actor, approval.Click) (approval.Result, error), done crm.Text) bot.Registration {
		return bot.Command[approvalArgs]{Name: name, Aliases: []string{alias}, Summary: sum, Usage: usage, Examples: examples[:], Parse: parseApproval,
			Run: func(ctx context.Context, a crm.Actor, c bot.Call, in approvalArgs) (bot.Reply, error) {
				id, err := s.requestOf(ctx, a, in.ref)
				if err != nil {
					return bot.Reply{}, err
				}
				res, err := run(ctx, a, approval.Click{Request: id, Comment: in.text})
				return s.decided(ctx, a, c, id, res, done, err)
			}}
	}
	return Module{
		Commands: []bot.Registration{
			bot.Command[crm.Ref]{Name: "待审批", Aliases: []string{"approvals"}, Summary: crm.Text{Zh: "等我处理的审批", En: "what waits for my approval"}, Usage: crm.Text{Zh: "[R-7]", En: "[R-7]"},
				Examples: []string{"/待审批", "/待审批 R-7", "/approvals"}, Menu: true, Parse: parseOptionalRequest,
				Run: func(ctx context.Context, a crm.Actor, _ bot.Call, ref crm.Ref) (bot.Reply, error) {
					if ref.ID != 0 {
						return s.showApproval(ctx, a, crm.RequestID(ref.ID))
					}
					return s.pendingApprovals(ctx, a)
				}},
			bot.Command[approvalArgs]{Name: "审批", Aliases: []string{"request"}, Summary: crm.Text{Zh: "查看一个审批", En: "show a request"}, Usage: crm.Text{Zh: "R-7", En: "R-7"}, Examples: []string{"/审批 R-7", "/request R-7"},
				Parse: parseApproval, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in approvalArgs) (bot.Reply, error) {
					id, err := s.requestOf(ctx, a, in.ref)
					if err != nil {
						return bot.Reply{}, err
					}
					return s.showApproval(ctx, a, id)
				}},
			decide("同意", "approve", reason("同意一个审批", "approve a request"), reason("R-7 [意见]", "R-7 [comment]"), [2]string{"/同意 R-7 条件可以", "/approve R-7 the terms are fine"}, s.approve, reason("已同意", "approved")),
			decide("驳回", "reject", reason("驳回一个审批", "reject a request"), reason("R-7 原因", "R-7 reason"), [2]string{"/驳回 R-7 付款条件超出范围", "/reject R-7 payment terms out of range"}, s.reject, reason("已驳回", "rejected")),
			decide("退回", "counter", reason("带条件退回给提交人", "send a request back with conditions"), reason("R-7 条件", "R-7 conditions"), [2]string{"/退回 R-7 预付比例提高到30%", "/counter R-7 raise the advance payment to 30%"}, s.sendBack, reason("已退回", "sent back")),
			decide("撤回", "withdraw", reason("撤回自己提交的审批", "withdraw one's own request"), reason("R-7 [说明]", "R-7 [note]"), [2]string{"/撤回 R-7", "/withdraw R-7"}, s.withdraw, reason("已撤回", "withdrawn")),
			bot.Command[approvalArgs]{Name: "转审", Aliases: []string{"delegate"}, Summary: crm.Text{Zh: "把审批转给同事", En: "hand an approval to a colleague"}, Usage: crm.Text{Zh: "R-7 @人 [说明]", En: "R-7 @person [note]"},
				Examples: []string{"/转审 R-7 王磊", "/delegate R-7 Grace Liu"}, Parse: parseColleague, Run: s.delegateApproval},
			bot.Command[approvalArgs]{Name: "加签", Aliases: []string{"addsign"}, Summary: crm.Text{Zh: "请另一位同事一起审批（默认在我之前，加“后”在我之后）", En: "ask a further person (before me; add “after” for after me)"},
				Usage: crm.Text{Zh: "R-7 @人 [后]", En: "R-7 @person [after]"}, Examples: []string{"/加签 R-7 王磊", "/加签 R-7 王磊 后", "/addsign R-7 Grace Liu after"}, Parse: parseColleague, Run: s.addSign},
			bot.Handle[cards.ApproveRequest]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ApproveRequest) (bot.Reply, error) {
				res, err := s.Approvals.Approve(ctx, a, approval.Click{Request: p.Request, Task: p.Task, Hash: p.Hash, Comment: c.Values.Get(cards.CommentInput)})
				return s.decided(ctx, a, c, p.Request, res, reason("已同意", "approved"), err)
			}},
			bot.Handle[cards.RejectRequest]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.RejectRequest) (bot.Reply, error) {
				res, err := s.Approvals.Reject(ctx, a, approval.Click{Request: p.Request, Task: p.Task, Hash: p.Hash, Comment: c.Values.Get(cards.CommentInput)})
				return s.decided(ctx, a, c, p.Request, res, reason("已驳回", "rejected"), err)
			}},
			bot.Handle[cards.ReturnRequest]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReturnRequest) (bot.Reply, error) {
				res, err := s.Approvals.Return(ctx, a, approval.Click{Request: p.Request, Task: p.Task, Hash: p.Hash, Comment: c.Values.Get(cards.CommentInput)})
				return s.decided(ctx, a, c, p.Request, res, reason("已退回", "sent back"), err)
			}},
			bot.Handle[cards.WithdrawRequest]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.WithdrawRequest) (bot.Reply, error) {
				res, err := s.Approvals.Withdraw(ctx, a, p.Request, "")
				return s.decided(ctx, a, c, p.Request, res, reason("已撤回", "withdrawn"), err)
			}},
		},
		Views: []bot.ViewDef{
			{Name: approval.ViewCard, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				return s.approvalView(ctx, v, ref, false)
			}},
			{Name: approval.ViewReminder, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				return s.approvalView(ctx, v, ref, true)
			}},
		},
		Jobs: []sched.Job{{Name: "approval.sla", CatchUp: time.Hour, Pending: s.Approvals.NextDeadline, Next: func(t time.Time) time.Time { return nextSLA(s.Calendar, t) },
			Run: func(ctx context.Context, _ time.Time) error { return s.Approvals.RemindDue(ctx) }}},
	}
}

func parseOptionalRequest(rest string) (crm.Ref, error) {
	if strings.TrimSpace(rest) == "" {
		return crm.Ref{}, nil
	}
	ref, err := crm.ParseRef(rest)
	if err != nil || ref.Kind != crm.KindRequest {
		return crm.Ref{}, crm.Invalid("请写审批编号，如 R-7", "name the request by its code, such as R-7")
	}
	return ref, nil
}

// nextSLA is every five minutes of the working hours, and their end.
func nextSLA(cal *calendar.Calendar, t time.Time) time.Time {
	const step = 5 * time.Minute
	n := t.Truncate(step).Add(step)
	if cal.IsWorkTime(n) || cal.IsWorkTime(n.Add(-time.Minute)) {
		return n
	}
	return cal.NextWorkTime(n).UTC()
}

func (s *Services) approve(ctx context.Context, a crm.Actor, k approval.Click) (approval.Result, error) {
	return s.Approvals.Approve(ctx, a, k)
}

func (s *Services) reject(ctx context.Context, a crm.Actor, k approval.Click) (approval.Result, error) {
	return s.Approvals.Reject(ctx, a, k)
}

func (s *Services) sendBack(ctx context.Context, a crm.Actor, k approval.Click) (approval.Result, error) {
	return s.Approvals.Return(ctx, a, k)
}

func (s *Services) withdraw(ctx context.Context, a crm.Actor, k approval.Click) (approval.Result, error) {
	return s.Approvals.Withdraw(ctx, a, k.Request, k.Comment)
}

// requestOf is the request that a code names: itself, or the open one about a
// contract or quote.
func (s *Services) requestOf(ctx context.Context, a crm.Actor, ref crm.Ref) (crm.RequestID, error) {
	if ref.Kind == crm.KindRequest {
		return crm.RequestID(ref.ID), nil
	}
	c, ok, err := s.Approvals.OpenOn(ctx, ref)
	if err != nil {
		return 0, err
	}
	if ok {
		_, err = s.Approvals.Get(ctx, a, c.Request.ID)
	}
	if !ok || crm.CodeOf(err) == crm.CodeNotFound {
		return 0, crm.NotFound(ref.String()+" 没有进行中的审批", ref.String()+" has no open approval request").WithNext("发送 /待审批 查看等您处理的审批", "send /approvals for what waits for you")
	}
	return c.Request.ID, err
}

// decided answers a decision: the card in its new state, with a friendly word
// for one that was made before.
func (s *Services) decided(ctx context.Context, a crm.Actor, c bot.Call, id crm.RequestID, res approval.Result, done crm.Text, err error) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	toast := done.In(a.Lang) + " " + id.String()
	if res.Already {
		toast = a.Lang.T("您已处理过 "+id.String()+"，无需重复操作", "you have already dealt with "+id.String()+"; nothing was changed")
	}
	if c.Req != nil && c.Req.Kind == bot.Press && !decisionPressed(c) {
		return bot.Reply{Toast: toast, ToastTone: bot.ToastSuccess}, nil // its card is refreshed with all others
	}
	if res.Already && !decisionPressed(c) {
		return bot.Reply{Text: toast, Private: true}, nil
	}
	x, err := s.approvalCard(ctx, a, id, false)
	if err != nil {
		return bot.Reply{}, err
	}
	view := bot.View{Name: approval.ViewCard, Ref: id.String()}
	if decisionPressed(c) {
		rep := bot.Replace(x, view, toast)
		if res.Already {
			rep.ToastTone = bot.ToastInfo
		}
		return private(rep), nil
	}
	rep := bot.Show(x, view)
	rep.Private, rep.Toast, rep.ToastTone = true, toast, bot.ToastSuccess
	return rep, nil
}

// decisionPressed reports whether a decision was pressed on an approval's card,
// which then shows the result itself.
func decisionPressed(c bot.Call) bool {
	if c.Req == nil || c.Req.Kind != bot.Press || c.Req.Action == nil {
		return false
	}
	switch c.Req.Action.Name {
	case cards.ApproveRequest{}.ActionName(), cards.RejectRequest{}.ActionName(), cards.ReturnRequest{}.ActionName():
		return true
	}
	return false
}

func (s *Services) showApproval(ctx context.Context, a crm.Actor, id crm.RequestID) (bot.Reply, error) {
	x, err := s.approvalCard(ctx, a, id, false)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(x, bot.View{Name: approval.ViewCard, Ref: id.String()})
	rep.Private = true
	return rep, nil
}

func (s *Services) approvalCard(ctx context.Context, a crm.Actor, id crm.RequestID, remind bool) (card.Card, error) {
	c, err := s.Approvals.Get(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	mine, err := s.Approvals.Mine(ctx, a, &c)
	if err != nil {
		return card.Card{}, err
	}
	v := cards.ApprovalView{Chain: c, Name: s.namer(ctx), Mine: mine, Own: c.Request.Submitter == a.ID, Remind: remind, Zone: s.Calendar.Zone()}
	if remind && v.Mine == nil {
		return card.Card{}, bot.ErrNothing
	}
	if v.Brief, err = s.Approvals.Brief(ctx, c.Request); err != nil {
		return card.Card{}, err
	}
	if v.Decisions, err = s.Approvals.Decisions(ctx, id); err != nil {
		return card.Card{}, err
	}
	if v.Mine != nil {
		v.Waited = s.Calendar.WorkHoursBetween(v.Mine.OpenedAt, s.Clock.Now())
	}
	return cards.Approval(a.Lang, v), nil
}

// namer looks up names; people who are unknown have none.
func (s *Services) namer(ctx context.Context) func(crm.UserID) string {
	return func(id crm.UserID) string { return s.Directory.Name(ctx, id) }
}

func (s *Services) approvalView(ctx context.Context, v bot.Viewer, ref string, remind bool) (card.Card, error) {
	r, err := crm.ParseRef(ref)
	if err != nil || r.Kind != crm.KindRequest {
		return card.Card{}, fmt.Errorf("approval view: %q is no request", ref)
	}
	if v.Group {
		return card.Card{}, bot.ErrNothing // names and amounts are for persons only (PM-03)
	}
	c, err := s.approvalCard(ctx, v.Actor, crm.RequestID(r.ID), remind)
	if remind && errors.Is(err, bot.ErrNothing) {
		// A reminder that was sent shows the result once there is nothing to decide.
		return s.remindedCard(ctx, v, crm.RequestID(r.ID))
	}
	return c, err
}

// remindedCard is what a reminder becomes: the result for somebody who was
// asked, nothing while it has not been sent.
func (s *Services) remindedCard(ctx context.Context, v bot.Viewer, id crm.RequestID) (card.Card, error) {
	c, err := s.Approvals.Get(ctx, v.Actor, id)
	if err != nil {
		return card.Card{}, err
	}
	for _, n := range c.Nodes {
		for _, t := range n.Tasks {
			if t.HeldBy(v.Actor.ID) && !t.RemindedAt.IsZero() {
				return s.approvalCard(ctx, v.Actor, id, false)
			}
		}
	}
	return card.Card{}, bot.ErrNothing
}

func (s *Services) pendingApprovals(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	items, err := s.Approvals.Pending(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	own, err := s.Approvals.Submitted(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	now := s.Clock.Now()
	list := make([]cards.PendingItem, len(items))
	for i, x := range items {
		list[i] = cards.PendingItem{Request: x.Request, Waited: s.Calendar.WorkHoursBetween(x.Task.OpenedAt, now)}
	}
	rep := bot.Show(cards.Pending(a.Lang, list, own, s.namer(ctx), approval.PendingLimit), bot.View{})
	rep.Private = true
	return rep, nil
}

// nameWords is how many words a person's name has at most.
const nameWords = 4

// colleague is the person that a command names, by mention or by name, and what
// follows.
func (s *Services) colleague(ctx context.Context, c bot.Call, text string) (crm.UserID, string, error) {
	head, tail, _ := strings.Cut(text, " ")
	if len(c.People) > 0 && strings.HasPrefix(head, "@") {
		if after, ok := strings.CutPrefix(text, "@"+c.People[0].Name); ok {
			tail = after
		}
		return c.People[0].ID, strings.TrimSpace(tail), nil
	}
	// A name may have spaces: the longest beginning that names somebody counts.
	words := strings.Fields(text)
	for n := min(len(words), nameWords); n > 1; n-- {
		if u, err := s.Directory.One(ctx, strings.Join(words[:n], " ")); err == nil {
			return u.ID, strings.Join(words[n:], " "), nil
		}
	}
	u, err := s.Directory.One(ctx, head)
	return u.ID, strings.TrimSpace(tail), err
}

func (s *Services) delegateApproval(ctx context.Context, a crm.Actor, c bot.Call, in approvalArgs) (bot.Reply, error) {
	id, err := s.requestOf(ctx, a, in.ref)
	if err != nil {
		return bot.Reply{}, err
	}
	to, note, err := s.colleague(ctx, c, in.text)
	if err != nil {
		return bot.Reply{}, err
	}
	res, err := s.Approvals.Delegate(ctx, a, approval.Click{Request: id, Comment: note}, to)
	return s.decided(ctx, a, c, id, res, crm.Text{Zh: "已转审", En: "handed over"}, err)
}

func (s *Services) addSign(ctx context.Context, a crm.Actor, c bot.Call, in approvalArgs) (bot.Reply, error) {
	id, err := s.requestOf(ctx, a, in.ref)
	if err != nil {
		return bot.Reply{}, err
	}
	who, note, err := s.colleague(ctx, c, in.text)
	if err != nil {
		return bot.Reply{}, err
	}
	before := true
	for _, w := range []string{"后", "after"} {
		if rest, ok := strings.CutPrefix(note, w); ok {
			before, note = false, strings.TrimSpace(rest)
		}
	}
	res, err := s.Approvals.AddSign(ctx, a, approval.Click{Request: id, Comment: note}, who, before)
	return s.decided(ctx, a, c, id, res, crm.Text{Zh: "已加签", En: "added"}, err)
}
