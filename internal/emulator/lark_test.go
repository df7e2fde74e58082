package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"crmbot/cards/card"
	"crmbot/cards/larkjson"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// api calls the played platform as a program without the SDK would.
type api struct {
	t     *testing.T
	l     *emulator.Lark
	token string
}

func openLark(t *testing.T, o emulator.LarkOptions) *api {
	l := emulator.NewLark(o)
	t.Cleanup(l.Close)
	l.AddPerson(emulator.LarkPerson{OpenID: "ou_ann", Name: "Ann"})
	a := &api{t: t, l: l}
	id, secret := l.App()
	var out struct {
		Token string `json:"tenant_access_token"`
	}
	a.call(http.MethodPost, "/open-apis/auth/v3/tenant_access_token/internal", map[string]string{"app_id": id, "app_secret": secret}, &out)
	a.token = out.Token
	return a
}

func (a *api) call(method, path string, body, out any) (status, code int) {
	a.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	req, err := http.NewRequest(method, a.l.URL()+path, bytes.NewReader(raw))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return 0, -1
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	var env struct {
		Code int             `json:"code"`
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(data, &env) != nil {
		return resp.StatusCode, -1
	}
	if out != nil {
		if len(env.Data) == 0 {
			env.Data = data
		}
		if err := json.Unmarshal(env.Data, out); err != nil {
			a.t.Fatal(err)
		}
	}
	return resp.StatusCode, env.Code
}

func (a *api) send(kind, content, uuid string) (id string, code int) {
	var out struct {
		ID string `json:"message_id"`
	}
	_, code = a.call(http.MethodPost, "/open-apis/im/v1/messages?receive_id_type=open_id", map[string]string{"receive_id": "ou_ann", "msg_type": kind, "content": content, "uuid": uuid}, &out)
	return out.ID, code
}

func TestLarkShowsAMessageOncePerKeyForAnHour(t *testing.T) {
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	a := openLark(t, emulator.LarkOptions{Clock: clock})
	first, _ := a.send("text", `{"text":"x"}`, "k")
	if again, _ := a.send("text", `{"text":"x"}`, "k"); again != first {
		t.Errorf("a second message %s", again)
	}
	if err := clock.Set(clock.Now().Add(61 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if later, _ := a.send("text", `{"text":"x"}`, "k"); later == first || later == "" {
		t.Errorf("after an hour: %q", later)
	}
	if _, code := a.send("text", `{"text":"x"}`, strings.Repeat("k", 51)); code != 230001 {
		t.Errorf("a long key: %d", code)
	}
}

func TestLarkRefusesTokensAfterTwoHoursAndFiveMessagesASecond(t *testing.T) {
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	a := openLark(t, emulator.LarkOptions{Clock: clock})
	for i := range 6 {
		_, code := a.send("text", `{"text":"x"}`, fmt.Sprint(i))
		if want := map[bool]int{true: 230020}[i == 5]; code != want {
			t.Errorf("message %d: code %d", i, code)
		}
	}
	if err := clock.Set(clock.Now().Add(2*time.Hour + time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, code := a.send("text", `{"text":"x"}`, "later"); code != 99991663 {
		t.Errorf("an old token: %d", code)
	}
}

func TestLarkRefusesCardsInItsOwnWords(t *testing.T) {
	a := openLark(t, emulator.LarkOptions{NoLimits: true})
	good, _, err := larkjson.Render(card.Card{Title: "ok", Blocks: []card.Block{card.P("text")}})
	if err != nil {
		t.Fatal(err)
	}
	body := func(elements string) string {
		return `{"schema":"2.0","config":{"update_multi":true},"header":{"title":{"tag":"plain_text","content":"x"}},"body":{"elements":[` + elements + `]}}`
	}
	for name, c := range map[string]struct {
		card string
		code int
	}{
		"good":        {string(good), 0},
		"no JSON":     {"{", 230099},
		"unknown tag": {body(`{"tag":"note","elements":[]}`), 230099},
		"too large":   {body(`{"tag":"markdown","content":"` + strings.Repeat("x", 31<<10) + `"}`), 230025},
		"stranger":    {body(`{"tag":"person","user_id":"ou_nobody"}`), 230099},
		"picture":     {body(`{"tag":"img","img_key":"img_unknown","alt":{"tag":"plain_text","content":"x"}}`), 230099},
	} {
		if _, code := a.send("interactive", c.card, name); code != c.code {
			t.Errorf("%s: code %d, want %d", name, code, c.code)
		}
	}
	if n := len(a.l.Messages("")); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestFaultsHitWhatTheySay(t *testing.T) {
	a := openLark(t, emulator.LarkOptions{NoLimits: true})
	const api = "POST /open-apis/im/v1/messages"
	a.l.Break(emulator.Fault{API: api, Kind: emulator.Broken, Skip: 1, Times: 1})
	a.l.Break(emulator.Fault{API: api, Kind: emulator.Throttled, Wait: time.Second, Skip: 1, Times: 1})
	a.l.Break(emulator.Fault{API: api, Kind: emulator.Cut, Done: true, Skip: 1, Times: 1})
	var got []int
	for i := range 5 {
		_, code := a.send("text", `{"text":"x"}`, fmt.Sprint(i))
		got = append(got, code)
	}
	if fmt.Sprint(got) != "[0 -1 99991400 -1 0]" {
		t.Errorf("codes %v", got)
	}
	if n := len(a.l.Messages("")); n != 3 {
		t.Errorf("%d messages: the one whose answer was lost counts", n)
	}
	// A call is in the log when its answer is complete, a moment after it arrived.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := emulator.Await(ctx, func() bool { return len(a.l.Calls(api)) >= 5 }); err != nil || len(a.l.Calls(api)) != 5 {
		t.Errorf("%d calls in the log", len(a.l.Calls(api)))
	}
	a.l.Break(emulator.Fault{Kind: emulator.HTMLPage})
	a.l.Mend()
	if _, code := a.send("text", `{"text":"x"}`, "mended"); code != 0 {
		t.Errorf("after mending: %d", code)
	}
}

func TestLarkReadsACardAsAPersonDoes(t *testing.T) {
	raw, _, err := larkjson.Render(card.Card{Lang: crm.English, Title: "Visit", Blocks: []card.Block{
		card.Fields{Items: []card.Field{{Label: "Company", Value: "A <b> & *B*"}}},
		card.Table{Columns: []card.Column{{Title: "Rep"}, {Title: "n", Number: true}}, Rows: [][]card.Cell{{{Text: "Ann"}, {Text: "12"}}}},
		card.Form{Name: "f", Submit: card.Button{Label: "Save", Action: card.Raw{Name: "x.save"}, Command: "/save"}, Inputs: []card.Input{
			{Kind: card.DateInput, Name: "day", Label: "Day", Required: true, Default: "2026-03-02"}, {Kind: card.SelectInput, Name: "kind", Label: "Kind", Options: []card.Option{{Value: "a", Label: "Option A"}}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	text := emulator.LarkCardText(raw)
	for _, want := range []string{"Visit", "Company", "A <b> & *B*", "Ann", "12", "Day", "2026-03-02", "Option A", "Save"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	c := emulator.LarkControls(raw)
	if len(c) != 1 || c[0].Label != "Save" || c[0].Form != "f" || len(c[0].Fields) != 2 || c[0].Fields[0].Label != "Day" || !c[0].Fields[0].Required || c[0].Fields[1].Options[0] != [2]string{"Option A", "a"} {
		t.Errorf("controls %+v", c)
	}
}
