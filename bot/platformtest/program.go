package platformtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// program is a small product: a counter, a form, files and slow work.
type program struct {
	t      *testing.T
	shared kv.Store
	late   sync.WaitGroup
	id     func(who string) string

	mu   sync.Mutex
	n    int
	slow int
	gate chan struct{}
	sent []sentCard
}

type sentCard struct {
	m  bot.MessageRef
	to bot.Shown
}

func newProgram(t *testing.T, shared kv.Store) *program { return &program{t: t, shared: shared} }

// answerWithin is short, so that slow work is slow soon.
const answerWithin = 200 * time.Millisecond

// runtime is the program for an adapter.
func (p *program) runtime(later bot.Later) *bot.Runtime {
	r, err := bot.NewRouter(
		command("回声", "echo", func(_ context.Context, _ crm.Actor, c bot.Call) (bot.Reply, error) {
			return bot.Say("echo " + c.Rest), nil
		}),
		command("谁", "who", p.who),
		command("卡片", "card", func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
			return bot.Show(counterCard(p.value()), bot.View{Name: "counter", Ref: "X"}), nil
		}),
		command("表单", "form", func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
			return bot.Show(formCard(), bot.View{}), nil
		}),
		command("秘密", "secret", func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
			return bot.Reply{Text: "the secret is 42", Private: true}, nil
		}),
		command("加", "add", func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
			return bot.Say(fmt.Sprintf("added, now %d", p.add())), nil
		}),
		command("文件", "file", func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
			return bot.Reply{Text: "here", Files: []bot.File{{Name: "报告.csv", Data: []byte("a,b\n1,2\n")}}}, nil
		}),
		command("慢", "slow", func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
			p.work()
			return bot.Say("slow work done"), nil
		}),
		bot.Handle[addOne]{Run: func(_ context.Context, _ crm.Actor, _ bot.Call, in addOne) (bot.Reply, error) {
			if in.Slow {
				p.work()
			}
			n := p.add()
			return bot.Replace(counterCard(n), bot.View{Name: "counter", Ref: "X"}, fmt.Sprintf("now %d", n)), nil
		}},
		bot.Handle[deny]{Run: func(context.Context, crm.Actor, bot.Call, deny) (bot.Reply, error) {
			return bot.Reply{}, crm.Refused("PM-01", "这是不允许的", "this is not allowed")
		}},
		bot.Handle[details]{Run: func(_ context.Context, a crm.Actor, _ bot.Call, _ details) (bot.Reply, error) {
			return bot.Reply{Text: "details for " + a.Name, Private: true}, nil
		}},
		bot.Handle[save]{Run: func(_ context.Context, _ crm.Actor, c bot.Call, _ save) (bot.Reply, error) {
			var parts []string
			for _, k := range slices.Sorted(maps.Keys(c.Values)) {
				parts = append(parts, k+"="+strings.Join(c.Values[k], "+"))
			}
			return bot.Reply{Toast: "saved", ToastTone: bot.ToastSuccess, Also: []bot.Reply{bot.Say(strings.Join(parts, " "))}}, nil
		}},
	)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Upload = func(_ context.Context, _ crm.Actor, c bot.Call) (bot.Reply, error) {
		f := c.Req.Files[0]
		return bot.Say(fmt.Sprintf("got %s %d", f.Name, len(f.Data))), nil
	}
	r.Free = func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) { return bot.Reply{}, bot.ErrUnhandled }
	r.Welcome = func(_ context.Context, a crm.Actor, _ bot.Call) (bot.Reply, error) {
		return bot.Say("welcome " + a.Name), nil
	}
	r.StaleAction = func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
		return bot.Reply{Toast: "stale", ToastTone: bot.ToastInfo}, nil
	}
	views, err := bot.NewViews()
	if err != nil {
		p.t.Fatal(err)
	}
	rt := &bot.Runtime{Router: r, Views: views, People: p, Sent: p.remember}
	limits := bot.DefaultLimits
	limits.PerSecond = 0
	rt.Use(bot.Recover(), bot.Deadline(answerWithin, later, &p.late), bot.Dedupe(p.shared), bot.Order(), bot.Limit(p.shared, limits), bot.Recover())
	return rt
}

func command(zh, en string, run func(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error)) bot.Command[string] {
	return bot.Command[string]{Name: zh, Aliases: []string{en}, Summary: crm.Text{Zh: zh, En: en}, Examples: []string{"/" + en}, Parse: func(rest string) (string, error) { return rest, nil },
		Run: func(ctx context.Context, a crm.Actor, c bot.Call, _ string) (bot.Reply, error) { return run(ctx, a, c) }}
}

func (p *program) who(_ context.Context, _ crm.Actor, c bot.Call) (bot.Reply, error) {
	var names []string
	for _, a := range c.People {
		names = append(names, a.Name)
	}
	return bot.Say("mentioned: " + strings.Join(names, ", ")), nil
}

// ByIdentity implements bot.Resolver.
func (p *program) ByIdentity(_ context.Context, _, tenant, external string) (crm.Actor, error) {
	p.mu.Lock()
	id := p.id
	p.mu.Unlock()
	if tenant == "" && id != nil {
		for i, who := range []string{Ann, Bob} {
			if id(who) == external {
				return crm.Actor{ID: crm.UserID(i + 1), Name: strings.ToUpper(who[:1]) + who[1:], Lang: crm.English}, nil
			}
		}
	}
	return crm.Actor{}, crm.NotFound("您还没有绑定到公司通讯录", "you are not bound to the company directory")
}

// know tells the program what the platform calls people. The platform runs
// already: what it delivers before is from somebody unknown.
func (p *program) know(id func(who string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id = id
}

func (p *program) remember(_ context.Context, m bot.MessageRef, to bot.Shown) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, sentCard{m, to})
	return nil
}

// refresh updates every card of the counter, as the outbox would.
func (p *program) refresh(ctx context.Context, w World) {
	p.mu.Lock()
	list := slices.Clone(p.sent)
	p.mu.Unlock()
	adapter := w.Adapter()
	for _, s := range list {
		if s.to.View.Name != "counter" {
			continue
		}
		if s.m.ID == "" || (!s.to.Group && s.to.User == 0) {
			p.t.Errorf("a shown card was remembered as %+v for %+v", s.m, s.to)
		}
		if err := adapter.Update(ctx, s.m, counterCard(p.value())); err != nil {
			p.t.Error(err)
		}
	}
}

func (p *program) value() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

func (p *program) add() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return p.n
}

func (p *program) runs() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slow
}

// hold makes slow work wait until the returned channel is closed.
func (p *program) hold() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = make(chan struct{})
	return p.gate
}

func (p *program) work() {
	p.mu.Lock()
	gate := p.gate
	p.slow++
	p.mu.Unlock()
	<-gate
}

type addOne struct{ Slow bool }

func (addOne) ActionName() string { return "counter.add" }

type deny struct{}

func (deny) ActionName() string { return "counter.deny" }

type details struct{}

func (details) ActionName() string { return "counter.details" }

type save struct{}

func (save) ActionName() string { return "visit.save" }

func counterCard(n int) card.Card {
	return card.Card{Lang: crm.English, Title: fmt.Sprintf("Counter at %d", n), Blocks: []card.Block{
		card.Fields{Items: []card.Field{{Label: "Value", Value: fmt.Sprint(n)}}},
		card.Buttons{Items: []card.Button{
			{Label: "Add one", Style: card.Primary, Action: addOne{}, Command: "/add"},
			{Label: "Slowly", Action: addOne{Slow: true}, Command: "/slow"},
			{Label: "Details", Action: details{}, Command: "/secret"},
			{Label: "Forbidden", Style: card.Risky, Action: deny{}, Command: "/deny", Confirm: &card.Confirm{Title: "Sure?", Text: "It is not allowed."}},
		}},
	}}
}

func formCard() card.Card {
	return card.Card{Lang: crm.English, Title: "Visit", Blocks: []card.Block{card.Form{Name: "visit", Example: "/visit ACME talked", Submit: card.Button{Label: "Save", Action: save{}, Command: "/visit"}, Inputs: []card.Input{
		{Kind: card.MultilineInput, Name: "note", Label: "What happened", Required: true},
		{Kind: card.DateInput, Name: "day", Label: "Day", Required: true},
		{Kind: card.TimeInput, Name: "clock", Label: "Time"},
		{Kind: card.SelectInput, Name: "kind", Label: "Kind", Options: []card.Option{{Value: "visit", Label: "Visit"}, {Value: "phone", Label: "Phone"}}},
		{Kind: card.MoneyInput, Name: "amount", Label: "Amount"},
		{Kind: card.TextInput, Name: "other", Label: "Other"},
	}}}}
}
