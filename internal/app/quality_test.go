package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

// TestL07ProposedPointsHoldOnlyOnceAnAdministratorAdoptedThem: the card may come
// from anywhere, and what it carries is checked like a value that is typed.
func TestL07ProposedPointsHoldOnlyOnceAnAdministratorAdoptedThem(t *testing.T) {
	o := newOffice(t)
	o.hire("boss", org.User{Name: "管理员", Roles: []crm.Role{crm.Admin}})
	press := func(who, event string, points map[string]int) bot.Reply {
		t.Helper()
		a := cards.AdoptPoints{Points: points}
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return o.Runtime.Handle(t.Context(), &bot.Req{Platform: "phone", EventID: event, Kind: bot.Press, From: who, Chat: bot.Chat{ID: who}, MessageID: "7", Action: &bot.Action{Name: a.ActionName(), Payload: raw}, At: o.clock.Now()})
	}
	points := func(source string) int {
		t.Helper()
		list, _ := lead.Sources.Of(t.Context(), o.Services.Rules)
		s, ok := lead.FindSource(list, source)
		if !ok || len(list) != len(lead.Sources.Default) {
			t.Fatalf("the sources are %+v", list)
		}
		return s.Points
	}
	if rep := press("p1", "e1", map[string]int{"展会名片": 30}); crm.CodeOf(rep.Err()) != crm.CodeForbidden {
		t.Errorf("a rep: %v", rep.Err())
	}
	if rep := press("boss", "e2", map[string]int{"展会名片": 31}); crm.CodeOf(rep.Err()) != crm.CodeInvalid {
		t.Errorf("points out of bounds: %v", rep.Err())
	}
	o.wait(72 * time.Hour)
	if got := points("名片"); got != 8 {
		t.Errorf("refused points hold: %d", got)
	}
	if rep := press("boss", "e3", map[string]int{"展会名片": 27, "没有这个渠道": 30}); rep.Err() != nil {
		t.Fatal(rep.Err())
	}
	if got := points("名片"); got != 8 {
		t.Errorf("they hold at once: %d", got)
	}
	o.wait(96 * time.Hour)
	if got, other := points("名片"), points("转介绍"); got != 27 || other != 30 {
		t.Errorf("from the next working day: %d, and another channel %d", got, other)
	}
}
