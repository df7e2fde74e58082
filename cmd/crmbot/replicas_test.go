package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/internal/emulator"
	"crmbot/internal/testenv"
)

// asProgram makes the test's own binary the program, so that real processes
// can be started and killed.
const asProgram = "CRMBOT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// replica is one `crmbot serve` process.
type replica struct {
	t   *testing.T
	env []string
	cmd *exec.Cmd
	out *os.File
}

func (r *replica) start() {
	r.t.Helper()
	r.cmd = exec.Command(os.Args[0], "serve")
	r.cmd.Env = append(os.Environ(), r.env...)
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
}

// kill ends the process as a power cut would.
func (r *replica) kill() {
	if err := r.cmd.Process.Kill(); err != nil {
		r.t.Error(err)
	}
	_ = r.cmd.Wait() // it was killed; there is nothing else to learn
}

// Two processes on one database and one Redis take random halves of the events.
// Each is killed under load and started again. Afterwards every acknowledged
// message took effect exactly once and every queued card was delivered.
func TestTwoReplicasLoseNothingWhenKilled(t *testing.T) {
	dsn, redis := testenv.MySQL(t), testenv.Redis(t)
	lark := emulator.NewLark(emulator.LarkOptions{Redeliver: []time.Duration{time.Second, 4 * time.Second, 8 * time.Second, 12 * time.Second, 12 * time.Second, 12 * time.Second}})
	t.Cleanup(lark.Close)
	lark.AddDepartment(emulator.LarkDepartment{OpenID: "od", Name: "销售部"})
	const reps = 20
	for i := range reps {
		lark.AddPerson(emulator.LarkPerson{OpenID: fmt.Sprintf("ou_%02d", i), Name: fmt.Sprintf("销售%02d", i), Departments: []string{"od"}})
	}
	log, err := os.CreateTemp(t.TempDir(), "serve")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	id, secret := lark.App()
	env := []string{asProgram + "=1", "CRMBOT_DATABASE_DSN=" + dsn, "CRMBOT_REDIS_URL=" + redis, "CRMBOT_REDIS_PREFIX=" + rand8(), "CRMBOT_HTTP_ADDR=127.0.0.1:0",
		"CRMBOT_LARK_APP_ID=" + id, "CRMBOT_LARK_APP_SECRET=" + secret, "CRMBOT_LARK_BASE_URL=" + lark.URL()}
	var replicas [2]*replica
	for i := range replicas {
		replicas[i] = &replica{t: t, env: env, out: log}
		replicas[i].start()
		connected(t, lark, i+1, log)
	}
	defer func() {
		for _, r := range replicas {
			r.kill()
		}
	}()
	// Everybody is known before the load begins.
	for i := range reps {
		d, err := lark.Send(emulator.LarkIncoming{Person: fmt.Sprintf("ou_%02d", i), Text: "/我的线索"})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := d.Wait(t.Context()); !ok || err != nil {
			t.Fatalf("not served: %v\n%s", err, tail(log))
		}
	}
	acked := load(t, lark, replicas)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// What a killed process had acknowledged is taken over when its lease ends.
	undone := func() (n int) {
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM crm_inbox WHERE done_ms = 0").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	taken, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := emulator.Await(taken, func() bool { return undone() == 0 }); err != nil {
		t.Errorf("%d acknowledged events were not taken over", undone())
	}
	made := map[string]int{}
	rows, err := db.QueryContext(t.Context(), "SELECT company, COUNT(*) FROM crm_leads GROUP BY company")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var company string
		var n int
		if err := rows.Scan(&company, &n); err != nil {
			t.Fatal(err)
		}
		made[company] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for company, ok := range acked {
		switch n := made[company]; {
		case n > 1:
			t.Errorf("%s was made %d times", company, n)
		case ok && n == 0:
			lost++
		case !ok:
			t.Errorf("%s was never acknowledged", company)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged messages had no effect\n%s", lost, len(acked), tail(log))
	}
	count := func(state int) (n int) {
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM crm_outbox WHERE state = ?", state).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// A killed process leaves leases of two minutes; its cards follow then.
	const waiting, dead = 0, 2
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	if err := emulator.Await(ctx, func() bool { return count(waiting) == 0 }); err != nil {
		t.Errorf("%d cards were not delivered", count(waiting))
	}
	if n := count(dead); n > 0 {
		t.Errorf("%d cards were given up", n)
	}
}

// load sends messages for a while, kills each replica once and starts it again,
// and tells which messages were acknowledged.
func load(t *testing.T, lark *emulator.Lark, replicas [2]*replica) map[string]bool {
	var mu sync.Mutex
	var wg sync.WaitGroup
	acked := map[string]bool{}
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for i := range 300 {
		<-tick.C
		switch i {
		case 60, 180:
			replicas[i/120].kill()
		case 120, 240:
			replicas[i/240].start()
		}
		company := name()
		d, err := lark.Send(emulator.LarkIncoming{Person: fmt.Sprintf("ou_%02d", i%20), Text: fmt.Sprintf("/新线索 %s 王总 138%08d 展会", company, i)})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			_, ok, err := d.Wait(t.Context())
			mu.Lock()
			defer mu.Unlock()
			acked[company] = ok && err == nil
		})
	}
	wg.Wait()
	return acked
}

// name is a company that resembles no other.
func name() string {
	const signs = "山河湖海松柏梅兰竹菊金银铜铁锡云雨雷电风霜雪冰春夏秋冬东南西北红橙黄绿青蓝紫黑白甲乙丙丁戊己庚辛壬癸天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往"
	r := []rune(signs)
	var b strings.Builder
	for range 6 {
		b.WriteRune(r[rand.IntN(len(r))])
	}
	return b.String() + "有限公司"
}

func rand8() string { return fmt.Sprintf("t%08x:", rand.Uint32()) }

func connected(t *testing.T, lark *emulator.Lark, n int, log *os.File) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := emulator.Await(ctx, func() bool { return lark.Connections() >= n }); err != nil {
		t.Fatalf("%d of %d processes connected\n%s", lark.Connections(), n, tail(log))
	}
}

func tail(log *os.File) string {
	raw, err := os.ReadFile(log.Name())
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-3000):])
}
