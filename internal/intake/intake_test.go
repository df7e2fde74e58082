package intake_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/cards/textcard"
	"crmbot/internal/app"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/intake"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// monday is Monday, 2 March 2026, 10:00 in Shanghai.
var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

type office struct {
	*app.App
	t     *testing.T
	clock *crm.MovableClock
	door  http.Handler
	admin crm.Actor
	rep   crm.Actor
	other crm.Actor
}

func newOffice(t *testing.T, dsn string) *office {
	t.Helper()
	if dsn == "" {
		dsn = testdb.SQLite(t)
	}
	o := &office{t: t, clock: crm.NewMovableClock(monday, true)}
	var err error
	o.App, err = app.New(t.Context(), app.Options{DSN: dsn, Clock: o.clock, IntakeSecret: strings.Repeat("s", 32)})
	o.must(err)
	t.Cleanup(func() { o.App.Close() })
	o.door = o.Public(http.NotFoundHandler())
	team := org.Team{Name: "华东"}
	o.must(o.Services.Directory.SaveTeam(t.Context(), &team))
	person := func(name string, r crm.Role) crm.Actor {
		u := org.User{Name: name, Team: team.ID, Roles: []crm.Role{r}, Active: true}
		o.must(o.Services.Directory.SaveUser(t.Context(), &u))
		a, err := o.Services.Directory.Actor(t.Context(), u.ID)
		o.must(err)
		return a
	}
	o.admin, o.rep, o.other = person("管理员", crm.Admin), person("李娜", crm.Rep), person("张伟", crm.Rep)
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) source(mode intake.Mode, change ...func(*intake.Draft)) (intake.Source, string) {
	o.t.Helper()
	d := intake.Draft{Name: string(mode), Channel: "官网留言", Campaign: "春季", Mode: mode, PerMinute: 600}
	if mode == intake.Form {
		d.Origins = []string{"https://www.example.com"}
	}
	for _, c := range change {
		c(&d)
	}
	x, key, err := o.Services.Intake.Create(o.t.Context(), o.admin, d)
	o.must(err)
	return x, key
}

func (o *office) count(query string, args ...any) int {
	o.t.Helper()
	raw, err := o.DB.SQL()
	o.must(err)
	n := 0
	o.must(raw.QueryRowContext(o.t.Context(), "SELECT COUNT(*) FROM "+query, args...).Scan(&n))
	return n
}

// reply is an answer as the sender sees it.
type reply struct {
	Status  int
	Header  http.Header
	Code    string            `json:"code"`
	State   string            `json:"status"`
	Error   string            `json:"error"`
	Field   string            `json:"field"`
	Rule    string            `json:"rule"`
	Message map[string]string `json:"message"`
	raw     string
}

// send sends a body with headers, "Name: value".
func (o *office) send(method, body string, headers ...string) reply {
	r := httptest.NewRequestWithContext(o.t.Context(), method, intake.Path, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.9:4711"
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		if k == "From" {
			r.RemoteAddr = v + ":1"
			continue
		}
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, r)
	out := reply{Status: w.Code, Header: w.Header(), raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return out
}

func (o *office) post(key, body string, headers ...string) reply {
	return o.send("POST", body, append([]string{"Authorization: Bearer " + key}, headers...)...)
}

// refused checks a refusal: its status, code and field, and that it is said in
// both languages.
func refused(t *testing.T, r reply, status int, code, field string) {
	t.Helper()
	if r.Status != status || r.Error != code || r.Field != field || r.Message["zh"] == "" || r.Message["en"] == "" || r.Code != "" {
		t.Errorf("answer %d %s, want %d %s about %q", r.Status, r.raw, status, code, field)
	}
}

const huaxing = `{"company":"上海华星科技有限公司","contact":"王总","phone":"13800138000","email":"wang@huaxing-tech.cn","city":"上海","need":"企业版","utm_source":"search","utm_campaign":"三月","pages":3}`

func TestNothingIsServedWithoutASource(t *testing.T) {
	o := newOffice(t, "")
	for _, m := range []string{"POST", "OPTIONS", "GET"} {
		if r := o.send(m, huaxing); r.Status != 404 {
			t.Errorf("%s: %d", m, r.Status)
		}
	}
	x, key := o.source(intake.Bearer)
	if r := o.post(key, huaxing); r.Status != 201 {
		t.Fatalf("with a source: %d %s", r.Status, r.raw)
	}
	_, err := o.Services.Intake.Revoke(t.Context(), o.admin, x.ID)
	o.must(err)
	if r := o.post(key, huaxing); r.Status != 404 {
		t.Errorf("after the last was revoked: %d", r.Status)
	}
}

func TestALeadAndEverythingWithIt(t *testing.T) {
	for name, body := range map[string][2]string{
		"json": {"application/json; charset=utf-8", huaxing},
		"form": {"application/x-www-form-urlencoded", "company=%E4%B8%8A%E6%B5%B7%E5%8D%8E%E6%98%9F%E7%A7%91%E6%8A%80%E6%9C%89%E9%99%90%E5%85%AC%E5%8F%B8&contact=%E7%8E%8B%E6%80%BB&phone=13800138000&email=wang%40huaxing-tech.cn&city=%E4%B8%8A%E6%B5%B7&need=%E4%BC%81%E4%B8%9A%E7%89%88&utm_source=search&utm_campaign=%E4%B8%89%E6%9C%88&pages=3"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, "")
			_, key := o.source(intake.Bearer)
			r := o.post(key, body[1], "Content-Type: "+body[0])
			if r.Status != 201 || len(r.Code) != 26 || r.State != "accepted" {
				t.Fatalf("answer %d %s", r.Status, r.raw)
			}
			l, err := o.DB.Lead(t.Context(), 1)
			o.must(err)
			if l.Company != "上海华星科技有限公司" || l.Contact != "王总" || l.Phone != "13800138000" || l.City != "上海" || l.Need != "企业版" || l.Source != "官网留言" || l.Campaign != "三月" ||
				l.Note != "pages: 3\nutm_campaign: 三月\nutm_source: search" || !l.InPool() {
				t.Errorf("the lead is %+v", l)
			}
			for query, want := range map[string]int{
				"crm_leads": 1, "crm_inquiries WHERE fresh = 1 AND ref = 'L-1'": 1, "crm_ownership_ledger WHERE reason = 'create'": 1, "crm_facts WHERE metric_key = 'lead.new'": 1,
				"crm_fact_daily WHERE metric_key = 'lead.new' AND qty = 1": 1, "crm_audit WHERE action = 'intake.accept' AND ref = 'L-1'": 1, "crm_audit WHERE action = 'ownership.create'": 1,
			} {
				if n := o.count(query); n != want {
					t.Errorf("%s: %d, want %d", query, n, want)
				}
			}
		})
	}
}

func TestDU01AKnownCompanyIsTakenWithoutATrace_DU02(t *testing.T) {
	o := newOffice(t, "")
	_, key := o.source(intake.Bearer)
	fresh := o.post(key, huaxing)
	if _, err := o.Services.Leads.Claim(t.Context(), o.rep, 1); err != nil {
		t.Fatal(err)
	}
	again := o.post(key, `{"company":"上海华星科技有限公司","contact":"陈经理","phone":"13900139000","need":"*续费*"}`)
	if again.Status != fresh.Status || again.State != fresh.State || len(again.Code) != len(fresh.Code) || len(again.raw) != len(fresh.raw) {
		t.Errorf("the sender can tell a known company: %s, a new one: %s", again.raw, fresh.raw)
	}
	for k := range again.Header {
		if fmt.Sprint(again.Header[k]) != fmt.Sprint(fresh.Header[k]) {
			t.Errorf("header %s tells them apart", k)
		}
	}
	if n := o.count("crm_leads"); n != 1 {
		t.Errorf("%d leads", n)
	}
	if n := o.count("crm_facts WHERE metric_key = 'lead.new'"); n != 1 {
		t.Errorf("%d facts", n)
	}
	if n := o.count("crm_outbox WHERE view = 'intake.again' AND ref = ? AND user_id = ?", again.Code, o.rep.ID); n != 1 {
		t.Errorf("the owner gets %d cards", n)
	}
	show := func(a crm.Actor) (string, error) {
		c, err := o.Services.Show(t.Context(), bot.Viewer{Actor: a, Lang: crm.Chinese}, crm.View{Name: intake.ViewAgain, Ref: again.Code})
		return textcard.Render(c), err
	}
	text, err := show(o.rep)
	o.must(err)
	for _, w := range []string{"L-1", "陈经理", "13900139000", "续费"} {
		if !strings.Contains(text, w) {
			t.Errorf("the owner's card does not say %q:\n%s", w, text)
		}
	}
	if _, err := show(o.other); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("somebody else sees the inquiry: %v", err)
	}
	// A source that no person made: who answers for the company is told.
	_, own, err := o.Services.Intake.Create(t.Context(), crm.SystemActor(), intake.Draft{Name: "系统", Channel: "广告", Mode: intake.Bearer})
	o.must(err)
	for range 2 {
		if r := o.post(own, `{"company":"远山贸易","phone":"13600136000"}`); r.Status != 201 {
			t.Errorf("a source of the system: %d %s", r.Status, r.raw)
		}
	}
	// Nobody has it: who made the source is told.
	o.post(key, `{"company":"明月贸易","phone":"13700137000"}`)
	pooled := o.post(key, `{"company":"明月贸易","phone":"13700137000"}`)
	if n := o.count("crm_outbox WHERE view = 'intake.again' AND ref = ? AND user_id = ?", pooled.Code, o.admin.ID); n != 1 {
		t.Errorf("who made the source gets %d cards", n)
	}
}

func TestAS01AnInquiryFindsSomebody(t *testing.T) {
	o := newOffice(t, "")
	_, key := o.source(intake.Bearer)
	ask := func() reply { return o.post(key, `{"company":"明月贸易","phone":"13700137000"}`) }
	cards := func(r reply, a crm.Actor) int {
		return o.count("crm_outbox WHERE view = 'intake.again' AND ref = ? AND user_id = ?", r.Code, a.ID)
	}
	ask()
	_, err := o.Services.Rules.Set(t.Context(), o.admin, assign.Rules.Key, "", `{"rules":[{"id":1,"name":"轮流","when":{},"steps":[{"method":"turn"}]}]}`, "test", o.clock.Now())
	o.must(err)
	ask() // nobody owns it: the rules give it to somebody
	o.must(o.Services.Assign.Work(t.Context()))
	l, err := o.DB.Lead(t.Context(), 1)
	o.must(err)
	if l.Owner != o.rep.ID {
		t.Fatalf("AS-01: an inquiry about a company that nobody owns went to %d", l.Owner)
	}
	if r := ask(); cards(r, o.rep) != 1 || o.count("crm_assign_runs") != 1 {
		t.Errorf("AS-01: the active owner gets %d cards", cards(r, o.rep))
	}
	// The owner left: who answers for the team is told, and nothing is taken away.
	u, err := o.Services.Directory.User(t.Context(), o.rep.ID)
	o.must(err)
	u.Active, u.Frozen = false, true
	o.must(o.Services.Directory.SaveUser(t.Context(), &u))
	if r := ask(); cards(r, o.rep) != 0 || cards(r, o.admin) != 1 {
		t.Errorf("AS-01: the owner is gone, and %d and %d cards go out", cards(r, o.rep), cards(r, o.admin))
	}
}

func TestRefusals(t *testing.T) {
	o := newOffice(t, "")
	x, key := o.source(intake.Bearer)
	_, form := o.source(intake.Form)
	long := func(n int) string { return strings.Repeat("长", n) }
	for name, c := range map[string]struct {
		got    reply
		status int
		code   string
		field  string
	}{
		"another method":       {o.send("GET", ""), 405, "method", ""},
		"no key":               {o.send("POST", huaxing), 401, "unauthorized", ""},
		"no such source":       {o.post("crmbot_99_abc", huaxing), 401, "unauthorized", ""},
		"another key":          {o.post(fmt.Sprintf("crmbot_%d_%s", x.ID, strings.Repeat("A", 43)), huaxing), 401, "unauthorized", ""},
		"no key at all":        {o.post("你好", huaxing), 401, "unauthorized", ""},
		"a key in the body":    {o.send("POST", `{"key":"`+key+`","company":"甲乙丙","phone":"13800138000"}`), 401, "unauthorized", ""},
		"a server's key, page": {o.post(key, huaxing, "Origin: https://www.example.com"), 403, "key_in_page", ""},
		"a form from nowhere":  {o.post(form, huaxing), 403, "origin", ""},
		"a form elsewhere":     {o.post(form, huaxing, "Origin: https://www.example.com.evil.example"), 403, "origin", ""},
		"a form of a file":     {o.post(form, huaxing, "Origin: null"), 403, "origin", ""},
		"text":                 {o.post(key, huaxing, "Content-Type: text/plain"), 415, "content_type", ""},
		"another charset":      {o.post(key, huaxing, "Content-Type: application/json; charset=gbk"), 415, "content_type", ""},
		"too large":            {o.post(key, `{"need":"`+strings.Repeat("x", intake.MaxBody)+`"}`), 413, "too_large", ""},
		"no JSON":              {o.post(key, `{"company":`), 400, "bad_json", ""},
		"a list":               {o.post(key, `[1]`), 400, "bad_json", ""},
		"null":                 {o.post(key, `null`), 400, "bad_json", ""},
		"two objects":          {o.post(key, `{} {}`), 400, "bad_json", ""},
		"no UTF-8":             {o.post(key, "{\"company\":\"\xff\"}"), 400, "bad_body", ""},
		"no form":              {o.post(key, "company=%zz", "Content-Type: application/x-www-form-urlencoded"), 400, "bad_form", ""},
		"nested":               {o.post(key, `{"company":{"a":1}}`), 422, "bad_field", "company"},
		"nobody":               {o.post(key, `{"phone":"13800138000"}`), 422, "missing", "company"},
		"no way to reach":      {o.post(key, `{"company":"甲乙丙"}`), 422, "missing", "phone"},
		"no phone number":      {o.post(key, `{"company":"甲乙丙","phone":"12"}`), 422, "bad_field", "phone"},
		"no e-mail":            {o.post(key, `{"company":"甲乙丙","email":"x@"}`), 422, "bad_field", "email"},
		"no letters":           {o.post(key, `{"company":"……","phone":"13800138000"}`), 422, "bad_field", "company"},
		"long":                 {o.post(key, `{"company":"`+long(101)+`","phone":"13800138000"}`), 422, "too_long", "company"},
		"long extra":           {o.post(key, `{"company":"甲乙丙","phone":"13800138000","page":"`+long(301)+`"}`), 422, "too_long", "page"},
		"long extras":          {o.post(key, `{"company":"甲乙丙","phone":"13800138000","a":"`+long(290)+`","b":"`+long(290)+`","c":"`+long(290)+`","d":"`+long(290)+`"}`), 422, "too_long", ""},
		"a long campaign":      {o.post(key, `{"company":"甲乙丙","phone":"13800138000","utm_campaign":"`+long(61)+`"}`), 422, "too_long", "utm_campaign"},
		"a long key":           {o.post(key, huaxing, "Idempotency-Key: "+strings.Repeat("k", 201)), 400, "bad_idempotency_key", ""},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.got, c.status, c.code, c.field) })
	}
	_, err := o.Services.Intake.Switch(t.Context(), o.admin, x.ID, false)
	o.must(err)
	refused(t, o.post(key, huaxing), 403, "source_off", "")
	_, err = o.Services.Intake.Switch(t.Context(), o.admin, x.ID, true)
	o.must(err)
	_, second, err := o.Services.Intake.Rotate(t.Context(), o.admin, x.ID)
	o.must(err)
	refused(t, o.post(key, huaxing), 401, "unauthorized", "")
	if n := o.count("crm_leads"); n != 0 {
		t.Errorf("%d leads were made by refused requests", n)
	}
	if r := o.post(second, huaxing); r.Status != 201 {
		t.Errorf("the new key: %d %s", r.Status, r.raw)
	}
	if n := o.count("crm_intake_sources WHERE key_hash LIKE 'crmbot%'"); n != 0 {
		t.Error("a key is stored as it is")
	}
	for _, action := range []string{"intake.source_create", "intake.source_off", "intake.source_on", "intake.source_rotate"} {
		if n := o.count("crm_audit WHERE action = ? AND actor_id = ?", action, o.admin.ID); n == 0 {
			t.Errorf("%s is not in the audit trail", action)
		}
	}
	if n := o.count("crm_audit WHERE detail LIKE '%crmbot~_%' ESCAPE '~'"); n != 0 {
		t.Error("a key is in the audit trail")
	}
}

func TestSignedRequests(t *testing.T) {
	o := newOffice(t, "")
	x, key := o.source(intake.Signed)
	sign := func(at time.Time, body, with string) []string {
		ts := strconv.FormatInt(at.Unix(), 10)
		return []string{intake.HeaderSource + ": " + strconv.FormatInt(int64(x.ID), 10), intake.HeaderTimestamp + ": " + ts, intake.HeaderSignature + ": sha256=" + intake.Sign(with, ts, []byte(body))}
	}
	good := sign(o.clock.Now(), huaxing, key)
	if r := o.send("POST", huaxing, good...); r.Status != 201 {
		t.Fatalf("a good signature: %d %s", r.Status, r.raw)
	}
	refused(t, o.send("POST", huaxing, good...), 401, "replayed", "")
	refused(t, o.send("POST", huaxing, good[0], good[1], strings.ToUpper(good[2][:len(intake.HeaderSignature)+2])+strings.ToUpper(good[2][len(intake.HeaderSignature)+9:])), 401, "replayed", "")
	refused(t, o.send("POST", strings.Replace(huaxing, "王总", "李总", 1), good...), 401, "unauthorized", "")
	refused(t, o.send("POST", huaxing, sign(o.clock.Now(), huaxing, "crmbot_1_x")...), 401, "unauthorized", "")
	refused(t, o.send("POST", huaxing, sign(o.clock.Now().Add(-301*time.Second), huaxing, key)...), 401, "stale", "")
	refused(t, o.send("POST", huaxing, sign(o.clock.Now().Add(301*time.Second), huaxing, key)...), 401, "stale", "")
	refused(t, o.post(key, huaxing), 401, "unauthorized", "") // the key itself must not travel
	if r := o.send("POST", huaxing, sign(o.clock.Now().Add(-299*time.Second), huaxing, key)...); r.Status != 201 {
		t.Errorf("within five minutes: %d %s", r.Status, r.raw)
	}
	_, second, err := o.Services.Intake.Rotate(t.Context(), o.admin, x.ID)
	o.must(err)
	refused(t, o.send("POST", huaxing, sign(o.clock.Now().Add(time.Second), huaxing, key)...), 401, "unauthorized", "")
	if r := o.send("POST", huaxing, sign(o.clock.Now().Add(time.Second), huaxing, second)...); r.Status != 201 {
		t.Errorf("after rotation: %d %s", r.Status, r.raw)
	}
	if n := o.count("crm_leads"); n != 1 {
		t.Errorf("%d leads", n)
	}
}

func TestIdempotencyKeyAnswersTheSameForADay(t *testing.T) {
	o := newOffice(t, "")
	_, key := o.source(intake.Bearer)
	first := o.post(key, huaxing, "Idempotency-Key: a-1")
	second := o.post(key, huaxing, "Idempotency-Key: a-1")
	if first.Status != 201 || first.raw != second.raw {
		t.Errorf("first %s, second %s", first.raw, second.raw)
	}
	refused(t, o.post(key, `{"company":"明月贸易","phone":"13700137000"}`, "Idempotency-Key: a-1"), 409, "idempotency_conflict", "")
	if n := o.count("crm_inquiries"); n != 1 {
		t.Errorf("%d inquiries", n)
	}
	_, other := o.source(intake.Bearer, func(d *intake.Draft) { d.Name = "另一个" })
	if r := o.post(other, `{"company":"明月贸易","phone":"13700137000"}`, "Idempotency-Key: a-1"); r.Status != 201 {
		t.Errorf("another source's key: %d %s", r.Status, r.raw)
	}
	o.must(o.clock.Set(o.clock.Now().Add(24*time.Hour + time.Second)))
	if r := o.post(key, `{"company":"远山贸易","phone":"13600136000"}`, "Idempotency-Key: a-1"); r.Status != 201 || r.Code == first.Code {
		t.Errorf("a day later: %d %s", r.Status, r.raw)
	}
}

// TestIdenticalRequestsAtOnceMakeOneLead_DU01: with an idempotency key all get one
// answer, without one each gets its own; there is one lead either way.
func TestIdenticalRequestsAtOnceMakeOneLead_DU01(t *testing.T) {
	race := func(t *testing.T, dsn string) {
		o := newOffice(t, dsn)
		_, key := o.source(intake.Bearer)
		for i, header := range []string{"Idempotency-Key: once", "X-Nothing: 1"} {
			body := fmt.Sprintf(`{"company":"远山第%s贸易公司","contact":"王总","phone":"1380013800%d"}`, []string{"一", "二"}[i], i)
			before := o.count("crm_inquiries")
			answers := make([]reply, 8)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for n := range answers {
				wg.Go(func() {
					<-start
					answers[n] = o.post(key, body, header)
				})
			}
			close(start)
			wg.Wait()
			codes := map[string]bool{}
			for _, a := range answers {
				if a.Status != 201 {
					t.Errorf("%s: %d %s", header, a.Status, a.raw)
				}
				codes[a.Code] = true
			}
			want := []int{1, len(answers)}[i]
			if len(codes) != want || o.count("crm_inquiries")-before != want {
				t.Errorf("%s: %d different answers, %d inquiries, want %d", header, len(codes), o.count("crm_inquiries")-before, want)
			}
			for what, query := range map[string]string{"leads": "crm_leads", "ledger rows": "crm_ownership_ledger", "facts": "crm_facts WHERE metric_key = 'lead.new'", "fresh inquiries": "crm_inquiries WHERE fresh = 1"} {
				if n := o.count(query); n != i+1 {
					t.Errorf("%s: %d %s, want %d", header, n, what, i+1)
				}
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { race(t, "") })
	t.Run("mysql", func(t *testing.T) { race(t, testdb.MySQL(t)) })
}

func TestLimitsSayWhenToComeBack(t *testing.T) {
	o := newOffice(t, "")
	_, slow := o.source(intake.Bearer, func(d *intake.Draft) { d.PerMinute = 2 })
	var r reply
	for range 3 {
		r = o.post(slow, huaxing)
	}
	refused(t, r, 429, "too_many", "")
	if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
		t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
	}
	// A form is bounded per address, behind a proxy by the address that it names.
	_, form := o.source(intake.Form)
	page := func(from, via string) reply {
		return o.post(form, huaxing, "Origin: https://www.example.com", "From: "+from, "X-Forwarded-For: "+via)
	}
	for range 6 {
		if r := page("10.0.0.7", "6.6.6.6, 198.51.100.1"); r.Status != 201 {
			t.Fatalf("%d %s", r.Status, r.raw)
		}
	}
	refused(t, page("10.0.0.7", "7.7.7.7, 198.51.100.1"), 429, "too_many", "")
	if r := page("10.0.0.7", "198.51.100.2"); r.Status != 201 {
		t.Errorf("another address: %d %s", r.Status, r.raw)
	}
	// Who is not behind the proxy cannot name another address.
	for range 6 {
		page("198.51.100.3", "1.2.3.4")
	}
	refused(t, page("198.51.100.3", "1.2.3.5"), 429, "too_many", "")
	// Trying keys is bounded as well.
	for range 130 {
		r = o.post("crmbot_1_guess", huaxing, "From: 198.51.100.77")
	}
	refused(t, r, 429, "too_many", "")
	if err := o.KV.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, o.post(slow, huaxing), 503, "unavailable", "")
}

func TestCORSOnlyForTheSourcesPages(t *testing.T) {
	o := newOffice(t, "")
	_, key := o.source(intake.Form)
	pre := o.send("OPTIONS", "", "Origin: https://www.example.com", "Access-Control-Request-Method: POST")
	if pre.Status != 204 || pre.Header.Get("Access-Control-Allow-Origin") != "https://www.example.com" || pre.Header.Get("Access-Control-Allow-Methods") != "POST" ||
		!strings.Contains(pre.Header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") || pre.Header.Get("Access-Control-Allow-Credentials") != "" || pre.Header.Get("Vary") != "Origin" {
		t.Errorf("preflight: %d %v", pre.Status, pre.Header)
	}
	for _, origin := range []string{"https://evil.example", "null", "http://www.example.com", "https://www.example.com:8443"} {
		for _, m := range []string{"OPTIONS", "POST"} {
			r := o.send(m, huaxing, "Origin: "+origin, "Authorization: Bearer "+key)
			if v := r.Header.Get("Access-Control-Allow-Origin"); v != "" {
				t.Errorf("%s of %s is allowed: %q", m, origin, v)
			}
		}
	}
	r := o.send("POST", "key="+key+"&company=%E7%94%B2%E4%B9%99%E4%B8%99&phone=13800138000&website=", "Content-Type: application/x-www-form-urlencoded", "Origin: https://www.example.com")
	if r.Status != 201 || r.Header.Get("Access-Control-Allow-Origin") != "https://www.example.com" {
		t.Errorf("a plain form: %d %s", r.Status, r.raw)
	}
	// A refusal can be read by the page.
	bad := o.post(key, `{}`, "Origin: https://www.example.com")
	refused(t, bad, 422, "missing", "company")
	if bad.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("the page cannot read the refusal")
	}
	// A machine that fills in the trap is answered like everybody and makes nothing.
	n := o.count("crm_inquiries")
	trap := o.post(key, `{"company":"远山贸易","phone":"13600136000","website":"http://spam.example"}`, "Origin: https://www.example.com")
	if trap.Status != 201 || len(trap.raw) != len(r.raw) || o.count("crm_inquiries") != n || o.count("crm_leads") != 1 {
		t.Errorf("the trap: %d %s, %d inquiries", trap.Status, trap.raw, o.count("crm_inquiries"))
	}
}

func TestWhatIsServedBesideTheIntakeStays(t *testing.T) {
	o := newOffice(t, "")
	w := httptest.NewRecorder()
	o.Public(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "next") })).ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	if w.Body.String() != "next" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
