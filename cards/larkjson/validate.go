package larkjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Problem is one thing in a card's JSON that the platform would refuse, show
// wrongly or ignore.
type Problem struct {
	// Rule is the stable name of the broken rule, one of the Rule constants.
	Rule string
	// Path is where, for example "body.elements[2].text".
	Path string
	// Message says what is wrong, in English, for developers. It never repeats
	// text of the card.
	Message string
}

func (p Problem) String() string { return fmt.Sprintf("%s at %s: %s", p.Rule, p.Path, p.Message) }

// Validate checks card JSON 2.0 against the platform's rules. Nil means that
// nothing is wrong.
func Validate(card []byte) []Problem {
	v := &validator{schema: elementSchema, names: map[string]bool{}, ids: map[string]bool{},
		sizes: map[string]bool{}, colours: map[string]bool{}}
	if len(card) > MaxBytes {
		v.add(RuleBytes, "", "%d bytes, at most %d", len(card), MaxBytes)
	}
	d := json.NewDecoder(bytes.NewReader(card))
	var root any
	if err := d.Decode(&root); err != nil {
		v.add(RuleSyntax, "", "not JSON: %v", err)
		return v.problems
	}
	if _, err := d.Token(); err != io.EOF {
		v.add(RuleSyntax, "", "more than one JSON value")
		return v.problems
	}
	obj, ok := root.(map[string]any)
	if !ok {
		v.add(RuleSyntax, "", "a card is a JSON object")
		return v.problems
	}
	v.root(obj)
	return v.problems
}

// validator collects what is wrong with one card.
type validator struct {
	schema         map[string]element
	problems       []Problem
	names, ids     map[string]bool
	sizes, colours map[string]bool // text sizes and colours that the card defines itself
	tables, charts int
}

// place is where in the card a value stands.
type place struct {
	path string
	// parent is the tag of the element around it, "" at the root.
	parent string
	// form says that a form is around it.
	form bool
	// depth is the number of containers around it.
	depth int
}

func (at place) in(name string) place {
	if at.path != "" {
		name = at.path + "." + name
	}
	at.path = name
	return at
}

func (at place) index(i int) place {
	at.path = fmt.Sprintf("%s[%d]", at.path, i)
	return at
}

func (v *validator) add(rule, path, format string, a ...any) {
	v.problems = append(v.problems, Problem{Rule: rule, Path: path, Message: fmt.Sprintf(format, a...)})
}

func (v *validator) root(obj map[string]any) {
	if obj["schema"] != "2.0" {
		v.add(RuleSchema, "schema", "must be \"2.0\"")
	}
	v.ownStyles(obj["config"])
	v.object(place{}, obj, rootAttrs)
	if n := measure(obj); n > MaxElements {
		v.add(RuleElements, "body", "%d tagged objects, at most %d", n, MaxElements)
	}
	if v.tables > MaxTables {
		v.add(RuleTables, "body", "%d tables, at most %d", v.tables, MaxTables)
	}
	if v.charts > MaxCharts {
		v.add(RuleCharts, "body", "%d charts, at most %d", v.charts, MaxCharts)
	}
}

// ownStyles remembers the names that config.style defines.
func (v *validator) ownStyles(config any) {
	c, _ := config.(map[string]any)
	style, _ := c["style"].(map[string]any)
	sizes, _ := style["text_size"].(map[string]any)
	for name := range sizes {
		v.sizes[name] = true
	}
	colours, _ := style["color"].(map[string]any)
	for name := range colours {
		v.colours[name] = true
	}
}

// check looks at one value.
type check func(v *validator, at place, val any)

// attr is one allowed attribute.
type attr struct {
	check    check
	required bool
}

// element is what is allowed for one tag.
type element struct {
	attrs map[string]attr
	// container elements count towards the nesting limit.
	container bool
	// interactive elements have names and need one inside a form.
	interactive bool
	// rules look at the whole element after its attributes.
	rules []func(v *validator, at place, n map[string]any)
}

// object checks the attributes of any object in a fixed order.
func (v *validator) object(at place, n map[string]any, attrs map[string]attr) {
	for _, name := range slices.Sorted(maps.Keys(n)) {
		a, ok := attrs[name]
		if !ok {
			v.add(RuleUnknownAttribute, at.in(name).path, "the platform refuses attributes it does not know here")
			continue
		}
		a.check(v, at.in(name), n[name])
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if _, ok := n[name]; !ok && attrs[name].required {
			v.add(RuleRequired, at.in(name).path, "missing")
		}
	}
}

// element checks one component with everything inside it.
func (v *validator) element(at place, val any) {
	n, ok := val.(map[string]any)
	if !ok {
		v.add(RuleType, at.path, "want an object")
		return
	}
	tag, _ := n["tag"].(string)
	e, ok := v.schema[tag]
	switch {
	case !ok && auxiliary[tag]:
		v.add(RulePlace, at.path, "%s is no element of its own", tag)
		return
	case !ok:
		v.add(RuleTag, at.path, "unknown tag %.40q", tag)
		return
	case (tag == "column") != (at.parent == "column_set"):
		v.add(RulePlace, at.path, "%s inside %q", tag, at.parent)
		return
	}
	if e.interactive && at.form {
		if s, _ := n["name"].(string); s == "" {
			v.add(RuleFormName, at.path, "%s in a form needs a name", tag)
		}
	}
	for _, rule := range e.rules {
		rule(v, at, n)
	}
	inner := place{path: at.path, parent: tag, form: at.form || tag == "form", depth: at.depth}
	if e.container {
		inner.depth++
		if inner.depth == MaxNesting+1 {
			v.add(RuleNesting, at.path, "more than %d containers inside each other", MaxNesting)
		}
	}
	v.object(inner, n, e.attrs)
}
