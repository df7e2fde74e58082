// Command summary reads the events of `go test -json` on standard input and
// prints what `go test` prints: a line per package and the full output of what
// failed. It closes with the suites that were skipped and why, and a line with
// the counts of passed, failed and skipped tests (subtests count as tests).
//
// It exits with 1 when anything failed, when no test ran at all, or, with -strict,
// when anything was skipped. Further suites that the set-up had to leave out are
// given as arguments: summary "race detector: gcc is missing". Checks that failed
// before the tests are given by -failed, once each, and count as failures.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	strict := flag.Bool("strict", false, "fail when anything was skipped")
	var checks []string
	flag.Func("failed", "a `check` outside the tests that failed", func(name string) error {
		checks = append(checks, name)
		return nil
	})
	flag.Parse()
	run := newRun(os.Stdout)
	if err := run.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(2)
	}
	if !run.close(checks, flag.Args(), *strict) {
		os.Exit(1)
	}
}
