package dingbot_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"crmbot/bot/dingbot"
)

func FuzzDecodeMessage(f *testing.F) {
	for _, s := range []string{
		`{"conversationId":"c","conversationType":"1","msgId":"m","msgtype":"text","text":{"content":" hi"},"senderStaffId":"u","createAt":1760000000000}`,
		`{"conversationId":"c","conversationType":2,"msgtype":"richText","content":{"richText":[{"text":"a"},{"type":"picture","downloadCode":"x"},7]},"senderId":"s","atUsers":[{"dingtalkId":1,"staffId":"b"},null]}`,
		`{"conversationId":"c","msgId":1,"msgtype":"audio","content":"{\"recognition\":\"a\",\"duration\":\"5\"}","senderStaffId":9,"createAt":"x"}`,
		`{"errCode":"20001"}`, `{}`, `[]`, `null`, `"`, "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := dingbot.DecodeMessage(raw, "frame")
		if err != nil {
			return
		}
		if m.ID == "" || m.Chat == "" || m.Staff == "" && m.Sender == "" {
			t.Errorf("accepted without ids: %+v", m)
		}
		if m.Text != strings.TrimSpace(m.Text) || !utf8.ValidString(m.Text) {
			t.Errorf("text %q", m.Text)
		}
		for _, x := range m.Files {
			if x.Code == "" {
				t.Error("a file without a code")
			}
		}
	})
}

func FuzzDecodePress(f *testing.F) {
	for _, s := range []string{
		`{"outTrackId":"crm1-up-1","userId":"u","type":"actionCallback","content":"{\"cardPrivateData\":{\"actionIds\":[\"lead.claim#2\"],\"params\":{\"a\":\"lead.claim\",\"p\":\"{}\"}}}"}`,
		`{"outTrackId":"o","userId":1,"userIdType":"2","content":"","value":{"cardPrivateData":{"params":{"form":"{\"_wires\":\"[{\\\"a\\\":\\\"x.y\\\"}]\",\"n\":{\"index\":[0],\"value\":[\"1\"]}}"}}}}`,
		`{"outTrackId":"o","userId":"u","content":"[]","value":"null"}`, `{}`, `[]`, "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := dingbot.DecodePress(raw, "")
		if err != nil {
			return
		}
		if p.ID == "" || p.Card == "" || p.User == "" {
			t.Errorf("accepted without ids: %+v", p)
		}
		if p.Click.Wire.Name == "" && (len(p.Values) > 0 || len(p.Click.Wire.Payload) > 0) {
			t.Errorf("values without an action: %+v", p)
		}
		for k, v := range p.Values {
			if len(v) == 0 || len(v) == 1 && v[0] == "" {
				t.Errorf("an empty input %q is there", k)
			}
		}
		dingbot.ParseTrack(p.Card)
	})
}

// A directory event always names somebody or, empty, a department; nobody leaves
// by an event of another kind.
func FuzzDecodeEvent(f *testing.F) {
	for _, s := range []string{`{"type":"user_leave_org","data":{"userId":["a","b"]}}`, `{"type":"user_add_org","data":{"userId":7}}`, `{"type":"org_dept_create","data":{"deptId":[1]}}`,
		`{"type":1,"data":[]}`, `{"data":{"userId":[null,{}]}}`, `[]`, `"`, " ", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		users, left := dingbot.Changed(raw)
		if len(users) == 0 {
			t.Error("about nothing")
		}
		if left && !strings.Contains(string(raw), "org") && !strings.Contains(string(raw), `\`) {
			t.Error("somebody leaves by another event")
		}
	})
}

// An answer of the API counts as success only if nothing in it says no.
func FuzzAnswer(f *testing.F) {
	f.Add(false, 200, []byte(`{"success":true,"result":{}}`))
	f.Add(false, 403, []byte(`{"code":"Forbidden.AccessDenied","message":"no","accessdenieddetail":{"requiredScopes":["a"]}}`))
	f.Add(true, 200, []byte(`{"errcode":"88","errmsg":"x","sub_code":"90018"}`))
	f.Add(true, 200, []byte(`{}`))
	f.Add(false, 200, []byte(`{"status":1111,"wait":99999999999,"punish":"deny"}`))
	f.Add(false, 502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, old bool, status int, raw []byte) {
		err := dingbot.DecodeAnswer(old, status, raw)
		if err == nil {
			if status >= 400 && !old || !strings.Contains(string(raw), "{") && strings.TrimSpace(string(raw)) != "null" {
				t.Errorf("status %d, %q is a success", status, raw)
			}
			return
		}
		e := dingbot.AsError(err)
		if e == nil || e.Wait < 0 {
			t.Errorf("error %#v", err)
		}
		if dingbot.Outcome(err) == nil {
			t.Error("a failure became a success")
		}
	})
}
