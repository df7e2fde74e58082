package crm

import "testing"

// TestMessageKeepsTheNextStepApart holds sentence and next step apart in both
// languages: run together, they read as one sentence that means nothing.
func TestMessageKeepsTheNextStepApart(t *testing.T) {
	e := Refused("P-05", "L-1 已被认领", "L-1 was already claimed").WithNext("发送 /公海 另选一条", "send /pool to choose another one")
	if got, want := e.Message(Chinese), "L-1 已被认领；发送 /公海 另选一条（规则 P-05）"; got != want {
		t.Errorf("in Chinese: %q, want %q", got, want)
	}
	if got, want := e.Message(English), "L-1 was already claimed; send /pool to choose another one (rule P-05)"; got != want {
		t.Errorf("in English: %q, want %q", got, want)
	}
}
