package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// events writes the stream that go test -json would.
func events(t *testing.T, list ...event) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	for _, e := range list {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return &b
}

func TestSummary(t *testing.T) {
	ok := []event{
		{Action: "start", Package: "m/a"},
		{Action: "run", Package: "m/a", Test: "TestOne"},
		{Action: "output", Package: "m/a", Test: "TestOne", Output: "=== RUN   TestOne\n"},
		{Action: "output", Package: "m/a", Test: "TestOne", Output: "    a_test.go:1: quiet\n"},
		{Action: "pass", Package: "m/a", Test: "TestOne"},
		{Action: "output", Package: "m/a", Output: "PASS\n"},
		{Action: "output", Package: "m/a", Output: "ok  \tm/a\t0.004s\n"},
		{Action: "pass", Package: "m/a"},
	}
	skip := func(pkg, test, message string) []event {
		return []event{
			{Action: "output", Package: pkg, Test: test, Output: "    b_test.go:7: " + message + "\n"},
			{Action: "output", Package: pkg, Test: test, Output: "--- SKIP: " + test + " (0.00s)\n"},
			{Action: "skip", Package: pkg, Test: test},
			{Action: "output", Package: pkg, Output: "ok  \t" + pkg + "\t0.1s\n"},
			{Action: "pass", Package: pkg},
		}
	}
	for _, c := range []struct {
		name         string
		events       []event
		checks, left []string
		strict, good bool
		has, hasNot  []string
		last         string
	}{
		{name: "passed output is not shown", events: ok, strict: true, good: true,
			has: []string{"ok  \tm/a\t0.004s\n"}, hasNot: []string{"quiet", "=== RUN", "PASS"}, last: "1 passed, 0 failed, 0 skipped"},
		{name: "failed tests are shown whole, passed neighbours not",
			events: append([]event{
				{Action: "output", Package: "m/b", Test: "TestBad", Output: "=== RUN   TestBad\n"},
				{Action: "output", Package: "m/b", Test: "TestBad", Output: "    b_test.go:3: wrong number\n"},
				{Action: "fail", Package: "m/b", Test: "TestBad"},
				{Action: "output", Package: "m/b", Test: "TestFine", Output: "    b_test.go:4: nothing to see\n"},
				{Action: "pass", Package: "m/b", Test: "TestFine"},
				{Action: "output", Package: "m/b", Output: "FAIL\tm/b\t0.1s\n"},
				{Action: "fail", Package: "m/b"},
			}, ok...),
			has: []string{"wrong number", "FAIL\tm/b\t0.1s", "ok  \tm/a"}, hasNot: []string{"nothing to see", "=== RUN"},
			last: "2 passed, 1 failed, 0 skipped"},
		{name: "a test that never ended failed",
			events: []event{
				{Action: "output", Package: "m/b", Test: "TestHang", Output: "panic: test timed out after 1s\n"},
				{Action: "output", Package: "m/b", Output: "FAIL\tm/b\t1.0s\n"},
				{Action: "fail", Package: "m/b"},
			}, has: []string{"timed out"}, last: "0 passed, 1 failed, 0 skipped"},
		{name: "a package that does not build failed",
			events: append([]event{
				{Action: "build-output", ImportPath: "m/c", Output: "c.go:2:1: undefined: f\n"},
				{Action: "build-fail", ImportPath: "m/c"},
				{Action: "output", Package: "m/c", Output: "FAIL\tm/c [build failed]\n"},
				{Action: "fail", Package: "m/c", FailedBuild: "m/c"},
			}, ok...), has: []string{"undefined: f", "[build failed]"}, last: "1 passed, 1 failed, 0 skipped"},
		{name: "skips are grouped by suite",
			events: append(append(skip("m/b", "TestX", "MySQL suite: no server"), skip("m/c", "TestY", "MySQL suite: no server")...), ok...),
			good:   true, has: []string{"SKIPPED: MySQL suite (no server), 2 tests\n"}, last: "1 passed, 0 failed, 2 skipped"},
		{name: "a skip without a suite names its test", events: append(skip("m/b", "TestX", "not today"), ok...), good: true,
			has: []string{"SKIPPED: m/b TestX (not today), 1 test\n"}, last: "1 passed, 0 failed, 1 skipped"},
		{name: "strict: a skip fails the run", events: append(skip("m/b", "TestX", "MySQL suite: no server"), ok...), strict: true,
			has: []string{"SKIPPED: MySQL suite (no server), 1 test\n", "FAIL: nothing may be skipped"}, last: "1 passed, 0 failed, 1 skipped"},
		{name: "strict: a suite left out by the set-up fails the run", events: ok, strict: true, left: []string{"race detector: gcc is missing"},
			has: []string{"SKIPPED: race detector (gcc is missing), 1 test\n"}, last: "1 passed, 0 failed, 1 skipped"},
		{name: "a failed check fails the run", events: ok, checks: []string{"gofmt"},
			has: []string{"FAIL\tgofmt [see above]\n"}, last: "1 passed, 1 failed, 0 skipped"},
		{name: "no test at all is no success", checks: nil, has: []string{"FAIL: no test ran"}, last: "0 passed, 0 failed, 0 skipped"},
		{name: "a stream that stops is a failure", events: ok[:5], has: []string{"[no result]"}, last: "1 passed, 1 failed, 0 skipped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			r := newRun(&out)
			if err := r.read(events(t, c.events...)); err != nil {
				t.Fatal(err)
			}
			if good := r.close(c.checks, c.left, c.strict); good != c.good {
				t.Errorf("good is %v, want %v", good, c.good)
			}
			got := out.String()
			for _, s := range c.has {
				if !strings.Contains(got, s) {
					t.Errorf("misses %q in\n%s", s, got)
				}
			}
			for _, s := range c.hasNot {
				if strings.Contains(got, s) {
					t.Errorf("must not show %q:\n%s", s, got)
				}
			}
			if !strings.HasSuffix(got, "\n"+c.last+"\n") && got != c.last+"\n" {
				t.Errorf("last line is not %q:\n%s", c.last, got)
			}
		})
	}
}

func TestLinesThatAreNoEventsPassThrough(t *testing.T) {
	var out bytes.Buffer
	if err := newRun(&out).read(strings.NewReader("go: downloading x\n{not json\nlast without newline")); err != nil {
		t.Fatal(err)
	}
	if want := "go: downloading x\n{not json\nlast without newline"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
