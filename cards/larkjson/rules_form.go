package larkjson

import (
	"regexp"
	"unicode/utf8"
)

func matching(pattern string) check {
	re := regexp.MustCompile(pattern)
	return str(func(v *validator, at place, s string) {
		if !re.MatchString(s) {
			v.add(RuleRange, at.path, "%.40q is not of the form %s", s, pattern)
		}
	})
}

func fraction(v *validator, at place, val any) {
	if f, ok := val.(float64); !ok || f < 0 || f > 1 {
		v.add(RuleRange, at.path, "want a number from 0 to 1")
	}
}

// checkerButtons are at most three buttons beside a check box.
func checkerButtons(v *validator, at place, val any) {
	if items, ok := val.([]any); ok && len(items) > 3 {
		v.add(RuleRange, at.path, "%d buttons, at most 3", len(items))
	}
	elements(v, at, val)
}

var confirm = object(map[string]attr{"title": need(plainText), "text": need(plainText)})

var callbackAttrs = map[string]attr{"type": need(anyString), "value": need(func(v *validator, at place, val any) {
	if _, ok := val.(map[string]any); !ok {
		v.add(RuleCallback, at.path, "the value must be an object, the SDK drops the event otherwise")
	}
})}

var openAttrs = joined(deviceURLs, map[string]attr{"type": need(anyString), "default_url": need(link)})

// behaviors are what a control does: call back or open a page.
var behaviors = list(func(v *validator, at place, val any) {
	n, ok := val.(map[string]any)
	if !ok {
		v.add(RuleType, at.path, "want an object")
		return
	}
	switch n["type"] {
	case "callback":
		v.object(at, n, callbackAttrs)
	case "open_url":
		v.object(at, n, openAttrs)
	default:
		v.add(RuleEnum, at.in("type").path, "want callback or open_url")
	}
})

// formName is the name of a form; it shares the names of the controls.
func formName(v *validator, at place, val any) {
	if val == "" {
		v.add(RuleFormName, at.path, "a form needs a name")
		return
	}
	elementName(v, at, val)
}

func formPlace(v *validator, at place, _ map[string]any) {
	switch {
	case at.form:
		v.add(RuleFormNested, at.path, "a form inside a form")
	case at.parent != "":
		v.add(RuleFormRoot, at.path, "a form inside a %s: forms stand at the root", at.parent)
	}
}

func formSubmit(v *validator, at place, n map[string]any) {
	if !hasSubmit(n["elements"]) {
		v.add(RuleFormSubmit, at.path, "no button with form_action_type submit")
	}
}

func hasSubmit(val any) bool {
	switch val := val.(type) {
	case []any:
		for _, x := range val {
			if hasSubmit(x) {
				return true
			}
		}
	case map[string]any:
		return val["tag"] == "button" && val["form_action_type"] == "submit" || hasSubmit(val["elements"]) || hasSubmit(val["columns"])
	}
	return false
}

func buttonRules(v *validator, at place, n map[string]any) {
	action, typed := n["form_action_type"]
	switch {
	case typed && !at.form:
		v.add(RuleActionType, at.path, "form_action_type outside a form")
	case !typed && at.form:
		v.add(RuleFormAction, at.path, "a button in a form submits or resets it")
	}
	if _, ok := n["confirm"]; ok && action != "submit" {
		v.add(RuleConfirm, at.path, "the question is asked only before a submit")
	}
	behaviors, _ := n["behaviors"].([]any)
	if !typed && !at.form && len(behaviors) == 0 && n["disabled"] != true {
		v.add(RuleNoEffect, at.path, "the button does nothing")
	}
}

func inputRules(v *validator, at place, n map[string]any) {
	longest := float64(MaxInput)
	if f, ok := n["max_length"].(float64); ok {
		longest = f
	}
	if s, ok := n["default_value"].(string); ok && float64(utf8.RuneCountInString(s)) > longest {
		v.add(RuleDefault, at.in("default_value").path, "longer than %v characters", longest)
	}
}

// optionRules checks a control's options; some are refused without any.
func optionRules(filled bool) func(v *validator, at place, n map[string]any) {
	return func(v *validator, at place, n map[string]any) {
		items, ok := n["options"].([]any)
		if ok && filled && len(items) == 0 {
			v.add(RuleOptions, at.path, "no options")
		}
		values := map[string]bool{}
		for i, x := range items {
			o, _ := x.(map[string]any)
			s, ok := o["value"].(string)
			if ok && values[s] {
				v.add(RuleOption, at.in("options").index(i).path, "the value is used twice")
			}
			values[s] = true
		}
		if len(items) == 0 {
			return
		}
		if s, ok := n["initial_option"].(string); ok && s != "" && !values[s] {
			v.add(RuleInitial, at.in("initial_option").path, "not among the options")
		}
		if f, ok := n["initial_index"].(float64); ok && int(f) > len(items) {
			v.add(RuleInitial, at.in("initial_index").path, "beyond the options")
		}
		selected, _ := n["selected_values"].([]any)
		for i, x := range selected {
			if s, ok := x.(string); ok && !values[s] {
				v.add(RuleInitial, at.in("selected_values").index(i).path, "not among the options")
			}
		}
	}
}
