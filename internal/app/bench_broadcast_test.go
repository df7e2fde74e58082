package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

// broadcastTo is how many people get their report at half past five.
const broadcastTo = 1000

// atOnce is a stage whose messages are not spread over minutes and not held back
// for a monthly quota: only the platform's rate remains.
type atOnce struct{ stage }

func (a atOnce) configure(c *configs.Config) {
	a.stage.configure(c)
	c.Org.SpreadMinutes, c.DingTalk.QuotaAPI, c.DingTalk.QuotaStream = 0, 0, 0
}

// BenchmarkBroadcast lets two replicas draft the day's reports and send one card
// to each of 1,000 people as fast as the platform allows: `make broadcast`. The
// share is of the rate that the platform allows for long, 1,000 a minute on Lark
// and 20 a second on DingTalk.
func BenchmarkBroadcast(b *testing.B) {
	b.Run("lark", func(b *testing.B) {
		broadcast(b, 1000.0/60, func(clock crm.Clock) (stage, *emulator.Log, string) {
			l := newLark("long", emulator.LarkOptions{}, clock)
			return l, &l.lark.Log, "POST /open-apis/im/v1/messages"
		})
	})
	b.Run("dingtalk", func(b *testing.B) {
		broadcast(b, 20, func(clock crm.Clock) (stage, *emulator.Log, string) {
			d := newDing(emulator.DingOptions{}, clock)
			return d, &d.ding.Log, "POST /v1.0/card/instances/createAndDeliver"
		})
	})
}

func broadcast(b *testing.B, allowed float64, open func(crm.Clock) (stage, *emulator.Log, string)) {
	for range b.N {
		clock := crm.NewMovableClock(time.Date(2026, 3, 4, 9, 10, 0, 0, time.UTC), false) // 17:10 in China
		st, calls, api := open(clock)
		for i := range broadcastTo {
			st.hire(member{key: fmt.Sprintf("rep%04d", i), name: fmt.Sprintf("销售%04d", i), number: fmt.Sprintf("N%04d", i)})
		}
		o := app.Options{DSN: testdb.MySQL(b), Redis: testenv.Redis(b), Clock: clock}
		s := story{serve(b, o, nil, atOnce{st}), st, nil}
		serve(b, o, nil, atOnce{st}) // the other replica
		s.known("rep0000", fmt.Sprintf("rep%04d", broadcastTo-1))
		calls.Forget()
		if err := clock.Set(time.Date(2026, 3, 4, 9, 29, 59, 0, time.UTC)); err != nil {
			b.Fatal(err)
		}
		var good, throttled int
		var first, last time.Time
		count := func() bool {
			good, throttled = 0, 0
			for _, c := range calls.Calls(api) {
				switch {
				case c.Status == http.StatusOK:
					if good++; good == 1 {
						first = c.At
					}
					last = c.At
				default:
					throttled++
				}
			}
			return good >= broadcastTo
		}
		for deadline := time.Now().Add(5 * time.Minute); !count(); <-time.After(500 * time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatalf("%d cards after 5 minutes, %d refused", good, throttled)
			}
		}
		s.delivered()
		count()
		reached := 0
		for i := range broadcastTo {
			reached += min(1, len(st.seen(st.chat(fmt.Sprintf("rep%04d", i)))))
		}
		took := last.Sub(first).Seconds()
		b.ReportMetric(float64(good), "cards")
		b.ReportMetric(float64(reached), "people")
		b.ReportMetric(took, "seconds")
		b.ReportMetric(100*float64(good-1)/took/allowed, "%-of-rate")
		b.ReportMetric(float64(throttled), "throttled")
		b.ReportMetric(0, "ns/op")
	}
}
