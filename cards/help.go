package cards

import (
	"slices"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// RunCommand runs a text command as if the person had typed it. The person's
// own rights apply.
type RunCommand struct {
	Line string `json:"line"`
}

// ActionName implements card.Action.
func (RunCommand) ActionName() string { return "command.run" }

// CommandButton is a button that runs a text command.
func CommandButton(label, line string) card.Button {
	return card.Button{Label: label, Action: RunCommand{Line: line}, Command: line}
}

// HelpEntry is one command in the help.
type HelpEntry struct {
	Name           string
	Aliases        []string
	Summary, Usage crm.Text
	Examples       []string
	// Menu commands are used daily; they are listed first.
	Menu bool
}

// Help lists the commands of a person's role; each example can be tapped.
func Help(l crm.Lang, name string, list []HelpEntry) card.Card {
	c := card.Card{Lang: l, Title: l.T("可以这样用", "What you can do"), Tone: card.Info,
		Subtitle: l.T(name+"，下面是您的角色能用的命令", name+", these commands are for your role")}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b HelpEntry) int { return rank(a) - rank(b) })
	rows := make([][]card.Cell, 0, len(list))
	for _, h := range list {
		cmd := "/" + h.Name
		if l == crm.English && len(h.Aliases) > 0 {
			cmd = "/" + h.Aliases[0]
		}
		b := CommandButton(l.T("说明", "how"), "/"+l.T("帮助", "help")+" "+strings.TrimPrefix(cmd, "/"))
		rows = append(rows, []card.Cell{{Text: strings.TrimSpace(cmd + " " + h.Usage.In(l))}, {Text: h.Summary.In(l)}, {Text: b.Label, Action: &b}})
	}
	c.Blocks = append(c.Blocks, card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("命令", "Command")}, {Title: l.T("作用", "What it does")}, {Title: ""}}, Rows: rows},
		card.Note{Text: l.T("斜杠可以省略；全角半角都可以。", "The slash may be left out; full-width characters work too.")})
	return c
}

func rank(h HelpEntry) int {
	if h.Menu {
		return 0
	}
	return 1
}

// HelpOne explains one command.
func HelpOne(l crm.Lang, h HelpEntry) card.Card {
	c := card.Card{Lang: l, Title: "/" + h.Name + " " + h.Usage.In(l), Subtitle: h.Summary.In(l), Tone: card.Info}
	if l == crm.English && len(h.Aliases) > 0 {
		c.Title = strings.TrimSpace("/" + h.Aliases[0] + " " + h.Usage.In(l))
	}
	var bs []card.Button
	for _, x := range l.Own(h.Examples) {
		bs = append(bs, CommandButton(x, x))
	}
	others := append([]string{h.Name}, h.Aliases...)
	if l == crm.English {
		others = l.Own(others)
	}
	c.Blocks = append(c.Blocks, card.P(l.T("试一试：", "Try it:")), card.Buttons{Items: bs},
		card.Note{Text: l.T("也可以写：", "Also: ") + strings.Join(others, " · ")})
	return c
}

func helpSamples(l crm.Lang) []Sample {
	claim := HelpEntry{Name: "认领", Aliases: []string{"claim"}, Summary: crm.Text{Zh: "从公海认领线索", En: "claim leads from the public pool"},
		Usage: crm.Text{Zh: "L-12", En: "L-12"}, Examples: []string{"/认领 L-12"}}
	if l == crm.English {
		claim.Examples = []string{"/claim L-12"}
	}
	return []Sample{
		{"help/all", crm.Text{Zh: "全部命令", En: "all commands"}, Help(l, l.T("李娜", "Li Na"), []HelpEntry{claim})},
		{"help/one", crm.Text{Zh: "一个命令", En: "one command"}, HelpOne(l, claim)},
	}
}
