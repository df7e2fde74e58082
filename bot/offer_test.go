package bot_test

import (
	"context"
	"testing"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

type forReps struct{}

func (forReps) ActionName() string { return "offer.reps" }

type forAll struct{}

func (forAll) ActionName() string { return "offer.all" }

// TestOnlyWhatOneMayUseIsOffered: controls for other roles are left out of
// buttons, values, cells and what is nested; the card itself is not changed.
func TestOnlyWhatOneMayUseIsOffered(t *testing.T) {
	text := crm.Text{Zh: "做", En: "do"}
	run := func(context.Context, crm.Actor, bot.Call, string) (bot.Reply, error) { return bot.Reply{}, nil }
	command := func(name string, roles ...crm.Role) bot.Registration {
		return bot.Command[string]{Name: name, Summary: text, Examples: []string{"/" + name}, Roles: roles, Parse: func(s string) (string, error) { return s, nil }, Run: run}
	}
	r, err := bot.NewRouter(command("认领", crm.Rep), command("查看"),
		bot.Handle[forReps]{Roles: []crm.Role{crm.Rep}, Run: func(context.Context, crm.Actor, bot.Call, forReps) (bot.Reply, error) { return bot.Reply{}, nil }},
		bot.Handle[forAll]{Run: func(context.Context, crm.Actor, bot.Call, forAll) (bot.Reply, error) { return bot.Reply{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	byCommand := card.Button{Label: "认领", Action: forAll{}, Command: "/认领 L-1"}
	byAction := card.Button{Label: "放回", Action: forReps{}}
	open := card.Button{Label: "查看", Action: forAll{}, Command: "/查看 L-1"}
	c := card.Card{Title: "t", Blocks: []card.Block{
		card.Buttons{Items: []card.Button{byCommand, open, byAction}},
		card.Buttons{Items: []card.Button{byCommand}},
		card.Fields{Items: []card.Field{{Label: "a", Value: "1", Evidence: &byAction}, {Label: "b", Value: "2", Evidence: &open}}},
		card.Table{Columns: []card.Column{{Title: "x"}, {Title: ""}}, Rows: [][]card.Cell{{{Text: "L-1", Action: &byCommand}, {Text: "认领", Action: &byCommand}}}},
		card.Collapsible{Title: "more", Blocks: []card.Block{card.Buttons{Items: []card.Button{byAction, open}}}},
		card.Columns{Cols: []card.Col{{Blocks: []card.Block{card.Buttons{Items: []card.Button{byAction, open}}}}}},
	}}
	got := r.Offer(crm.Actor{ID: 1, Roles: []crm.Role{crm.Legal}}, c)
	if len(got.Blocks) != 5 {
		t.Fatalf("%d blocks, want 5: buttons of which none is left go", len(got.Blocks))
	}
	left := func(b card.Block) int { return len(b.(card.Buttons).Items) }
	if n := left(got.Blocks[0]); n != 1 {
		t.Errorf("%d buttons are left of three, want 1", n)
	}
	if f := got.Blocks[1].(card.Fields).Items; f[0].Evidence != nil || f[1].Evidence == nil || f[0].Value != "1" {
		t.Errorf("values: %+v", f)
	}
	if row := got.Blocks[2].(card.Table).Rows[0]; row[0].Action != nil || row[0].Text != "L-1" || row[1].Action != nil || row[1].Text != "" {
		t.Errorf("cells: %+v", row)
	}
	if n := left(got.Blocks[3].(card.Collapsible).Blocks[0]); n != 1 {
		t.Errorf("%d buttons in the fold, want 1", n)
	}
	if n := left(got.Blocks[4].(card.Columns).Cols[0].Blocks[0]); n != 1 {
		t.Errorf("%d buttons in the column, want 1", n)
	}
	if left(c.Blocks[0]) != 3 || c.Blocks[2].(card.Fields).Items[0].Evidence == nil || c.Blocks[3].(card.Table).Rows[0][0].Action == nil {
		t.Error("the card itself was changed")
	}
	if rep := r.Offer(crm.Actor{ID: 2, Roles: []crm.Role{crm.Rep}}, c); len(rep.Blocks) != 6 || left(rep.Blocks[0]) != 3 {
		t.Error("a rep is not offered everything")
	}
}
