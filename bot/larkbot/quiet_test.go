package larkbot_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Standard output belongs to the program: the SDK's words go to the log.
func TestTheSDKWritesNothingToStandardOutput(t *testing.T) {
	// A process of its own, because the SDK may greet before any test begins.
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMessagesOfEveryKind$/^text$").Output()
	if err != nil || strings.Contains(string(out), "event-dispatch") || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v, printed %s", err, out)
	}
}
