package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build output
	Test        string
	Output      string
	FailedBuild string
}

// run is what is known of a test run so far.
type run struct {
	out                     io.Writer
	packages                map[string]*pkg
	builds                  map[string]*strings.Builder
	builtShown              map[string]bool
	passed, failed, skipped int
	suites                  []string       // reasons for skipping, in order of appearance
	skips                   map[string]int // tests per reason
}

// pkg is one package's tests and its own output.
type pkg struct {
	output strings.Builder
	order  []string // tests in order of their first event
	tests  map[string]*test
	failed int
}

type test struct {
	output strings.Builder
	result string // pass, fail, skip; empty while running
}

func newRun(out io.Writer) *run {
	return &run{out: out, packages: map[string]*pkg{}, builds: map[string]*strings.Builder{}, builtShown: map[string]bool{}, skips: map[string]int{}}
}

// read takes all events. Lines that are no events are passed through.
func (r *run) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if line[0] != '{' || json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line)
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *run) take(e event) {
	switch e.Action {
	case "build-output":
		b := r.builds[e.ImportPath]
		if b == nil {
			b = &strings.Builder{}
			r.builds[e.ImportPath] = b
		}
		b.WriteString(e.Output)
		return
	case "build-fail":
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &pkg{tests: map[string]*test{}}
		r.packages[e.Package] = p
	}
	if e.Test == "" {
		r.takePackage(p, e)
		return
	}
	t := p.tests[e.Test]
	if t == nil {
		t = &test{}
		p.tests[e.Test] = t
		p.order = append(p.order, e.Test)
	}
	switch e.Action {
	case "output":
		t.output.WriteString(e.Output)
	case "pass":
		t.result = e.Action
		r.passed++
	case "fail":
		t.result = e.Action
		r.failed++
		p.failed++
	case "skip":
		t.result = e.Action
		r.skipped++
		r.skip(skipReason(e.Package, e.Test, t.output.String()), 1)
	}
}

// takePackage handles an event of the package as a whole. Its output lines are
// held back until the result is known: only a failed package shows more than its result line.
func (r *run) takePackage(p *pkg, e event) {
	switch e.Action {
	case "output":
		p.output.WriteString(e.Output)
	case "pass", "skip":
		fmt.Fprint(r.out, resultLine(p.output.String()))
		delete(r.packages, e.Package)
	case "fail":
		if b := r.builds[e.FailedBuild]; b != nil && !r.builtShown[e.FailedBuild] {
			r.builtShown[e.FailedBuild] = true
			fmt.Fprint(r.out, b.String())
		}
		for _, name := range p.order {
			t := p.tests[name]
			if t.result == "" {
				// It was running when the package ended: a panic or the time limit.
				r.failed++
				p.failed++
			}
			if t.result == "fail" || t.result == "" {
				fmt.Fprint(r.out, withoutProgress(t.output.String()))
			}
		}
		if p.failed == 0 {
			r.failed++ // did not build, or failed outside any test
		}
		fmt.Fprint(r.out, withoutProgress(p.output.String()))
		delete(r.packages, e.Package)
	}
}

// skip notes that n tests were skipped for the reason.
func (r *run) skip(reason string, n int) {
	if _, known := r.skips[reason]; !known {
		r.suites = append(r.suites, reason)
	}
	r.skips[reason] += n
}

// close prints the end of the report and says whether the run was good. The
// named checks failed before the tests. The suites in left were not even
// started; they count as one skipped test each.
func (r *run) close(checks, left []string, strict bool) bool {
	// Counted apart: a run of checks without a single test is no good run.
	ran := r.passed+r.failed+r.skipped > 0
	for name, p := range r.packages {
		// Events stopped in the middle: the go command itself was killed.
		fmt.Fprintf(r.out, "FAIL\t%s [no result]\n%s", name, p.output.String())
		r.failed++
	}
	for _, check := range checks {
		fmt.Fprintf(r.out, "FAIL\t%s [see above]\n", check)
		r.failed++
	}
	for _, reason := range left {
		r.skipped++
		r.skip(reason, 1)
	}
	slices.Sort(r.suites)
	for _, reason := range r.suites {
		suite, why, ok := strings.Cut(reason, ": ")
		if !ok {
			suite, why = reason, "no reason given"
		}
		tests := "tests"
		if r.skips[reason] == 1 {
			tests = "test"
		}
		fmt.Fprintf(r.out, "SKIPPED: %s (%s), %d %s\n", suite, why, r.skips[reason], tests)
	}
	good := r.failed == 0
	switch {
	case !ran:
		fmt.Fprintln(r.out, "FAIL: no test ran")
		good = false
	case strict && r.skipped > 0:
		fmt.Fprintln(r.out, "FAIL: nothing may be skipped in this run")
		good = false
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	return good
}

var skipLine = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (.+)$`)

// skipReason is the message that the test was skipped with, "suite: why" when it
// came from testenv.Missing and otherwise preceded by the test's own name.
func skipReason(pkg, test, output string) string {
	m := skipLine.FindAllStringSubmatch(output, -1)
	if len(m) == 0 {
		return pkg + " " + test
	}
	reason := m[len(m)-1][1]
	if suite, _, ok := strings.Cut(reason, ": "); ok && strings.HasSuffix(suite, " suite") {
		return reason
	}
	return pkg + " " + test + ": " + reason
}

// resultLine is the last line, the one with "ok" or "[no test files]".
func resultLine(output string) string {
	lines := strings.SplitAfter(strings.TrimRight(output, "\n"), "\n")
	return lines[len(lines)-1] + "\n"
}

var progress = regexp.MustCompile(`(?m)^=== (RUN|PAUSE|CONT|NAME) .*\n`)

// withoutProgress drops the lines that only -v prints.
func withoutProgress(output string) string { return progress.ReplaceAllString(output, "") }
