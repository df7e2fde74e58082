package app_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/testdb"
)

// again is how a stage delivers again on a bad day: soon and for long.
var again = slices.Repeat([]time.Duration{300 * time.Millisecond}, 60)

func workday() *crm.MovableClock {
	return crm.NewMovableClock(time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC), false) // 15:00 in China
}

// larkLong, larkHook and ding open a stage without the platform's rate limits.
func larkLong(clock crm.Clock) stage {
	return newLark("long", emulator.LarkOptions{NoLimits: true, Redeliver: again}, clock)
}

func larkHook(clock crm.Clock) stage {
	return newLark("webhook", emulator.LarkOptions{NoLimits: true, Redeliver: again}, clock)
}

func ding(clock crm.Clock) stage {
	return newDing(emulator.DingOptions{NoLimits: true, Redeliver: again}, clock)
}

// P-05: of fifty people who press the same button of one card in a group, one
// gets the lead, and everybody sees who.
func TestP05FiftyPeopleClaimOneLead(t *testing.T) {
	for name, open := range map[string]func(crm.Clock) stage{"lark": larkLong, "lark webhook": larkHook, "dingtalk": ding} {
		t.Run(name, func(t *testing.T) { fiftyClaim(t, open) })
	}
}

func fiftyClaim(t *testing.T, open func(crm.Clock) stage) {
	const phone = "13800138000"
	dsn := testdb.MySQL(t) // SQLite lets one writer in at a time anyway
	clock := workday()
	st := open(clock)
	var reps []string
	st.hire(staff[0])
	for i := range 50 {
		m := member{key: fmt.Sprintf("rep%02d", i), name: fmt.Sprintf("销售%02d", i)}
		reps = append(reps, m.key)
		st.hire(m)
	}
	s := story{serve(t, app.Options{DSN: dsn, Clock: clock}, nil, st), st, nil}
	s.known(append(reps, "wang")...)
	s.say("wang", "/新线索 上海华星科技 王总 "+phone+" 展会", "L-1")
	g := s.group("华东群", append(slices.Clone(reps), "wang")...)
	if err := s.send("rep00", g, "@bot /公海"); err != nil {
		t.Fatal(err)
	}
	pool := s.awaitsIn(g, "L-1")
	claim, found := s.button(pool, "认领")
	if !found {
		t.Fatalf("no button on %s", pool.text)
	}
	var mu sync.Mutex
	var slowest time.Duration
	var wg sync.WaitGroup
	for _, r := range reps {
		wg.Go(func() {
			p := claim(r)
			if !p.ok {
				t.Errorf("%s got no answer", r)
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, p.took)
		})
	}
	wg.Wait()
	t.Logf("slowest answer %s", slowest)
	winners := func() (n int) {
		for _, r := range reps {
			if _, ok := s.newest(s.chat(r), phone); ok {
				n++
			}
		}
		return n
	}
	until(t, "the winner's card", func() bool { return winners() > 0 })
	s.awaitsIn(g, "已被")
	s.delivered()
	if n := winners(); n != 1 {
		t.Errorf("%d people got the lead", n)
	}
	if n := s.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'claim'"); n != 1 {
		t.Errorf("%d claims in the ledger", n)
	}
	if _, ok := s.newest(g, phone); ok {
		t.Error("the group reads the phone number")
	}
}

// day is a day's work of three people, each step seen before the next.
func (s story) day() {
	s.t.Helper()
	for i, name := range []string{"上海华星科技有限公司 王建国", "明月餐饮管理有限公司 赵敏", "深圳海川电子 孙涛", "海川物流集团 周强"} {
		s.say("wang", fmt.Sprintf("/新线索 %s 1380013800%d 展会", name, i), fmt.Sprintf("L-%d", i+1))
	}
	s.say("li", "/认领 L-1", "认领成功")
	s.say("zhang", "/认领 L-2 L-3", "L-3")
	s.tap("li", s.say("li", "拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约", "请确认"), "确认")
	s.awaits("li", "V-1")
	s.tap("zhang", s.say("zhang", "电话 明月 赵敏 5分钟 约了明天见面", "请确认"), "确认")
	s.awaits("zhang", "V-2")
	s.say("li", "/认领 L-4", "L-4")
	s.say("li", "/我的线索", "共 2 条")
	s.say("zhang", "/我的线索", "共 2 条")
}

// over waits until what the day left to do is done.
func (s story) over() {
	s.t.Helper()
	s.delivered()
	s.empty("the inbox", func() int64 { return s.count("SELECT COUNT(*) FROM crm_inbox WHERE done_ms = 0") })
}

// cards are how often each card of a person's chat is there.
func (s story) cards(who string) map[string]int {
	out := map[string]int{}
	for _, m := range s.seen(s.chat(who)) {
		if m.card {
			out[m.id]++
		}
	}
	return out
}

// A day on which everything comes three times, late and in pieces, sockets drop
// with every event and every second, and calls fail in six ways ends with the same database
// as a quiet one, and with every card shown once.
func TestABadDayEndsLikeAGoodOne(t *testing.T) {
	for name, open := range map[string]func(crm.Clock) stage{"lark": larkLong, "lark webhook": larkHook, "dingtalk": ding} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			badDay(t, open)
		})
	}
}

func badDay(t *testing.T, open func(crm.Clock) stage) {
	begin := func() story {
		clock := workday()
		st := open(clock)
		for _, m := range staff {
			st.hire(m)
		}
		return story{serve(t, app.Options{Clock: clock}, nil, st), st, nil}
	}
	people := []string{"wang", "li", "zhang"}
	good := begin()
	good.known(people...)
	good.day()
	good.over()
	want := good.state()
	if len(want["crm_leads"]) != 4 || len(want["crm_activities"]) != 2 || len(want["crm_facts"]) == 0 {
		t.Fatalf("the good day left %v", want)
	}
	bad := begin()
	bad.known(people...)
	bad.trouble()
	var mishaps atomic.Int64
	bad.during = func() { bad.stage.disturb(int(mishaps.Add(1))) }
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				bad.during()
			}
		}
	}()
	bad.day()
	close(stop)
	<-done
	bad.mend()
	bad.over()
	t.Logf("%d mishaps", mishaps.Load())
	got := bad.state()
	for table, rows := range want {
		if !slices.Equal(rows, got[table]) {
			t.Errorf("%s\n on a good day %q\n on a bad day  %q", table, rows, got[table])
		}
	}
	// Nobody got a card twice: cards are what an answer is.
	for _, who := range people {
		seen := bad.cards(who)
		for id, k := range seen {
			if k != 1 {
				t.Errorf("%s has card %s %d times", who, id, k)
			}
		}
		if n := len(good.cards(who)); len(seen) != n {
			t.Errorf("%s has %d cards, %d on a good day", who, len(seen), n)
		}
	}
}
