package larkjson

// controls are the components that people use.
func controls() map[string]element {
	needRule := func(v *validator, at place, n map[string]any) {
		if _, ok := n["required"]; ok && !at.form {
			v.add(RuleNeed, at.in("required").path, "only inside a form")
		}
	}
	multiRule := func(v *validator, at place, _ map[string]any) {
		if !at.form {
			v.add(RuleMulti, at.path, "only inside a form")
		}
	}
	// common are the attributes of all controls except buttons.
	common := map[string]attr{
		"name": may(elementName), "required": may(boolean), "width": may(px("default fill", 100, 9999)),
		"behaviors": may(behaviors), "confirm": may(confirm), "disabled": may(boolean), "disabled_tips": may(plainText),
		"hover_tips": may(plainText),
	}
	holder := map[string]attr{"placeholder": may(holderText)}
	static := map[string]attr{"options": need(list(object(map[string]attr{
		"text": need(plainText), "value": need(filled), "icon": may(icon)})))}
	persons := map[string]attr{"options": may(list(object(map[string]attr{"value": need(filled)})))}
	single := map[string]attr{"type": may(enum("default text")), "initial_option": may(anyString), "initial_index": may(integer(0, 9999))}
	several := map[string]attr{"type": may(enum("default text")), "selected_values": may(list(filled))}
	type rules = []func(*validator, place, map[string]any)

	picker := func(attrs map[string]attr, extra ...func(*validator, place, map[string]any)) element {
		return element{interactive: true, attrs: with(common, holder, attrs), rules: append(rules{needRule}, extra...)}
	}
	return map[string]element{
		"button": {interactive: true, rules: rules{buttonRules}, attrs: with(map[string]attr{
			"text": may(labelText), "type": may(enum("default primary danger text primary_text danger_text primary_filled danger_filled laser")),
			"size": may(enum("tiny small medium large")), "width": may(px("default fill", 100, 9999)), "icon": may(icon),
			"behaviors": may(behaviors), "disabled": may(boolean), "disabled_tips": may(plainText), "hover_tips": may(plainText),
			"confirm": may(confirm), "name": may(elementName), "form_action_type": may(enum("submit reset")),
		})},
		"input": picker(map[string]attr{
			"default_value": may(anyString), "i18n_default_value": may(translations(anyString)), "label": may(plainText),
			"label_position": may(enum("top left")), "max_length": may(integer(1, MaxInput)),
			"input_type": may(enum("text multiline_text password")), "rows": may(integer(1, 100)), "auto_resize": may(boolean),
			"max_rows": may(integer(1, 100)), "show_icon": may(boolean),
		}, inputRules),
		"select_static":       picker(joined(static, single), optionRules(true)),
		"multi_select_static": picker(joined(static, several), optionRules(true), multiRule),
		"select_person":       picker(joined(persons, single), optionRules(false)),
		"multi_select_person": picker(joined(persons, several), optionRules(false), multiRule),
		"date_picker":         picker(map[string]attr{"initial_date": may(matching(`^\d{4}-\d{2}-\d{2}$`))}),
		"picker_time":         picker(map[string]attr{"initial_time": may(matching(`^\d{2}:\d{2}$`))}),
		"picker_datetime":     picker(map[string]attr{"initial_datetime": may(matching(`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$`))}),
		"overflow": {interactive: true, rules: rules{optionRules(true)}, attrs: with(common, map[string]attr{
			"options": need(list(object(map[string]attr{"text": need(plainText), "multi_url": may(multiURL), "value": may(filled)}))),
		})},
		"select_img": {interactive: true, rules: rules{needRule, optionRules(true), func(v *validator, at place, n map[string]any) {
			if n["multi_select"] == true {
				multiRule(v, at, n)
			}
		}}, attrs: with(common, map[string]attr{
			"options": need(list(object(map[string]attr{
				"img_key": need(filled), "value": need(filled), "disabled": may(boolean), "disabled_tips": may(plainText), "hover_tips": may(plainText)}))),
			"layout": may(enum("stretch bisect trisect")), "aspect_ratio": may(enum("16:9 4:3 1:1")), "can_preview": may(boolean),
			"multi_select": may(boolean),
		})},
		"checker": {interactive: true, attrs: with(common, map[string]attr{
			"text": may(anyText), "checked": may(boolean), "overall_checkable": may(boolean), "padding": may(sides(0, 99)),
			"checked_style": may(object(map[string]attr{"show_strikethrough": may(boolean), "opacity": may(fraction)})),
			"button_area": may(object(map[string]attr{
				"pc_display_rule": may(enum("always on_hover")), "buttons": may(checkerButtons)})),
		})},
	}
}
