package approval

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmbot/internal/crm"
)

var t0 = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// chain builds a chain from nodes such as "any 1 2" and opens it.
func chain(nodes ...string) *Chain {
	c := &Chain{Request: Request{ID: 1, State: Open, Submitter: 99}}
	id := int64(0)
	for i, n := range nodes {
		f := strings.Fields(n)
		node := Node{ID: int64(i + 1), Seq: i + 1, Mode: Mode(f[0]), State: Waiting}
		for j, u := range f[1:] {
			id++
			var user int64
			fmt.Sscan(u, &user)
			node.Tasks = append(node.Tasks, Task{ID: id, Node: node.ID, Seq: j + 1, User: crm.UserID(user), State: Waiting})
		}
		c.Nodes = append(c.Nodes, node)
	}
	c.Advance(t0)
	return c
}

// asked are the people who are asked now, in order.
func asked(c *Chain) string {
	var out []string
	for _, n := range c.Nodes {
		for _, t := range n.Tasks {
			if t.State == Asked {
				out = append(out, fmt.Sprint(int64(t.User)))
			}
		}
	}
	return strings.Join(out, " ")
}

func yes(t *testing.T, c *Chain, u crm.UserID) {
	t.Helper()
	task := c.Held(u)
	if task == nil {
		t.Fatalf("person %d is not asked; asked are %s", u, asked(c))
	}
	c.Approve(task, u, t0)
}

func want(t *testing.T, c *Chain, people string, s State) {
	t.Helper()
	if asked(c) != people || c.Request.State != s {
		t.Fatalf("asked %q, state %s; want %q, %s", asked(c), c.Request.State, people, s)
	}
}

func TestAnyNeedsOne_AP03(t *testing.T) {
	c := chain("any 1 2 3", "any 4")
	want(t, c, "1 2 3", Open)
	yes(t, c, 2)
	want(t, c, "4", Open)
	if c.Nodes[0].Tasks[0].State != Closed || c.Nodes[0].Tasks[2].State != Closed {
		t.Error("the others' tasks are not closed")
	}
	yes(t, c, 4)
	want(t, c, "", Approved)
}

func TestAllNeedsEverybody_AP03(t *testing.T) {
	c := chain("all 1 2")
	yes(t, c, 2)
	want(t, c, "1", Open)
	yes(t, c, 1)
	want(t, c, "", Approved)
}

func TestSequenceAsksOneAfterAnother_AP03(t *testing.T) {
	c := chain("sequence 1 2 3")
	want(t, c, "1", Open)
	if c.Held(2) != nil {
		t.Error("the second may decide before the first")
	}
	yes(t, c, 1)
	want(t, c, "2", Open)
	yes(t, c, 2)
	yes(t, c, 3)
	want(t, c, "", Approved)
}

func TestSamePersonDecidesOnce_AP02(t *testing.T) {
	c := chain("any 1", "any 1", "all 1 2", "any 1")
	yes(t, c, 1)
	want(t, c, "2", Open)
	if c.Nodes[1].State != Passed || c.Nodes[1].Tasks[0].State != Counted || c.Nodes[2].Tasks[0].State != Counted {
		t.Error("the earlier decision is not counted")
	}
	yes(t, c, 2)
	want(t, c, "", Approved)
}

// Being asked is not having decided: when a colleague decided the first node,
// the person is still asked in the second.
func TestOnlyOwnDecisionsCount_AP02(t *testing.T) {
	c := chain("any 1 2", "any 1")
	yes(t, c, 2)
	want(t, c, "1", Open)
}

func TestRefusalEndsEverything_AP03(t *testing.T) {
	for _, s := range []State{Rejected, Returned} {
		c := chain("all 1 2", "any 3")
		c.Refuse(c.Held(1), 1, s, t0)
		want(t, c, "", s)
		if c.Nodes[0].State != Refused || c.Nodes[1].State != Closed || c.Nodes[0].Tasks[1].State != Closed {
			t.Errorf("%s: nodes %s, %s", s, c.Nodes[0].State, c.Nodes[1].State)
		}
		if c.Request.EndedAt != t0 {
			t.Error("the end has no time")
		}
	}
}

func TestAddSign_AP03(t *testing.T) {
	c := chain("any 1", "any 2")
	c.AddBefore(Node{ID: 9, Mode: Any, State: Waiting, Tasks: []Task{{ID: 90, Node: 9, User: 7, State: Waiting}}})
	c.Advance(t0)
	want(t, c, "7", Open)
	yes(t, c, 7)
	want(t, c, "1", Open)
	c.AddAfter(Node{ID: 10, Mode: Any, State: Waiting, Tasks: []Task{{ID: 91, Node: 10, User: 8, State: Waiting}}})
	want(t, c, "1", Open)
	yes(t, c, 1)
	want(t, c, "8", Open)
	yes(t, c, 8)
	want(t, c, "2", Open)
	seqs := map[int]bool{}
	for _, n := range c.Nodes {
		if seqs[n.Seq] {
			t.Errorf("two nodes at %d", n.Seq)
		}
		seqs[n.Seq] = true
	}
}

func TestAddSignInSequenceKeepsWhatIsDecided_AP03(t *testing.T) {
	c := chain("sequence 1 2 3")
	yes(t, c, 1)
	c.AddBefore(Node{ID: 9, Mode: Any, State: Waiting, Tasks: []Task{{ID: 90, Node: 9, User: 7, State: Waiting}}})
	c.Advance(t0)
	want(t, c, "7", Open)
	yes(t, c, 7)
	want(t, c, "2", Open)
}

func TestHandOver_AP03(t *testing.T) {
	c := chain("any 1", "any 2")
	task := c.Held(1)
	task.RemindedAt = t0
	later := t0.Add(time.Hour)
	c.HandOver(task, 1, 5, later)
	want(t, c, "5", Open)
	if got := c.Held(5); got.For != 1 || got.OpenedAt != later || !got.RemindedAt.IsZero() {
		t.Errorf("the new task is %+v", got)
	}
	if c.Held(1) != nil {
		t.Error("who handed it over may still decide")
	}
	if !c.Asks(1) {
		t.Error("who handed it over may no longer read it")
	}
}

func TestLimits_AP05(t *testing.T) {
	l := Limits{Remind: 4 * time.Hour, Deputy: 8 * time.Hour, Escalate: 16 * time.Hour}
	type steps struct{ remind, deputy, escalate bool }
	for _, c := range []struct {
		task   Task
		waited time.Duration
		want   steps
	}{
		{Task{State: Asked}, 4*time.Hour - time.Millisecond, steps{}},
		{Task{State: Asked}, 4 * time.Hour, steps{remind: true}},
		{Task{State: Asked, RemindedAt: t0}, 7 * time.Hour, steps{}},
		{Task{State: Asked, RemindedAt: t0}, 8 * time.Hour, steps{deputy: true}},
		{Task{State: Asked}, 20 * time.Hour, steps{true, true, true}},
		{Task{State: Asked, RemindedAt: t0, DeputyAt: t0}, 16 * time.Hour, steps{escalate: true}},
		{Task{State: Asked, RemindedAt: t0, DeputyAt: t0, UpperAt: t0}, 1000 * time.Hour, steps{}},
		{Task{State: Passed}, 1000 * time.Hour, steps{}},
		{Task{State: Waiting}, 1000 * time.Hour, steps{}},
	} {
		r, d, e := l.Due(c.task, c.waited)
		if (steps{r, d, e}) != c.want {
			t.Errorf("%v after %v: %v, want %v", c.task.State, c.waited, steps{r, d, e}, c.want)
		}
	}
}
