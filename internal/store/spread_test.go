package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"crmbot/internal/crm"
)

// Every receiver has a moment of their own after the full or half hour: none at
// it, none beyond the window, and no crowd anywhere.
func TestReceiversAreSpreadOverTheMinutesAfterAFullOrHalfHour(t *testing.T) {
	const within = 4 * time.Minute
	for _, mark := range []time.Time{time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC), time.Date(2026, 3, 4, 1, 0, 0, 0, time.UTC)} {
		perSecond := map[int]int{}
		for u := range 1000 {
			got := spread(mark, crm.ToUser(crm.UserID(u+1)), within)
			after := got.Sub(mark)
			if after < notAt || after >= within {
				t.Fatalf("person %d: %s after %s", u+1, after, mark)
			}
			if again := spread(mark, crm.ToUser(crm.UserID(u+1)), within); !again.Equal(got) {
				t.Fatalf("person %d: %s, then %s", u+1, got, again)
			}
			perSecond[int(after/time.Second)]++
		}
		for s, n := range perSecond {
			if n > 16 {
				t.Errorf("%d people %d s after %s", n, s, mark)
			}
		}
	}
}

func TestSpreadingNeverMovesAMessageEarlierOrOutOfItsWindow(t *testing.T) {
	mark := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)
	const within = 4 * time.Minute
	for u := range 200 {
		to := crm.ToUser(crm.UserID(u + 1))
		own := spread(mark, to, within)
		for _, late := range []time.Duration{time.Second, time.Minute, 3 * time.Minute} {
			want := own
			if at := mark.Add(late); own.Before(at) {
				want = at // a job that ran late waits no longer than it must
			}
			if got := spread(mark.Add(late), to, within); !got.Equal(want) {
				t.Errorf("person %d, job %s late: %s, want %s", u+1, late, got, want)
			}
		}
		for _, other := range []time.Time{mark.Add(within), mark.Add(5 * time.Minute), mark.Add(-time.Millisecond)} {
			if got := spread(other, to, within); !got.Equal(other) {
				t.Errorf("%s became %s", other, got)
			}
		}
		if got := spread(mark, to, 0); !got.Equal(mark) {
			t.Errorf("without a window: %s", got)
		}
	}
	if a, b := spread(mark, crm.ToGroup("lark", "oc_1"), within), spread(mark, crm.ToGroup("lark", "oc_2"), within); a.Equal(b) {
		t.Error("two groups at one moment")
	}
}

// Only what a job queues is spread; what somebody does at a full hour is answered
// at once.
func TestOnlyScheduledMessagesAreSpread(t *testing.T) {
	mark := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)
	clock := crm.NewMovableClock(mark, true)
	d, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), clock)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.SpreadSends(4 * time.Minute)
	queue := func(ctx context.Context, key string, after time.Time) {
		t.Helper()
		err := d.InTx(ctx, func(ctx context.Context) error {
			return d.Effects().Notify(ctx, crm.Notice{To: crm.ToUser(7), View: crm.View{Name: "v", Ref: key}, Key: key, After: after})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	queue(t.Context(), "typed", time.Time{})
	queue(t.Context(), "own reminder", mark.Add(time.Hour))
	queue(WithSchedule(t.Context()), "report", time.Time{})
	queue(WithSchedule(t.Context()), "held back", mark.Add(time.Hour))
	own := spread(mark, crm.ToUser(7), 4*time.Minute).Sub(mark)
	for key, want := range map[string]time.Duration{"typed": 0, "own reminder": time.Hour, "report": own, "held back": time.Hour + own} {
		var r outboxRow
		if err := d.read(t.Context()).Where("okey = ?", key).Take(&r).Error; err != nil {
			t.Fatal(err)
		}
		if got := at(r.NextMs).Sub(mark); got != want {
			t.Errorf("%s goes out after %s, want %s", key, got, want)
		}
	}
}
