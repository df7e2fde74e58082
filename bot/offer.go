package bot

import (
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Offer leaves out of a card what the person could not use anyway: controls
// whose action or text command is for other roles. It only saves people a
// refusal; what they may do is decided when they press. The card is not changed.
func (r *Router) Offer(a crm.Actor, c card.Card) card.Card {
	c.Blocks = r.offer(a, c.Blocks)
	return c
}

func (r *Router) offer(a crm.Actor, blocks []card.Block) []card.Block {
	out := make([]card.Block, 0, len(blocks))
	for _, b := range blocks {
		switch b := b.(type) {
		case card.Buttons:
			var items []card.Button
			for _, x := range b.Items {
				if r.usable(a, x) {
					items = append(items, x)
				}
			}
			if len(items) > 0 {
				out = append(out, card.Buttons{Items: items})
			}
			continue
		case card.Fields:
			out = append(out, r.offerFields(a, b))
			continue
		case card.Table:
			out = append(out, r.offerTable(a, b))
			continue
		case card.Columns:
			cols := make([]card.Col, len(b.Cols))
			for i, x := range b.Cols {
				x.Blocks = r.offer(a, x.Blocks)
				cols[i] = x
			}
			b.Cols = cols
			out = append(out, b)
			continue
		case card.Collapsible:
			b.Blocks = r.offer(a, b.Blocks)
			out = append(out, b)
			continue
		}
		out = append(out, b)
	}
	return out
}

func (r *Router) offerFields(a crm.Actor, f card.Fields) card.Fields {
	items := make([]card.Field, len(f.Items))
	for i, x := range f.Items {
		if x.Evidence != nil && !r.usable(a, *x.Evidence) {
			x.Evidence = nil
		}
		items[i] = x
	}
	f.Items = items
	return f
}

func (r *Router) offerTable(a crm.Actor, t card.Table) card.Table {
	rows := make([][]card.Cell, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = make([]card.Cell, len(row))
		for k, x := range row {
			if x.Action != nil && !r.usable(a, *x.Action) {
				if x.Text == x.Action.Label {
					x.Text = "" // only the name of what cannot be done
				}
				x.Action = nil
			}
			rows[i][k] = x
		}
	}
	t.Rows = rows
	return t
}

// usable reports whether a person of these roles may use a control. What is
// unknown is left alone: an old card answers with a fresh one.
func (r *Router) usable(a crm.Actor, b card.Button) bool {
	if b.Action == nil {
		return true
	}
	if h, ok := r.actions[b.Action.ActionName()]; ok && len(h.roles) > 0 && !a.Is(h.roles...) {
		return false
	}
	if !strings.HasPrefix(b.Command, "/") {
		return true
	}
	name, _, ok := r.match(b.Command)
	return !ok || r.commands[name].Allowed(a)
}

// offered is the answer with its cards as the person may use them. A card that
// a group reads stays whole.
func (r *Router) offered(req *Req, a crm.Actor, rep Reply) Reply {
	if rep.Card != nil && (rep.Private || !req.Chat.Group) {
		c := r.Offer(a, *rep.Card)
		rep.Card = &c
	}
	if len(rep.Also) > 0 {
		also := make([]Reply, len(rep.Also))
		for i, x := range rep.Also {
			also[i] = r.offered(req, a, x)
		}
		rep.Also = also
	}
	return rep
}
