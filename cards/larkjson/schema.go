package larkjson

import "maps"

// auxiliary are tags of texts and icons, which stand inside attributes only.
var auxiliary = words("plain_text lark_md text_tag standard_icon custom_icon fallback_text")

// elements wants a list of components.
var elements = list(func(v *validator, at place, val any) { v.element(at, val) })

// with joins attribute tables; the common attributes of every component are
// always among them.
func with(tables ...map[string]attr) map[string]attr {
	out := map[string]attr{"tag": need(anyString), "element_id": may(elementID), "margin": may(sides(-99, 99))}
	for _, t := range tables {
		maps.Copy(out, t)
	}
	return out
}

var icon = object(map[string]attr{
	"tag":   need(enum("standard_icon custom_icon")),
	"token": may(filled), "img_key": may(filled), "color": may(colour), "size": may(anyString),
})

// layout are the attributes of everything that arranges components.
var layout = map[string]attr{
	"direction":          may(enum("vertical horizontal")),
	"padding":            may(sides(0, 99)),
	"horizontal_spacing": may(spacing),
	"vertical_spacing":   may(spacing),
	"horizontal_align":   may(enum("left center right")),
	"vertical_align":     may(enum("top center bottom")),
}

var deviceURLs = map[string]attr{
	"android_url": may(deviceLink), "ios_url": may(deviceLink), "pc_url": may(deviceLink),
}

func joined(tables ...map[string]attr) map[string]attr {
	out := map[string]attr{}
	for _, t := range tables {
		maps.Copy(out, t)
	}
	return out
}

var multiURL = object(joined(deviceURLs, map[string]attr{"url": may(link)}))

var rootAttrs = map[string]attr{
	"schema": may(func(*validator, place, any) {}), // has a rule of its own
	"config": may(object(map[string]attr{
		"streaming_mode": may(boolean),
		"streaming_config": may(object(map[string]attr{
			"print_frequency_ms": may(deviceNumbers), "print_step": may(deviceNumbers), "print_strategy": may(enum("fast delay"))})),
		"summary":                    may(object(map[string]attr{"content": may(anyString), "i18n_content": may(translations(anyString))})),
		"locales":                    may(list(localeString)),
		"enable_forward":             may(boolean),
		"update_multi":               may(updateMulti),
		"width_mode":                 may(enum("default compact fill")),
		"use_custom_translation":     may(boolean),
		"enable_forward_interaction": may(boolean),
		"style": may(object(map[string]attr{
			"text_size": may(mapOf(anyKey, object(map[string]attr{"default": may(oneOf(textSizes)), "pc": may(oneOf(textSizes)), "mobile": may(oneOf(textSizes))}))),
			"color":     may(mapOf(anyKey, object(map[string]attr{"light_mode": may(anyString), "dark_mode": may(anyString)})))})),
	})),
	"card_link": may(multiURL),
	"header": may(object(map[string]attr{
		"title": need(titleText), "subtitle": may(anyText), "template": may(oneOf(headerColours)),
		"text_tag_list": may(tagList), "i18n_text_tag_list": may(translations(tagList)),
		"icon": may(icon), "padding": may(sides(0, 99)),
	})),
	"body": need(object(joined(layout, map[string]attr{"elements": need(elements)}))),
}

// deviceNumbers are numbers that may differ between devices.
func deviceNumbers(v *validator, at place, val any) {
	if _, ok := val.(map[string]any); ok {
		mapOf(anyKey, integer(1, 10000))(v, at, val)
		return
	}
	integer(1, 10000)(v, at, val)
}

func updateMulti(v *validator, at place, val any) {
	if val != true {
		v.add(RuleUpdateMulti, at.path, "cards of schema 2.0 are shared: only true is allowed")
	}
}

// titleText is a header's title: a text that is not empty.
func titleText(v *validator, at place, val any) {
	anyText(v, at, val)
	if n, ok := val.(map[string]any); ok {
		if s, ok := n["content"].(string); ok {
			filled(v, at.in("content"), s)
		}
	}
}

func tagList(v *validator, at place, val any) {
	if items, ok := val.([]any); ok && len(items) > MaxHeaderTags {
		v.add(RuleTags, at.path, "%d labels, at most %d are shown", len(items), MaxHeaderTags)
	}
	list(object(map[string]attr{
		"tag": need(enum("text_tag")), "text": need(plainText), "color": may(oneOf(tagColourSet)), "element_id": may(elementID)}))(v, at, val)
}

// elementSchema is every component with its attributes.
var elementSchema = joinSchemas(containers(), displays(), controls())

func joinSchemas(parts ...map[string]element) map[string]element {
	out := map[string]element{}
	for _, p := range parts {
		maps.Copy(out, p)
	}
	return out
}

func containers() map[string]element {
	action := may(object(map[string]attr{"multi_url": need(multiURL)}))
	background := may(colourOr("laser"))
	return map[string]element{
		"column_set": {container: true, attrs: with(map[string]attr{
			"columns": need(elements), "flex_mode": may(enum("none stretch flow bisect trisect")),
			"horizontal_spacing": may(spacing), "horizontal_align": may(enum("left center right")),
			"background_style": background, "action": action,
		})},
		"column": {attrs: with(layout, map[string]attr{
			"elements": may(elements), "width": may(px("auto weighted", 16, 600)), "weight": may(integer(1, 5)),
			"background_style": background, "action": action,
		})},
		"form": {container: true, rules: []func(*validator, place, map[string]any){formPlace, formSubmit}, attrs: with(layout, map[string]attr{
			"name": need(formName), "elements": need(elements),
		})},
		"interactive_container": {container: true, attrs: with(layout, map[string]attr{
			"behaviors": need(behaviors), "elements": need(elements), "width": may(px("fill auto", 16, 999)),
			"height": may(px("auto", 10, 999)), "background_style": background, "has_border": may(boolean),
			"border_color": may(colour), "corner_radius": may(anyString), "confirm": may(confirm),
			"disabled": may(boolean), "disabled_tips": may(plainText), "hover_tips": may(plainText),
		})},
		"collapsible_panel": {container: true, attrs: with(layout, map[string]attr{
			"header": need(object(map[string]attr{
				"title": need(headerText), "background_color": may(colour), "width": may(px("fill auto auto_when_fold", 16, 999)),
				"vertical_align": may(enum("top center bottom")), "padding": may(sides(0, 99)), "icon": may(icon),
				"icon_position": may(enum("left right follow_text")), "icon_expanded_angle": may(enumNumber(-180, -90, 90, 180)),
			})),
			"elements": may(elements), "expanded": may(boolean), "background_color": may(colour),
			"border": may(object(map[string]attr{"color": may(colour), "corner_radius": may(px("", 0, 99))})),
		})},
	}
}

// headerText is a panel's title: text, or a markdown component.
func headerText(v *validator, at place, val any) {
	if n, ok := val.(map[string]any); ok && n["tag"] == "markdown" {
		v.element(at, val)
		return
	}
	anyText(v, at, val)
}

func colourOr(list string) check {
	set := words(list)
	return str(func(v *validator, at place, s string) {
		if !set[s] {
			colour(v, at, s)
		}
	})
}

func enumNumber(allowed ...float64) check {
	return func(v *validator, at place, val any) {
		f, ok := val.(float64)
		if !ok {
			v.add(RuleType, at.path, "want a number")
			return
		}
		for _, a := range allowed {
			if a == f {
				return
			}
		}
		v.add(RuleEnum, at.path, "%v is none of %v", f, allowed)
	}
}

func displays() map[string]element {
	person := map[string]attr{"size": may(enum("extra_small small medium large")), "show_avatar": may(boolean), "show_name": may(boolean)}
	return map[string]element{
		"div": {attrs: with(map[string]attr{
			"text": may(anyText), "icon": may(icon), "width": may(px("fill auto", 16, 999)),
		})},
		"markdown": {attrs: with(map[string]attr{
			"content": need(markdownText), "i18n_content": may(translations(markdownText)), "text_size": may(textSize),
			"text_align": may(enum("left center right")), "icon": may(icon),
		})},
		"hr": {attrs: with()},
		"img": {attrs: with(map[string]attr{
			"img_key": need(filled), "i18n_img_key": may(translations(filled)), "alt": need(plainText), "title": may(anyText),
			"corner_radius": may(anyString), "scale_type": may(enum("crop_center crop_top fit_horizontal")), "size": may(anyString),
			"transparent": may(boolean), "preview": may(boolean), "mode": may(anyString), "custom_width": may(integer(278, 580)),
			"compact_width": may(boolean),
		})},
		"img_combination": {attrs: with(map[string]attr{
			"img_list":         need(list(object(map[string]attr{"img_key": need(filled)}))),
			"combination_mode": may(enum("double triple bisect trisect")), "combination_transparent": may(boolean),
			"corner_radius": may(anyString),
		})},
		"person": {attrs: with(person, map[string]attr{"user_id": need(filled), "style": may(enum("normal capsule"))})},
		"person_list": {attrs: with(person, map[string]attr{
			"persons": need(list(object(map[string]attr{"id": need(filled)}))), "lines": may(integer(1, 100)),
			"drop_invalid_user_id": may(boolean), "icon": may(icon), "ud_icon": may(icon),
		})},
		"chart": {rules: []func(*validator, place, map[string]any){chartRules}, attrs: with(map[string]attr{
			"chart_spec": need(func(*validator, place, any) {}), "aspect_ratio": may(enum("1:1 2:1 4:3 16:9")),
			"color_theme": may(enum("brand rainbow complementary converse primary")), "height": may(px("auto", 1, 999)),
			"preview": may(boolean),
		})},
		"table": {rules: []func(*validator, place, map[string]any){tableRules}, attrs: with(map[string]attr{
			"columns": need(list(object(tableColumn))), "rows": need(list(mapOf(anyKey, func(*validator, place, any) {}))), "page_size": may(integer(1, 10)),
			"row_height": may(px("low middle high auto", 32, 124)), "row_max_height": may(px("", 32, 999)),
			"freeze_first_column": may(boolean), "header_style": may(object(map[string]attr{
				"text_align": may(enum("left center right")), "text_size": may(enum("normal heading")),
				"background_style": may(enum("none grey")), "text_color": may(enum("default grey")), "bold": may(boolean),
				"lines": may(integer(1, 100))})),
		})},
	}
}
