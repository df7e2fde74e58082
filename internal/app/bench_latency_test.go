package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/bot/larkbot"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

const (
	latencyPeople = 200
	latencyRate   = 200 // events a second
)

// asked are the questions of the latency benchmark, in turns: a list of one's own,
// the pool, one record, and help that reads nothing.
var asked = []string{"/我的线索", "/公海", "/线索 L-1", "/帮助"}

// BenchmarkLatency sends 200 events a second for as many as b.N, each person one a
// second, to the whole program on MariaDB and Redis, and measures the time from
// the event to its acknowledgement and to the answer: `make latency` is a minute.
// The platforms' own rates, far below this, are off on both sides, and so is what
// a platform does to look at a card.
func BenchmarkLatency(b *testing.B) {
	b.Run("lark", func(b *testing.B) {
		l := newLark("long", emulator.LarkOptions{NoLimits: true, Trusting: true}, nil)
		measure(b, l, func(a *app.App) (worker, error) {
			id, secret := l.lark.App()
			x, err := larkbot.New(larkbot.Options{AppID: id, AppSecret: secret, BaseURL: l.lark.URL(), KV: a.KV, Inbox: a.DB, Clock: a.Clock, Unlimited: true})
			if err == nil {
				x.Connect(a.Runtime)
				a.AddPlatform(x, x.Later)
			}
			return x, err
		}, func(answered func(chat string)) {
			l.lark.Watch(func(m emulator.LarkMessage) { answered(m.Chat) })
		}, func(who, text string) (acknowledged, error) {
			return l.lark.Send(emulator.LarkIncoming{Person: l.person(who), Text: text})
		})
	})
	b.Run("dingtalk", func(b *testing.B) {
		d := newDing(emulator.DingOptions{NoLimits: true, Trusting: true}, nil)
		measure(b, d, func(a *app.App) (worker, error) {
			id, secret := d.ding.App()
			x, err := dingbot.New(dingbot.Options{ClientID: id, ClientSecret: secret, APIURL: d.ding.URL(), OAPIURL: d.ding.URL(), QuotaAPI: -1, QuotaStream: -1,
				KV: a.KV, Inbox: a.DB, Counter: a.DB, Clock: a.Clock, Unlimited: true})
			if err == nil {
				x.Connect(a.Runtime)
				a.AddPlatform(x, x.Later)
			}
			return x, err
		}, func(answered func(chat string)) {
			d.ding.Watch(func(m emulator.DingMessage) { answered(m.Chat) })
		}, func(who, text string) (acknowledged, error) {
			return d.ding.Send(emulator.DingIncoming{Person: who, Text: text})
		})
	})
}

// worker is an adapter as the app runs it.
type worker interface {
	bot.Platform
	Run(ctx context.Context) error
	Close(ctx context.Context) error
}

// acknowledged is an event on its way.
type acknowledged interface {
	Wait(ctx context.Context) (tries int, acked bool, err error)
}

func measure(b *testing.B, st stage, connect func(*app.App) (worker, error), watch func(func(chat string)), send func(who, text string) (acknowledged, error)) {
	b.Cleanup(st.close)
	a, err := app.New(b.Context(), app.Options{DSN: testdb.MySQL(b), Redis: testenv.Redis(b), AnswerWithin: 2 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	people := hired(b, a, st)
	x, err := connect(a)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	for _, fn := range []func(context.Context) error{a.Run, x.Run} {
		run.Go(func() {
			if err := fn(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	b.Cleanup(func() {
		stop()
		run.Wait()
		limit, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := x.Close(limit); err != nil {
			b.Error(err)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	})
	until(b, "the connection", st.live)

	var mu sync.Mutex
	waiting := map[string][]time.Time{} // by chat: when what is not answered yet was sent
	var acks, answers timings
	var again int
	watch(func(chat string) {
		mu.Lock()
		defer mu.Unlock()
		if q := waiting[chat]; len(q) > 0 {
			waiting[chat], answers = q[1:], append(answers, time.Since(q[0]))
		}
	})
	b.ResetTimer()
	_, _ = openLoop(b, latencyRate, time.Duration(b.N)*time.Second/latencyRate, 0, func(ctx context.Context, i int) error {
		who := people[i%len(people)]
		start := time.Now()
		mu.Lock()
		waiting[st.chat(who)] = append(waiting[st.chat(who)], start)
		mu.Unlock()
		d, err := send(who, asked[i/len(people)%len(asked)])
		if err != nil {
			return err
		}
		tries, ok, err := d.Wait(ctx)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if again += tries - 1; ok {
			acks = append(acks, time.Since(start))
		}
		return nil
	})
	b.StopTimer()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		mu.Lock()
		all := len(answers) >= b.N
		mu.Unlock()
		if all {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for name, t := range map[string]timings{"ack": acks, "answer": answers} {
		b.ReportMetric(ms(t.quantile(0.50)), name+"-p50-ms")
		b.ReportMetric(ms(t.quantile(0.99)), name+"-p99-ms")
	}
	// On a machine that keeps up, nothing is delivered a second time and nothing is
	// missing.
	b.ReportMetric(float64(again), "redelivered")
	b.ReportMetric(float64(b.N-len(acks)), "unacknowledged")
	b.ReportMetric(float64(max(b.N-len(answers), 0)), "unanswered")
	b.ReportMetric(0, "ns/op")
}

// hired are people of one team who are on the platform, with one lead each.
func hired(b *testing.B, a *app.App, st stage) []string {
	b.Helper()
	var people []string
	err := a.DB.InTx(b.Context(), func(ctx context.Context) error {
		team := org.Team{Name: "华东"}
		if err := a.DB.SaveTeam(ctx, &team); err != nil {
			return err
		}
		for i := range latencyPeople {
			m := member{key: fmt.Sprintf("rep%03d", i), name: fmt.Sprintf("销售%03d", i)}
			st.hire(m)
			people = append(people, m.key)
			u := org.User{Name: m.name, Roles: []crm.Role{crm.Rep}, Team: team.ID, Active: true}
			if err := a.DB.SaveUser(ctx, &u); err != nil {
				return err
			}
			if err := a.DB.AddIdentity(ctx, org.Identity{Platform: st.name(), External: st.person(m.key), User: u.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = a.Services.Directory.Reload(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	db, err := a.DB.SQL()
	if err != nil {
		b.Fatal(err)
	}
	var rows []string
	var args []any
	now := time.Now().UnixMilli()
	for i := range latencyPeople {
		rows = append(rows, "(?,'王总',?,'上海','展会','','','B',20,1050,'open',?,1,1,?,?,?,1)")
		owner := 0
		if i%2 == 0 {
			owner = i + 1
		}
		args = append(args, ownName(i), fmt.Sprintf(benchPhone, i), owner, now, now, now)
	}
	if _, err := db.ExecContext(b.Context(), "INSERT INTO crm_leads (company, contact, phone, city, source, need, note, grade, score_source, rank_no, status, owner_id, team_id, pool_id, created_ms, updated_ms, owned_ms, version) VALUES "+strings.Join(rows, ","), args...); err != nil {
		b.Fatal(err)
	}
	return people
}
