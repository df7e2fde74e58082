package approval

import (
	"slices"
	"time"

	"crmbot/internal/crm"
)

// Chain is a request with all its nodes and tasks. Its methods are the rules
// of how a request moves; they change the chain in memory only.
type Chain struct {
	Request Request
	Nodes   []Node // in order of Seq

	opened  []*Task // asked since loaded
	counted []*Task // decided by an earlier decision since loaded
}

// Current is the node that is being decided; nil when none is.
func (c *Chain) Current() *Node {
	for i := range c.Nodes {
		if c.Nodes[i].State == Asked {
			return &c.Nodes[i]
		}
	}
	return nil
}

// Held is the open task of the current node that the person may act on; nil
// when there is none.
func (c *Chain) Held(u crm.UserID) *Task {
	n := c.Current()
	if n == nil {
		return nil
	}
	for i := range n.Tasks {
		if t := &n.Tasks[i]; t.State == Asked && t.HeldBy(u) {
			return t
		}
	}
	return nil
}

// Task finds a task by its id; nil when the request has none such.
func (c *Chain) Task(id int64) *Task {
	for i := range c.Nodes {
		for j := range c.Nodes[i].Tasks {
			if c.Nodes[i].Tasks[j].ID == id {
				return &c.Nodes[i].Tasks[j]
			}
		}
	}
	return nil
}

// Asks reports whether the person is or was an approver of the request.
func (c *Chain) Asks(u crm.UserID) bool {
	for _, n := range c.Nodes {
		for _, t := range n.Tasks {
			if t.HeldBy(u) || (u != 0 && t.DecidedBy == u) || (u != 0 && t.For == u) {
				return true
			}
		}
	}
	return false
}

// Waits reports whether the person is an approver of a node that has not
// begun.
func (c *Chain) Waits(u crm.UserID) bool {
	for _, n := range c.Nodes {
		for _, t := range n.Tasks {
			if t.State == Waiting && t.User == u {
				return true
			}
		}
	}
	return false
}

// DecidedBy is the last task that the person decided; nil when none.
func (c *Chain) DecidedBy(u crm.UserID) *Task {
	var last *Task
	for i := range c.Nodes {
		for j := range c.Nodes[i].Tasks {
			t := &c.Nodes[i].Tasks[j]
			if u != 0 && t.DecidedBy == u && (t.State == Passed || t.State == Refused) {
				last = t
			}
		}
	}
	return last
}

// approvedBefore reports whether the person has approved anywhere in the
// request (the same person decides once).
func (c *Chain) approvedBefore(u crm.UserID) bool {
	for _, n := range c.Nodes {
		for _, t := range n.Tasks {
			if t.State == Passed && t.DecidedBy == u {
				return true
			}
		}
	}
	return false
}

// Advance asks the next approvers: it closes the current node when it is
// decided and opens the next one, past those that earlier decisions have
// decided already. With no node left the request is approved.
func (c *Chain) Advance(now time.Time) {
	for c.Request.State == Open {
		n := c.Current()
		if n == nil {
			if n = c.nextNode(); n == nil {
				c.end(Approved, now)
				return
			}
			n.State, n.dirty = Asked, true
			if n.OpenedAt.IsZero() {
				n.OpenedAt = now
			}
		}
		c.ask(n, now)
		if !n.passed() {
			return
		}
		n.finish(Passed, now)
	}
}

func (c *Chain) nextNode() *Node {
	for i := range c.Nodes {
		if c.Nodes[i].State == Waiting {
			return &c.Nodes[i]
		}
	}
	return nil
}

// ask opens the tasks of the node that its mode wants decided now.
func (c *Chain) ask(n *Node, now time.Time) {
	for i := range n.Tasks {
		t := &n.Tasks[i]
		if t.State == Asked && n.Mode == Sequence {
			return
		}
		if t.State != Waiting {
			continue
		}
		t.dirty = true
		if c.approvedBefore(t.User) {
			t.State, t.DecidedAt, t.DecidedBy = Counted, now, t.User
			c.counted = append(c.counted, t)
			continue
		}
		t.State, t.OpenedAt = Asked, now
		c.opened = append(c.opened, t)
		if n.Mode == Sequence {
			return
		}
	}
}

// passed reports whether the node has all the approvals it needs.
func (n *Node) passed() bool {
	yes := func(t Task) bool { return t.State == Passed || t.State == Counted }
	if n.Mode == Any {
		return slices.ContainsFunc(n.Tasks, yes)
	}
	return !slices.ContainsFunc(n.Tasks, func(t Task) bool { return !yes(t) && t.State != Closed })
}

// finish ends the node; tasks without a decision are closed.
func (n *Node) finish(s NodeState, now time.Time) {
	n.State, n.EndedAt, n.dirty = s, now, true
	for i := range n.Tasks {
		if t := &n.Tasks[i]; t.State == Waiting || t.State == Asked {
			t.State, t.dirty = Closed, true
		}
	}
}

// end closes everything that is still open. A task opened in the same step is
// not asked after all.
func (c *Chain) end(s State, now time.Time) {
	c.Request.State, c.Request.EndedAt = s, now
	for i := range c.Nodes {
		if n := &c.Nodes[i]; n.State == Waiting || n.State == Asked {
			n.finish(Closed, now)
		}
	}
	c.opened = slices.DeleteFunc(c.opened, func(t *Task) bool { return t.State != Asked })
}

// Approve counts the person's approval of the task and moves on.
func (c *Chain) Approve(t *Task, by crm.UserID, now time.Time) {
	t.State, t.DecidedAt, t.DecidedBy, t.dirty = Passed, now, by, true
	c.Advance(now)
}

// Refuse ends the request as rejected or returned.
func (c *Chain) Refuse(t *Task, by crm.UserID, s State, now time.Time) {
	t.State, t.DecidedAt, t.DecidedBy, t.dirty = Refused, now, by, true
	c.Current().finish(Refused, now)
	c.end(s, now)
}

// HandOver gives the task to another person, whose time begins now. By is who
// hands it on: its approver, or who may act on it.
func (c *Chain) HandOver(t *Task, by, to crm.UserID, now time.Time) {
	from := t.User
	*t = Task{ID: t.ID, Request: t.Request, Node: t.Node, Seq: t.Seq, Version: t.Version, User: to, For: from, Why: t.handedOn(by), State: Asked, OpenedAt: now, dirty: true}
	c.opened = append(c.opened, t)
}

// Reassign gives the open task, whose approver lost the right to it, to the
// first of those found who has no part in the node yet, and returns who that
// is. When all of them have, the task is not needed and the first of them
// decides.
func (c *Chain) Reassign(t *Task, found []assignee, now time.Time) crm.UserID {
	n := c.Current()
	for _, f := range found {
		if slices.ContainsFunc(n.Tasks, func(o Task) bool { return o.ID != t.ID && o.State != Closed && o.User == f.user }) {
			continue
		}
		*t = Task{ID: t.ID, Request: t.Request, Node: t.Node, Seq: t.Seq, Version: t.Version, User: f.user, For: f.instead, Why: f.why, State: Waiting, dirty: true}
		c.Advance(now)
		return f.user
	}
	t.State, t.dirty = Closed, true
	c.Advance(now)
	return found[0].user
}

// AddBefore puts the current node on hold until a new one is decided. The
// caller stores the new node and calls Advance.
func (c *Chain) AddBefore(n Node) {
	cur := c.Current()
	for i := range cur.Tasks {
		if t := &cur.Tasks[i]; t.State == Asked {
			t.State, t.dirty = Waiting, true
			t.RemindedAt, t.Deputy, t.DeputyAt, t.Upper, t.UpperAt = time.Time{}, 0, time.Time{}, 0, time.Time{}
		}
	}
	cur.State, cur.dirty = Waiting, true
	c.insert(n, cur.Seq)
}

// AddAfter puts a new node behind the current one.
func (c *Chain) AddAfter(n Node) { c.insert(n, c.Current().Seq+1) }

func (c *Chain) insert(n Node, seq int) {
	at := len(c.Nodes)
	for i := range c.Nodes {
		if c.Nodes[i].Seq >= seq {
			at = min(at, i)
			c.Nodes[i].Seq++
			c.Nodes[i].dirty = true
		}
	}
	n.Seq = seq
	c.Nodes = slices.Insert(c.Nodes, at, n)
}
