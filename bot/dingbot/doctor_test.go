package dingbot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/internal/emulator"
)

// robot is what is bad about the robot.
func (w *dingWorld) robot() []bot.Finding {
	w.t.Helper()
	id, secret := w.ding.App()
	// The doctor runs in a process of its own.
	doctor, err := dingbot.New(dingbot.Options{ClientID: id, ClientSecret: secret, APIURL: w.ding.URL(), OAPIURL: w.ding.URL(), KV: w.shared, Inbox: w.db})
	if err != nil {
		w.t.Fatal(err)
	}
	defer doctor.Close(context.Background())
	var out []bot.Finding
	for _, f := range doctor.Examine(context.Background(), nil) {
		if f.Area == bot.AreaRobot && f.Mark == bot.Bad {
			out = append(out, f)
		}
	}
	return out
}

// The platform tells nobody whether a version is published. Messages do: without
// one they carry no user id.
func TestTheDoctorLearnsFromMessagesThatNoVersionIsPublished(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	if f := w.robot(); len(f) != 0 {
		t.Errorf("before any message: %v", f)
	}
	w.ding.AddPerson(emulator.DingPerson{UserID: "new", Name: "New", Unpublished: true})
	w.deliver(emulator.DingIncoming{Person: "new", Text: "hello"})
	wait(t, "the note", func() bool { return len(w.robot()) == 1 })
	if f := w.robot()[0]; !strings.Contains(f.Seen.En, "published") || !strings.Contains(f.Mend.Zh, "版本管理与发布") {
		t.Errorf("got %+v", f)
	}
	// After publishing, the next message says so.
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "hello"})
	d.await(t, 1)
	wait(t, "the note to go", func() bool { return len(w.robot()) == 0 })
}

func TestPlainCardsNeedNoPermissionForCards(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.CardMode = dingbot.ModePlain })
	w.ding.Revoke("Card.Instance.Write")
	for _, f := range w.current().Examine(context.Background(), nil) {
		if f.Mark == bot.Bad || f.Area == bot.AreaPermissions && !strings.Contains(f.Seen.En, "all 4") {
			t.Errorf("got %+v", f)
		}
	}
}

func TestTheDoctorSaysThatCardsAreSimplerForAnHour(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	id, _ := w.ding.App()
	if err := w.shared.Set(context.Background(), "ding:level:"+id, []byte("plain"), time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, f := range w.current().Examine(context.Background(), nil) {
		if f.Area == bot.AreaCards && (f.Mark != bot.Warning || !strings.Contains(f.Seen.En, "hour")) || f.Mark == bot.Bad {
			t.Errorf("got %+v", f)
		}
	}
}
