package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// dinging is the program as `crmbot serve` runs it, on a played DingTalk.
type dinging struct {
	t    *testing.T
	app  *app.App
	ding *emulator.Ding
	url  string
}

// serveDing starts the program. It is stopped, and must end well, with the test.
func serveDing(t *testing.T, clock crm.Clock, o emulator.DingOptions, prepare func(d *emulator.Ding)) *dinging {
	t.Helper()
	o.Clock = clock
	ding := emulator.NewDing(o)
	a, err := app.New(t.Context(), app.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crm.db"), Clock: clock, AnswerWithin: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	prepare(ding)
	cfg := configs.Defaults()
	cfg.DingTalk.ClientID, cfg.DingTalk.ClientSecret = ding.App()
	cfg.DingTalk.APIURL, cfg.DingTalk.OAPIURL = ding.URL(), ding.URL()
	platforms, err := a.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(platforms.Handler(a.Handler()))
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	for _, fn := range []func(context.Context) error{a.Run, platforms.Run} {
		run.Go(func() {
			if err := fn(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		run.Wait()
		srv.CloseClientConnections()
		srv.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		ding.Close()
	})
	s := &dinging{t, a, ding, srv.URL}
	until(t, "the connection", func() bool { return ding.Connections() == 1 })
	return s
}

// known waits until the directory knows everybody.
func (s *dinging) known(users ...string) {
	s.t.Helper()
	for _, u := range users {
		until(s.t, "the directory", func() bool {
			_, err := s.app.Services.Directory.ByIdentity(s.t.Context(), "dingtalk", "", u)
			return err == nil
		})
	}
}

func (s *dinging) actor(user string) crm.Actor {
	a, err := s.app.Services.Directory.ByIdentity(s.t.Context(), "dingtalk", "", user)
	if err != nil {
		return crm.Actor{}
	}
	return a
}

// shows is the newest message of the bot in a chat that contains the text.
func (s *dinging) shows(chat, text string) (emulator.DingMessage, bool) {
	list := s.ding.Messages(chat)
	for _, m := range slices.Backward(list) {
		if m.From == "" && strings.Contains(s.ding.Text(m), text) {
			return m, true
		}
	}
	return emulator.DingMessage{}, false
}

func (s *dinging) awaits(user, want string) emulator.DingMessage {
	s.t.Helper()
	var found emulator.DingMessage
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := emulator.Await(ctx, func() bool {
		m, ok := s.shows(s.ding.P2P(user), want)
		found = m
		return ok
	})
	if err != nil {
		var all []string
		for _, m := range s.ding.Messages(s.ding.P2P(user)) {
			all = append(all, s.ding.Text(m))
		}
		s.t.Fatalf("%s does not see %q but:\n%s", user, want, strings.Join(all, "\n---\n"))
	}
	return found
}

func (s *dinging) say(user, text, want string) emulator.DingMessage {
	s.t.Helper()
	if _, err := s.ding.Send(emulator.DingIncoming{Person: user, Text: text}); err != nil {
		s.t.Fatal(err)
	}
	return s.awaits(user, want)
}

// press presses a button again until the platform took an answer: the person's
// finger on a bad day.
func (s *dinging) press(user, id, label string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := emulator.Await(ctx, func() bool {
		c, _ := s.ding.Card(id)
		for _, x := range c.Controls() {
			if x.Label == label {
				a, err := s.ding.Press(emulator.DingPress{Person: user, Card: id, Control: x})
				return err == nil && a.Code == http.StatusOK && a.Refused == ""
			}
		}
		return true // it was taken though the answer was lost: the button is gone
	})
	if err != nil {
		s.t.Fatalf("%s could not press %q", user, label)
	}
}

func dingCompany(d *emulator.Ding) {
	d.AddDepartment(emulator.DingDepartment{ID: 7, Name: "华东"})
	d.AddPerson(emulator.DingPerson{UserID: "wang", Name: "王磊", Departments: []int64{7}, LeaderOf: []int64{7}})
	d.AddPerson(emulator.DingPerson{UserID: "li", Name: "李娜", Departments: []int64{7}})
	d.AddPerson(emulator.DingPerson{UserID: "zhang", Name: "张伟", Departments: []int64{7}})
	d.AddPerson(emulator.DingPerson{UserID: "chief", Name: "管理", Admin: true})
}

func workday() *crm.MovableClock {
	return crm.NewMovableClock(time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC), false) // 15:00 in China
}

func TestServeBringsTheCompanyFromDingTalkAndAnswers(t *testing.T) {
	s := serveDing(t, workday(), emulator.DingOptions{}, dingCompany)
	s.known("li", "wang")
	s.say("li", "/帮助", "/我的线索")
	team, err := s.app.Services.Directory.TeamByName(t.Context(), "华东")
	if err != nil || s.app.Services.Directory.Name(t.Context(), team.Leader) != "王磊" {
		t.Errorf("team %+v, %v", team, err)
	}
	s.ding.AddPerson(emulator.DingPerson{UserID: "guest", Name: "客人", Corp: "their_corp"})
	s.say("guest", "/我的线索", "没有绑定")
	resp, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"crmbot_dingtalk_connected 1", `crmbot_dingtalk_calls{quota="stream"}`, `crmbot_dingtalk_quota{quota="api"} 5000`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// HO-01: somebody who leaves the company on DingTalk can read but not act from
// that moment.
func TestHO01ALeaverOnDingTalkIsFrozen(t *testing.T) {
	s := serveDing(t, workday(), emulator.DingOptions{}, dingCompany)
	s.known("li")
	if _, err := s.ding.Emit("user_leave_org", map[string]any{"userId": []string{"li"}, "timeStamp": "1"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the freeze", func() bool { return s.actor("li").Frozen })
	if s.actor("zhang").Frozen {
		t.Error("a colleague is frozen too")
	}
	s.ding.AddPerson(emulator.DingPerson{UserID: "zhao", Name: "赵敏", Departments: []int64{7}})
	if _, err := s.ding.Emit("user_add_org", map[string]any{"userId": []string{"zhao"}}); err != nil {
		t.Fatal(err)
	}
	s.known("zhao")
}

// P-05: of fifty people who press the same button of one card in a group, one
// gets the lead, and everybody sees who.
func TestP05FiftyPeopleClaimOneLeadOnDingTalk(t *testing.T) {
	const n = 50
	var reps []string
	s := serveDing(t, workday(), emulator.DingOptions{NoLimits: true}, func(d *emulator.Ding) {
		dingCompany(d)
		for i := range n {
			id := fmt.Sprintf("rep%02d", i)
			reps = append(reps, id)
			d.AddPerson(emulator.DingPerson{UserID: id, Name: fmt.Sprintf("销售%02d", i), Departments: []int64{7}})
		}
	})
	s.known(reps...)
	s.known("wang")
	s.say("wang", "/新线索 上海华星科技 王总 13800138000 展会", "L-1")
	g := s.ding.AddGroup("华东群", append(reps, "wang")...)
	if _, err := s.ding.Send(emulator.DingIncoming{Person: "rep00", Chat: g, Text: "@bot /公海"}); err != nil {
		t.Fatal(err)
	}
	var pool emulator.DingMessage
	until(t, "the pool in the group", func() bool {
		m, ok := s.shows(g, "L-1")
		pool = m
		return ok && m.Card != ""
	})
	c, _ := s.ding.Card(pool.Card)
	i := slices.IndexFunc(c.Controls(), func(x emulator.DingControl) bool { return strings.Contains(x.Label, "认领") })
	if i < 0 {
		t.Fatalf("no button on %v", c.Params)
	}
	var wg sync.WaitGroup
	var slowest atomic.Int64
	for _, r := range reps {
		wg.Go(func() {
			a, err := s.ding.Press(emulator.DingPress{Person: r, Card: pool.Card, Control: c.Controls()[i]})
			if err != nil || a.Code != http.StatusOK || a.Refused != "" {
				t.Errorf("%s: %+v, %v", r, a, err)
			}
			for old := slowest.Load(); int64(a.Took) > old && !slowest.CompareAndSwap(old, int64(a.Took)); old = slowest.Load() {
			}
		})
	}
	wg.Wait()
	t.Logf("slowest answer %s", time.Duration(slowest.Load()))
	until(t, "the winner's card", func() bool {
		won := 0
		for _, r := range reps {
			if _, ok := s.shows(s.ding.P2P(r), "13800138000"); ok {
				won++
			}
		}
		return won == 1
	})
	var owners int64
	db, err := s.app.DB.SQL()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'claim'").Scan(&owners); err != nil || owners != 1 {
		t.Errorf("%d claims in the ledger, %v", owners, err)
	}
	until(t, "the news for everybody", func() bool {
		c, _ := s.ding.Card(pool.Card)
		return strings.Contains(c.Text(), "已被")
	})
	if c, _ := s.ding.Card(pool.Card); strings.Contains(c.Text(), "13800138000") {
		t.Error("the group reads the phone number")
	}
}

// day is a day's work of three people, each step seen before the next.
func (s *dinging) day() {
	s.known("wang", "li", "zhang")
	for i, name := range []string{"上海华星科技有限公司 王建国", "明月餐饮管理有限公司 赵敏", "深圳海川电子 孙涛", "海川物流集团 周强"} {
		s.say("wang", fmt.Sprintf("/新线索 %s 1380013800%d 展会", name, i), fmt.Sprintf("L-%d", i+1))
	}
	s.say("li", "/认领 L-1", "认领成功")
	s.say("zhang", "/认领 L-2 L-3", "L-3")
	draft := s.say("li", "拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约", "请确认")
	s.press("li", draft.Card, "确认")
	s.awaits("li", "V-1")
	s.say("zhang", "电话 明月 赵敏 5分钟 约了明天见面", "请确认")
	m, _ := s.shows(s.ding.P2P("zhang"), "请确认")
	s.press("zhang", m.Card, "确认")
	s.awaits("zhang", "V-2")
	s.say("li", "/认领 L-4", "L-4")
	s.say("li", "/我的线索", "共 2 条")
	s.say("zhang", "/我的线索", "共 2 条")
	s.empty(fmt.Sprintf("SELECT okey || ' ' || view || ' ' || ref || ' ' || tries || ' ' || cause FROM crm_outbox WHERE state = 0 AND next_ms <= %d", s.app.Clock.Now().Add(time.Hour).UnixMilli()))
	s.empty("SELECT event_id FROM crm_inbox WHERE done_ms = 0")
}

// empty waits until nothing is found.
func (s *dinging) empty(query string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	if emulator.Await(ctx, func() bool { return len(s.rows(query)) == 0 }) != nil {
		s.t.Fatalf("left over: %q", s.rows(query))
	}
}

// state is what is stored, without moments and without the plumbing.
func (s *dinging) state() map[string][]string {
	s.t.Helper()
	db, err := s.app.DB.SQL()
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string][]string{}
	names := s.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'crm_%'")
	for _, table := range names {
		switch strings.TrimSuffix(table, "|") {
		case "crm_inbox", "crm_outbox", "crm_sums", "crm_jobs", "crm_job_runs", "crm_processed_events", "crm_sent_cards", "crm_sent_refs", "crm_webchat_chats", "crm_webchat_messages":
			continue
		}
		table = strings.TrimSuffix(table, "|")
		cols, err := db.QueryContext(s.t.Context(), "SELECT name FROM pragma_table_info('"+table+"')")
		if err != nil {
			s.t.Fatal(err)
		}
		var keep []string
		for cols.Next() {
			var c string
			if err := cols.Scan(&c); err != nil {
				s.t.Fatal(err)
			}
			if !strings.HasSuffix(c, "_ms") && c != "undo_key" && c != "event_id" {
				keep = append(keep, `COALESCE("`+c+`", '')`)
			}
		}
		cols.Close()
		out[table] = s.rows("SELECT " + strings.Join(keep, " || '|' || ") + " || '|' FROM " + table)
	}
	return out
}

// moment is a time inside stored JSON.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)

func (s *dinging) rows(query string) []string {
	s.t.Helper()
	db, err := s.app.DB.SQL()
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := db.QueryContext(s.t.Context(), query)
	if err != nil {
		s.t.Fatal(query, err)
	}
	defer r.Close()
	var out []string
	for r.Next() {
		var v string
		if err := r.Scan(&v); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, moment.ReplaceAllString(v, "then"))
	}
	slices.Sort(out)
	return out
}

// A day on which everything comes three times, late and in pieces, sockets drop
// more than twice a second and calls fail in six ways ends with the same database as a
// quiet one, and with every card shown once.
func TestABadDayOnDingTalkEndsLikeAGoodOne(t *testing.T) {
	good := serveDing(t, workday(), emulator.DingOptions{NoLimits: true}, dingCompany)
	good.day()
	want := good.state()
	if len(want["crm_leads"]) != 4 || len(want["crm_activities"]) != 2 || len(want["crm_facts"]) == 0 {
		t.Fatalf("the good day left %v", want)
	}
	bad := serveDing(t, workday(), emulator.DingOptions{NoLimits: true, Redeliver: slices.Repeat([]time.Duration{300 * time.Millisecond}, 60)}, func(d *emulator.Ding) {
		dingCompany(d)
		d.Deliver(emulator.Delivery{Copies: 2, Split: 100, Repeat: true, Shuffle: 30 * time.Millisecond})
	})
	bad.known("wang", "li", "zhang")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		kinds := []emulator.Fault{{Kind: emulator.Cut, Done: true}, {Kind: emulator.Broken}, {Kind: emulator.HTMLPage}, {Kind: emulator.ExpiredToken}, {Kind: emulator.Throttled}, {Kind: emulator.Slow, Wait: 300 * time.Millisecond}}
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				bad.ding.DropConnections()
				f := kinds[i%len(kinds)]
				f.API, f.Times = "POST /v1.0/card/", 1
				bad.ding.Break(f)
				f.API = "POST /v1.0/robot/"
				bad.ding.Break(f)
			}
		}
	}()
	bad.day()
	close(stop)
	<-done
	bad.ding.Mend()
	got := bad.state()
	for table, rows := range want {
		if !slices.Equal(rows, got[table]) {
			t.Errorf("%s\n on a good day %q\n on a bad day  %q", table, rows, got[table])
		}
	}
	// Nobody got a card twice: cards are what an answer is.
	for _, who := range []string{"wang", "li", "zhang"} {
		seen := map[string]int{}
		for _, m := range bad.ding.Messages(bad.ding.P2P(who)) {
			if m.Card != "" {
				seen[m.Card]++
			}
		}
		n := 0
		for _, m := range good.ding.Messages(good.ding.P2P(who)) {
			if m.Card != "" {
				n++
			}
		}
		for id, k := range seen {
			if k != 1 {
				t.Errorf("%s has card %s %d times", who, id, k)
			}
		}
		if len(seen) != n {
			t.Errorf("%s has %d cards, %d on a good day", who, len(seen), n)
		}
	}
}
