package app_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"crmbot/configs"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// dingStage is a played DingTalk.
type dingStage struct{ ding *emulator.Ding }

func newDing(o emulator.DingOptions, clock crm.Clock) *dingStage {
	if clock != nil {
		o.Clock = clock
	}
	d := &dingStage{emulator.NewDing(o)}
	d.ding.AddDepartment(emulator.DingDepartment{ID: 7, Name: "华东"})
	return d
}

func (d *dingStage) name() string { return "dingtalk" }

func (d *dingStage) configure(c *configs.Config) {
	c.DingTalk.ClientID, c.DingTalk.ClientSecret = d.ding.App()
	c.DingTalk.APIURL, c.DingTalk.OAPIURL = d.ding.URL(), d.ding.URL()
}

func (d *dingStage) listen(string)             {}
func (d *dingStage) live() bool                { return d.ding.Connections() > 0 }
func (d *dingStage) close()                    { d.ding.Close() }
func (d *dingStage) person(key string) string  { return key }
func (d *dingStage) chat(person string) string { return d.ding.P2P(person) }

func (d *dingStage) hire(m member) {
	p := emulator.DingPerson{UserID: m.key, Name: m.name, JobNumber: m.number, Departments: []int64{7}, Admin: m.admin}
	if m.leads {
		p.LeaderOf = []int64{7}
	}
	d.ding.AddPerson(p)
}

func (d *dingStage) send(person, chat, text string) error {
	_, err := d.ding.Send(emulator.DingIncoming{Person: person, Chat: chat, Text: text})
	return err
}

func (d *dingStage) group(title string, members ...string) string {
	return d.ding.AddGroup(title, members...)
}

func (d *dingStage) seen(chat string) []sight {
	var out []sight
	for _, m := range d.ding.Messages(chat) {
		if m.From == "" {
			id := m.ID
			if m.Card != "" {
				id = m.Card
			}
			out = append(out, sight{id, m.Card != "", d.ding.Text(m)})
		}
	}
	return out
}

func (d *dingStage) button(s sight, label string) (func(person string) pressed, bool) {
	c, _ := d.ding.Card(s.id)
	list := c.Controls()
	i := slices.IndexFunc(list, func(x emulator.DingControl) bool { return strings.Contains(x.Label, label) })
	if i < 0 {
		return nil, false
	}
	return func(person string) pressed {
		a, err := d.ding.Press(emulator.DingPress{Person: person, Card: s.id, Control: list[i]})
		return pressed{err == nil && a.Code == http.StatusOK && a.Refused == "", a.Took}
	}, true
}

func (d *dingStage) trouble() {
	d.ding.Deliver(emulator.Delivery{Copies: 2, Split: 100, Repeat: true, Shuffle: 30 * time.Millisecond})
}

func (d *dingStage) disturb(n int) {
	d.ding.Mend() // what was to go wrong and did not
	d.trouble()
	d.ding.DropConnections()
	f := mishap(n)
	for _, api := range []string{"POST /v1.0/card/", "POST /v1.0/robot/"} {
		f.API = api
		d.ding.Break(f)
	}
}

func (d *dingStage) mend() { d.ding.Mend() }
