package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases.
var version = "dev"

type versionCmd struct{}

// Run prints the version, the commit if known, and the Go release.
func (versionCmd) Run(e *env) error {
	commit := ""
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" && len(s.Value) > 12 {
				commit = " (" + s.Value[:12] + ")"
			}
		}
	}
	_, err := fmt.Fprintf(e.out, "crmbot %s%s %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
