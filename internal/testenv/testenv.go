// Package testenv gives tests the servers and files they need from outside the
// module: a MySQL database, a Redis, a browser, the chart package and the
// practice data. `make test` provides all of them and names them in the
// environment; by hand, `make servers` writes the same variables to
// .cache/test-servers.env.
//
// A test whose thing is missing is skipped by the name of its suite, so that
// the summary can say what was not tested. When CI is set, missing means failed.
package testenv

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// The variables by which a test run is told where things are. Each has a twin
// with _WHY appended that says why it is empty; the skip message repeats it.
const (
	EnvMySQL    = "CRMBOT_TEST_MYSQL"    // DSN without database: root@tcp(127.0.0.1:3306)/
	EnvRedis    = "CRMBOT_TEST_REDIS"    // URL: redis://127.0.0.1:6379/0
	EnvChromium = "CRMBOT_TEST_CHROMIUM" // path of the browser's program
	EnvVChart   = "CRMBOT_TEST_VCHART"   // path of the browser build of @visactor/vchart
	EnvData     = "CRMBOT_TEST_DATA"     // folder of the practice data
)

// Missing ends the test because something it needs is not there: skipped by
// the suite's name, or failed when CI is set. It is the only way to skip a test.
func Missing(t testing.TB, suite, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s: %s, and nothing may be skipped when CI is set", suite, why)
	}
	t.Skipf("%s: %s", suite, why)
}

// why is the reason that the set-up gave for leaving the variable empty.
func why(variable, fallback string) string {
	if w := os.Getenv(variable + "_WHY"); w != "" {
		return w
	}
	return fallback
}

// Root is the folder of the module's go.mod. It fails the test when the
// working directory is not inside a module.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatalf("finding the module's root: %v", err)
	}
	return dir
}

var root = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", os.ErrNotExist
		}
		dir = parent
	}
})
