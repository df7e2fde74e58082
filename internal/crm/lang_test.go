package crm

import (
	"slices"
	"testing"
)

func TestOwnKeepsTheLinesOfTheReader(t *testing.T) {
	both := []string{"/认领 L-12", "/claim L-12"}
	for _, c := range []struct {
		lang Lang
		in   []string
		want []string
	}{
		{Chinese, both, both[:1]},
		{English, both, both[1:]},
		{English, both[:1], both[:1]},
		{Chinese, both[1:], both[1:]},
		{English, nil, nil},
	} {
		if got := c.lang.Own(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q.Own(%q) = %q, want %q", c.lang, c.in, got, c.want)
		}
	}
}
