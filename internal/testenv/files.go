package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Chromium is the path of the browser's program, from CRMBOT_TEST_CHROMIUM or
// the search path.
func Chromium(t testing.TB) string {
	t.Helper()
	if p := os.Getenv(EnvChromium); p != "" {
		return existing(t, EnvChromium, p)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	Missing(t, "browser suite", why(EnvChromium, "no browser ("+EnvChromium+" is empty and chromium is not on the path)"))
	return ""
}

// VChart is the path of the browser build of @visactor/vchart, one script file.
func VChart(t testing.TB) string {
	t.Helper()
	if p := os.Getenv(EnvVChart); p != "" {
		return existing(t, EnvVChart, p)
	}
	Missing(t, "chart suite", why(EnvVChart, "no @visactor/vchart ("+EnvVChart+" is empty)"))
	return ""
}

// Data is the path of a file or folder of the practice data, named with
// forward slashes relative to its folder ("maven/accounts.csv"). The folder is
// CRMBOT_TEST_DATA, or shared/data beside the module's root.
func Data(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv(EnvData)
	if dir == "" {
		dir = filepath.Join(filepath.Dir(Root(t)), "shared", "data")
		if _, err := os.Stat(dir); err != nil {
			Missing(t, "practice data suite", why(EnvData, "no practice data ("+EnvData+" is empty and there is no ../shared/data)"))
		}
	}
	return existing(t, EnvData, filepath.Join(dir, filepath.FromSlash(name)))
}

// existing returns the path when something is there. A wrong promise is a
// failure, not a skip: otherwise a typing mistake would turn a suite off.
func existing(t testing.TB, variable, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return path
}
