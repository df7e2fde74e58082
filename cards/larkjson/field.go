package larkjson

import "crmbot/cards/card"

// fields are pairs in two columns, wide ones on a line of their own.
func (r *renderer) fields(f card.Fields, depth int) []node {
	flat := r.plan.flat || depth >= MaxNesting
	if flat {
		r.lose("fields", "one below the other")
		return r.flatFields(f, depth)
	}
	var out []node
	var pair []node
	flush := func() {
		switch len(pair) {
		case 0:
			return
		case 1:
			pair = append(pair, column(1, []node{}))
		}
		out = append(out, node{"tag": "column_set", "flex_mode": "bisect", "horizontal_spacing": "12px", "columns": pair})
		pair = nil
	}
	for _, x := range f.Items {
		elements := []node{markdown(r.fieldText(x, "\n"))}
		if x.Evidence != nil {
			elements = append(elements, r.inlineButton(*x.Evidence)...)
		}
		if x.Wide {
			flush()
			out = append(out, elements...)
			continue
		}
		if pair = append(pair, column(1, elements)); len(pair) == 2 {
			flush()
		}
	}
	flush()
	return out
}

func (r *renderer) flatFields(f card.Fields, depth int) []node {
	var out []node
	text := ""
	var evidence []card.Button
	for i, x := range f.Items {
		if i > 0 {
			text += "\n"
		}
		text += r.fieldText(x, " ")
		if x.Evidence != nil {
			evidence = append(evidence, *x.Evidence)
		}
	}
	if text != "" {
		out = append(out, markdown(text))
	}
	if len(evidence) > 0 {
		out = append(out, r.buttons(evidence, depth)...)
	}
	return out
}

// fieldText is label and value as escaped markdown.
func (r *renderer) fieldText(f card.Field, sep string) string {
	value := r.clip(f.Value)
	if blank(value) {
		value = "—"
	}
	return "<font color='grey'>" + escape(r.clip(oneLine(f.Label))) + "</font>" + sep +
		r.styled(card.Span{Tone: f.Tone}, value)
}
