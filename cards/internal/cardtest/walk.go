package cardtest

import (
	"os"
	"path/filepath"
	"testing"

	"crmbot/cards/card"
)

// Golden compares got with testdata/name, or writes the file if update is set.
func Golden(t *testing.T, update bool, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from the golden file; got:\n%s", name, got)
	}
}

// Strings are all texts of the card that a reader must be able to find in any
// rendering that leaves nothing out: titles, labels, values, options, reasons.
func Strings(c card.Card) []string {
	s := &collector{}
	s.add(c.Title, c.Subtitle)
	for _, t := range c.Tags {
		s.add(t.Text)
	}
	s.blocks(c.Blocks)
	return s.all
}

type collector struct{ all []string }

func (s *collector) add(texts ...string) {
	for _, t := range texts {
		if t != "" {
			s.all = append(s.all, t)
		}
	}
}

func (s *collector) button(b *card.Button) {
	if b != nil {
		s.add(b.Label, b.Disabled)
		if b.Confirm != nil {
			s.add(b.Confirm.Title, b.Confirm.Text)
		}
	}
}

func (s *collector) blocks(bs []card.Block) {
	for _, b := range bs {
		switch b := b.(type) {
		case card.Heading:
			s.add(b.Text)
		case card.Text:
			for _, x := range b.Spans {
				s.add(x.Text)
			}
		case card.Fields:
			for _, f := range b.Items {
				s.add(f.Label, f.Value)
				s.button(f.Evidence)
			}
		case card.Table:
			for _, x := range b.Columns {
				s.add(x.Title)
			}
			for _, r := range b.Rows {
				for _, x := range r {
					s.add(x.Text)
					s.button(x.Action)
				}
			}
		case card.Chart:
			s.add(b.Title)
			s.add(b.Categories...)
			for _, x := range b.Series {
				if len(b.Series) > 1 {
					s.add(x.Name)
				}
			}
		case card.Image:
			s.add(b.Alt)
		case card.People:
			for _, p := range b.Persons {
				s.add(p.Name, p.Role)
			}
		case card.Note:
			s.add(b.Text)
		case card.Progress:
			s.add(b.Label, b.Text)
			for _, m := range b.Marks {
				s.add(m.Label)
			}
		case card.Columns:
			for _, x := range b.Cols {
				s.blocks(x.Blocks)
			}
		case card.Collapsible:
			s.add(b.Title)
			s.blocks(b.Blocks)
		case card.Buttons:
			for i := range b.Items {
				s.button(&b.Items[i])
			}
		case card.Form:
			for _, in := range b.Inputs {
				s.add(in.Label, in.Placeholder, in.Help)
				for _, o := range in.Options {
					s.add(o.Label)
				}
			}
			s.button(&b.Submit)
			for i := range b.Extra {
				s.button(&b.Extra[i])
			}
			s.add(b.Example)
		}
	}
}
