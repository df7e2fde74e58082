package larkjson

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// block shows one block. Depth is the number of containers around it.
func (r *renderer) block(b card.Block, depth int) []node {
	switch b := b.(type) {
	case card.Heading:
		return r.heading(b)
	case card.Text:
		return r.text(b)
	case card.Fields:
		return r.fields(b, depth)
	case card.Table:
		return r.table(b)
	case card.Chart:
		return r.chart(b)
	case card.Image:
		return r.image(b)
	case card.People:
		return r.people(b, depth)
	case card.Divider:
		return []node{{"tag": "hr"}}
	case card.Note:
		return r.note(b.Text)
	case card.Progress:
		return r.progress(b)
	case card.Columns:
		return r.columns(b, depth)
	case card.Collapsible:
		return r.collapsible(b, depth)
	case card.Buttons:
		return r.buttons(b.Items, depth)
	case card.Form:
		return r.form(b)
	}
	r.fail(fmt.Errorf("unknown block %T", b))
	return nil
}

func (r *renderer) blocks(bs []card.Block, depth int) []node {
	out := []node{}
	for _, b := range bs {
		out = append(out, r.block(b, depth)...)
	}
	return out
}

func (r *renderer) heading(h card.Heading) []node {
	if blank(h.Text) {
		return nil
	}
	size := "heading-2"
	switch {
	case h.Level == 2:
		size = "heading-3"
	case h.Level >= 3:
		size = "heading-4"
	}
	return []node{div(r.clip(h.Text), size, "")}
}

func (r *renderer) note(text string) []node {
	if blank(text) {
		return nil
	}
	return []node{div(r.clip(text), "notation", "grey")}
}

func (r *renderer) image(i card.Image) []node {
	alt := r.clip(oneLine(i.Alt))
	if r.imageKey != nil {
		if key, ok := r.imageKey(i); ok && key != "" {
			return []node{{"tag": "img", "img_key": key, "alt": plain(alt), "scale_type": "fit_horizontal", "preview": true}}
		}
	}
	r.lose("image", "alternative text")
	if alt == "" {
		return r.note(r.lang.T("[图片]", "[image]"))
	}
	return r.note(r.lang.T("[图片] ", "[image] ") + alt)
}

// columns stand side by side; in a flat plan, or too deep inside other
// containers, below each other.
func (r *renderer) columns(c card.Columns, depth int) []node {
	if r.plan.flat || depth >= MaxNesting {
		r.lose("columns", "below each other")
		var out []node
		for _, col := range c.Cols {
			out = append(out, r.blocks(col.Blocks, depth)...)
		}
		return out
	}
	cols := []node{}
	for _, col := range c.Cols {
		cols = append(cols, column(col.Weight, r.blocks(col.Blocks, depth+1)))
	}
	return []node{{"tag": "column_set", "flex_mode": "stretch", "horizontal_spacing": "12px", "columns": cols}}
}

// column takes a share of the width; weight 0 means 1.
func column(weight int, elements []node) node {
	return node{"tag": "column", "width": "weighted", "weight": min(max(weight, 1), 5),
		"vertical_spacing": "4px", "vertical_align": "top", "elements": elements}
}

// narrow is a column as wide as its content.
func narrow(elements ...node) node {
	return node{"tag": "column", "width": "auto", "vertical_align": "center", "elements": elements}
}

func (r *renderer) collapsible(c card.Collapsible, depth int) []node {
	title := oneLine(c.Title)
	if title == "" {
		title = r.lang.T("详情", "Details")
	}
	title = r.clip(title)
	if depth >= MaxNesting {
		r.lose("collapsible", "always open")
		return append([]node{div(title, "heading", "")}, r.blocks(c.Blocks, depth)...)
	}
	return []node{{
		"tag": "collapsible_panel", "expanded": c.Open,
		"header": node{
			"title":               plain(title),
			"padding":             "4px 8px",
			"icon":                node{"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"},
			"icon_position":       "right",
			"icon_expanded_angle": -180,
		},
		"border":           node{"color": "grey", "corner_radius": "6px"},
		"padding":          "8px",
		"vertical_spacing": "8px",
		"elements":         r.blocks(c.Blocks, depth+1),
	}}
}

// people shows persons by platform identity where all of a group have one,
// grouped by role; else by name.
func (r *renderer) people(p card.People, depth int) []node {
	var roles []string
	groups := map[string][]card.Person{}
	for _, x := range p.Persons {
		role := oneLine(x.Role)
		if _, ok := groups[role]; !ok {
			roles = append(roles, role)
		}
		groups[role] = append(groups[role], x)
	}
	var out []node
	for _, role := range roles {
		out = append(out, r.group(r.clip(role), groups[role], depth)...)
	}
	return out
}

func (r *renderer) group(role string, persons []card.Person, depth int) []node {
	ids := r.ids(persons)
	if ids == nil || r.plan.flat {
		r.lose("people", "names")
		var names []string
		for _, p := range persons {
			if !blank(p.Name) {
				names = append(names, oneLine(p.Name))
			}
		}
		line := strings.Join(names, r.lang.T("、", ", "))
		if role != "" {
			line = role + r.lang.T("：", ": ") + line
		}
		if blank(line) {
			return nil
		}
		return []node{div(r.clip(line), "", "")}
	}
	list := node{"tag": "person_list", "persons": ids, "show_name": true, "show_avatar": true,
		"size": "small", "drop_invalid_user_id": true}
	if role == "" {
		return []node{list}
	}
	if depth >= MaxNesting {
		return []node{div(role, "notation", "grey"), list}
	}
	return []node{{"tag": "column_set", "flex_mode": "none", "horizontal_spacing": "8px", "columns": []node{
		narrow(div(role, "notation", "grey")), column(1, []node{list})}}}
}

// ids are the platform identities, or nil if somebody has none.
func (r *renderer) ids(persons []card.Person) []node {
	if r.personID == nil {
		return nil
	}
	var ids []node
	for _, p := range persons {
		id := ""
		if p.User != 0 {
			id = r.personID(p.User)
		}
		if id == "" {
			return nil
		}
		ids = append(ids, node{"id": id})
	}
	return ids
}

// more is the line that says how many of something are left out.
func more(l crm.Lang, n int, zh, en string) string {
	return fmt.Sprintf(l.T("还有 %d %s", "%d more %s"), n, l.T(zh, en))
}
