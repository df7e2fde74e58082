package contract

import (
	"testing"

	"crmbot/internal/crm"
)

// TestNext_CT01 goes through every pair of state and event: the eight edges of
// the rule and no other.
func TestNext_CT01(t *testing.T) {
	allowed := map[State]map[Event]State{
		Draft:      {Submit: Pending},
		Pending:    {Approve: ToSign, Reject: Rejected},
		Rejected:   {Submit: Pending},
		ToSign:     {Sign: NotStarted, Decline: Rejected},
		NotStarted: {Start: Active},
		Active:     {End: Expired},
		Expired:    {},
	}
	if len(States) != 7 || len(Events) != 7 {
		t.Fatalf("%d states and %d events; the table below is for 7 and 7", len(States), len(Events))
	}
	for _, s := range States {
		for _, e := range Events {
			want, ok := allowed[s][e]
			got, err := Next(s, e)
			switch {
			case ok && (err != nil || got != want):
				t.Errorf("%s on %s: %s, %v; want %s", s, e, got, err, want)
			case !ok && (err == nil || got != s):
				t.Errorf("%s on %s: %s, %v; want a refusal and no move", s, e, got, err)
			case !ok && (crm.RuleOf(err) != "CT-01" || crm.CodeOf(err) != crm.CodeRefused):
				t.Errorf("%s on %s: %v; want a refusal by CT-01", s, e, err)
			}
			if !ok {
				for _, l := range []crm.Lang{crm.Chinese, crm.English} {
					if m := crm.MessageOf(err, l); len(m) < 20 {
						t.Errorf("%s on %s: message %q says too little", s, e, m)
					}
				}
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, l := range []crm.Lang{crm.Chinese, crm.English} {
		for _, s := range States {
			if s.Name(l) == "" {
				t.Errorf("state %s has no name in %q", s, l)
			}
		}
		for _, e := range append([]Event{Create, Edit, Scan, Terminate, SendBack, Withdraw, Void}, Events...) {
			if e.Name(l) == "" {
				t.Errorf("event %s has no name in %q", e, l)
			}
		}
		for _, c := range []Cause{ByApprover, Returned, Withdrawn, Changed, Declined} {
			if c.Name(l) == "" {
				t.Errorf("cause %s has no name in %q", c, l)
			}
		}
		for f := range fieldNames {
			if f.Name(l) == "" {
				t.Errorf("field %s has no name in %q", f, l)
			}
		}
	}
}
