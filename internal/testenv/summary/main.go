// Command summary reads the events of `go test -json` on standard input and
// prints what `go test` prints: a line per package and the full output of what
// failed. It closes with the suites that were skipped and why, and a line with
// the counts of passed, failed and skipped tests (subtests count as tests).
//
// It exits with 1 when anything failed, when no test ran at all, or, with -strict,
// when anything was skipped. Further suites that the set-up had to leave out are
// given as arguments: summary "race detector: gcc is missing". Checks that failed
// before the tests are given by -failed, once each, and count as failures. What is
// known only when the tests are over is read from the file of -after then: lines
// that are each empty, "failed NAME" or "left SUITE: why".
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	strict := flag.Bool("strict", false, "fail when anything was skipped")
	var checks []string
	flag.Func("failed", "a `check` outside the tests that failed", func(name string) error {
		checks = append(checks, name)
		return nil
	})
	after := flag.String("after", "", "a `file` with what checks beside the tests found")
	flag.Parse()
	run := newRun(os.Stdout)
	if err := run.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(2)
	}
	left := flag.Args()
	if *after != "" {
		text, err := os.ReadFile(*after)
		if err != nil {
			fmt.Fprintln(os.Stderr, "summary:", err)
			os.Exit(2)
		}
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "failed "); ok {
				checks = append(checks, name)
			} else if suite, ok := strings.CutPrefix(strings.TrimSpace(line), "left "); ok {
				left = append(left, suite)
			}
		}
	}
	if !run.close(checks, left, *strict) {
		os.Exit(1)
	}
}
