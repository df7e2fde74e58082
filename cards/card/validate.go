package card

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var inputName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)

// Validate reports everything that is wrong with the card, joined. It checks
// what holds on every platform; limits of one platform are its renderer's.
func (c Card) Validate() error {
	var errs []error
	add := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if strings.TrimSpace(c.Title) == "" {
		add("card without a title")
	}
	if len(c.Blocks) == 0 {
		add("card %q without blocks", c.Title)
	}
	if len(c.Tags) > 3 {
		add("card %q has %d tags, at most 3", c.Title, len(c.Tags))
	}
	forms := map[string]bool{}
	var walk func(bs []Block, depth int)
	button := func(b Button) {
		if b.Label == "" {
			add("button without a label")
		}
		if b.Action == nil && b.URL == "" && b.Disabled == "" {
			add("button %q does nothing", b.Label)
		}
		if b.Action != nil && b.Command == "" {
			add("button %q has no text command", b.Label)
		}
		if b.URL != "" && !httpURL(b.URL) {
			add("button %q: link %q is not http(s)", b.Label, b.URL)
		}
	}
	walk = func(bs []Block, depth int) {
		for _, b := range bs {
			switch b := b.(type) {
			case Text:
				for _, s := range b.Spans {
					if s.URL != "" && !httpURL(s.URL) {
						add("link %q is not http(s)", s.URL)
					}
				}
			case Fields:
				for _, f := range b.Items {
					if f.Label == "" {
						add("field without a label")
					}
					if f.Evidence != nil {
						button(*f.Evidence)
					}
				}
			case Table:
				if depth > 0 {
					add("table inside another block")
				}
				if len(b.Columns) == 0 {
					add("table without columns")
				}
				for i, r := range b.Rows {
					if len(r) != len(b.Columns) {
						add("table row %d has %d cells, %d columns", i, len(r), len(b.Columns))
					}
					for _, cell := range r {
						if cell.Action != nil {
							button(*cell.Action)
						}
					}
				}
			case Chart:
				for _, s := range b.Series {
					if len(s.Values) != len(b.Categories) {
						add("chart %q: series %q has %d values, %d categories", b.Title, s.Name, len(s.Values), len(b.Categories))
					}
				}
				if len(b.Series) == 0 || len(b.Categories) == 0 {
					add("chart %q without data", b.Title)
				}
			case Columns:
				if len(b.Cols) < 2 || len(b.Cols) > 4 {
					add("columns: %d, want 2 to 4", len(b.Cols))
				}
				for _, col := range b.Cols {
					walk(col.Blocks, depth+1)
				}
			case Collapsible:
				walk(b.Blocks, depth+1)
			case Buttons:
				if len(b.Items) == 0 {
					add("empty button row")
				}
				for _, x := range b.Items {
					button(x)
				}
			case Form:
				if depth > 0 {
					add("form %q inside another block", b.Name)
				}
				if forms[b.Name] || !inputName.MatchString(b.Name) {
					add("form name %q is empty, malformed or used twice", b.Name)
				}
				forms[b.Name] = true
				button(b.Submit)
				for _, x := range b.Extra {
					button(x)
				}
				validateInputs(b, add)
			}
		}
	}
	walk(c.Blocks, 0)
	return errors.Join(errs...)
}

func validateInputs(f Form, add func(string, ...any)) {
	if len(f.Inputs) == 0 {
		add("form %q without inputs", f.Name)
	}
	names := map[string]bool{}
	for _, in := range f.Inputs {
		if names[in.Name] || !inputName.MatchString(in.Name) {
			add("form %q: input name %q is empty, malformed or used twice", f.Name, in.Name)
		}
		names[in.Name] = true
		if in.Label == "" {
			add("form %q: input %q without a label", f.Name, in.Name)
		}
		switch in.Kind {
		case SelectInput, MultiSelect, PersonInput:
			values := map[string]bool{}
			for _, o := range in.Options {
				if o.Value == "" || values[o.Value] {
					add("form %q: input %q: option %q is empty or used twice", f.Name, in.Name, o.Value)
				}
				values[o.Value] = true
			}
		case TextInput, MultilineInput, NumberInput, MoneyInput, DateInput, TimeInput:
		default:
			add("form %q: input %q: unknown kind %q", f.Name, in.Name, in.Kind)
		}
	}
}

func httpURL(u string) bool {
	return strings.HasPrefix(u, "http://") || strings.HasPrefix(u, "https://")
}
