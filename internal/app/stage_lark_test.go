package app_test

import (
	"slices"
	"strings"
	"time"

	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// larkStage is a played Lark.
type larkStage struct {
	lark *emulator.Lark
	mode string
}

// newLark opens a stage in the mode of configs.Lark.
func newLark(mode string, o emulator.LarkOptions, clock crm.Clock) *larkStage {
	o.EncryptKey, o.VerificationToken = "key", "word"
	if clock != nil {
		o.Clock = clock
	}
	l := &larkStage{emulator.NewLark(o), mode}
	l.lark.AddDepartment(emulator.LarkDepartment{OpenID: "od_east", Name: "华东", Leader: "ou_wang"})
	return l
}

func (l *larkStage) name() string { return "lark" }

func (l *larkStage) configure(c *configs.Config) {
	c.Lark.AppID, c.Lark.AppSecret = l.lark.App()
	c.Lark.BaseURL, c.Lark.Mode, c.Lark.EncryptKey, c.Lark.VerificationToken = l.lark.URL(), l.mode, "key", "word"
}

func (l *larkStage) listen(url string) {
	if l.mode == "webhook" {
		l.lark.UseWebhook(url + app.LarkHook)
	}
}

func (l *larkStage) live() bool               { return l.mode == "webhook" || l.lark.Connections() > 0 }
func (l *larkStage) close()                   { l.lark.Close() }
func (l *larkStage) person(key string) string { return "ou_" + key }
func (l *larkStage) chat(person string) string {
	return l.lark.P2P(l.person(person))
}

func (l *larkStage) hire(m member) {
	l.lark.AddPerson(emulator.LarkPerson{OpenID: l.person(m.key), Name: m.name, EmployeeNo: m.number, Departments: []string{"od_east"}, Manager: m.admin})
}

func (l *larkStage) send(person, chat, text string) error {
	_, err := l.lark.Send(emulator.LarkIncoming{Person: l.person(person), Chat: chat, Text: text})
	return err
}

func (l *larkStage) group(title string, members ...string) string {
	var ids []string
	for _, m := range members {
		ids = append(ids, l.person(m))
	}
	return l.lark.AddGroup(title, ids...)
}

func (l *larkStage) seen(chat string) []sight {
	var out []sight
	for _, m := range l.lark.Messages(chat) {
		if m.From == "" {
			out = append(out, sight{m.ID, m.Type == "interactive", m.Text()})
		}
	}
	return out
}

func (l *larkStage) button(s sight, label string) (func(person string) pressed, bool) {
	m, _ := l.lark.Message(s.id)
	list := emulator.LarkControls(m.Content)
	i := slices.IndexFunc(list, func(c emulator.LarkControl) bool { return strings.Contains(c.Label, label) })
	if i < 0 {
		return nil, false
	}
	return func(person string) pressed {
		start := time.Now()
		a, err := l.lark.Press(emulator.LarkPress{Person: l.person(person), Message: s.id, Control: list[i]})
		return pressed{err == nil && a.Error == 0, time.Since(start)}
	}, true
}

func (l *larkStage) trouble() {
	l.lark.Deliver(emulator.Delivery{Copies: 2, Split: 100, Repeat: true, Shuffle: 30 * time.Millisecond})
}

func (l *larkStage) disturb(n int) {
	l.lark.Mend() // what was to go wrong and did not
	l.trouble()
	l.lark.DropConnections()
	f := mishap(n)
	for _, api := range []string{"POST /open-apis/im/v1/messages", "PATCH /open-apis/im/v1/messages"} {
		f.API = api
		l.lark.Break(f)
	}
}

func (l *larkStage) mend() { l.lark.Mend() }

// mishap is the n-th thing that goes wrong with one call on a bad day.
func mishap(n int) emulator.Fault {
	kinds := []emulator.Fault{{Kind: emulator.Cut, Done: true}, {Kind: emulator.Broken}, {Kind: emulator.HTMLPage}, {Kind: emulator.ExpiredToken}, {Kind: emulator.Throttled}, {Kind: emulator.Slow, Wait: 300 * time.Millisecond}}
	f := kinds[n%len(kinds)]
	f.Times = 1
	return f
}
