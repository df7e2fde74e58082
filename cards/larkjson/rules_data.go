package larkjson

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// tableColumn are the attributes of one column.
var tableColumn = map[string]attr{
	"name": need(filled), "display_name": may(anyString), "i18n_display_name": may(translations(anyString)),
	"data_type": need(enum("text lark_md markdown options number persons date")),
	"width":     may(columnWidth), "vertical_align": may(enum("top center bottom")), "horizontal_align": may(enum("left center right")),
	"format": may(object(map[string]attr{
		"precision": may(integer(0, 10)), "symbol": may(limited(RuleRange, 1)), "separator": may(boolean)})),
	"date_format": may(anyString),
}

var columnWidth = str(func(v *validator, at place, s string) {
	if s == "auto" || pixels(s, 80, 600) {
		return
	}
	if n := len(s); n > 1 && s[n-1] == '%' && pixels(s[:n-1]+"px", 1, 100) {
		return
	}
	v.add(RuleRange, at.path, "%.40q is not auto, [80,600]px or [1,100]%%", s)
})

func tableRules(v *validator, at place, n map[string]any) {
	v.tables++
	if at.parent != "" {
		v.add(RuleTableRoot, at.path, "a table inside a %s: tables stand at the root", at.parent)
	}
	columns, _ := n["columns"].([]any)
	if len(columns) > MaxColumns {
		v.add(RuleColumns, at.path, "%d columns, at most %d are shown", len(columns), MaxColumns)
	}
	kinds := map[string]string{}
	for i, c := range columns {
		col, _ := c.(map[string]any)
		name, _ := col["name"].(string)
		if _, ok := kinds[name]; ok {
			v.add(RuleTableColumn, at.in("columns").index(i).path, "the name is used twice")
		}
		kinds[name], _ = col["data_type"].(string)
	}
	rows, _ := n["rows"].([]any)
	for i, x := range rows {
		row, _ := x.(map[string]any)
		where := at.in("rows").index(i)
		for _, key := range slices.Sorted(maps.Keys(row)) {
			kind, ok := kinds[key]
			if !ok {
				v.add(RuleTableKey, where.in(key).path, "there is no such column")
				continue
			}
			v.cell(where.in(key), kind, row[key])
		}
		for _, name := range slices.Sorted(maps.Keys(kinds)) {
			if _, ok := row[name]; !ok {
				v.add(RuleTableGap, where.path, "no cell for column %q", name)
			}
		}
	}
}

// cell checks a cell against its column's data type.
func (v *validator) cell(at place, kind string, val any) {
	ok := true
	switch kind {
	case "text":
		_, ok = val.(string)
	case "lark_md", "markdown":
		if _, ok = val.(string); ok {
			markdownText(v, at, val)
		}
	case "number", "date":
		_, ok = val.(float64)
	case "persons":
		ok = stringOr(val, func(x any) bool { _, s := x.(string); return s })
	case "options":
		ok = stringOr(val, func(x any) bool {
			o, _ := x.(map[string]any)
			_, text := o["text"].(string)
			colour, coloured := o["color"].(string)
			return text && (!coloured || tagColourSet[colour])
		})
	}
	if !ok {
		v.add(RuleTableCell, at.path, "not a value of type %s", kind)
	}
}

// stringOr wants a string or a list of items.
func stringOr(val any, item func(any) bool) bool {
	items, ok := val.([]any)
	if !ok {
		_, ok = val.(string)
		return ok
	}
	return !slices.ContainsFunc(items, func(x any) bool { return !item(x) })
}

// chartFields are, per chart type, the attributes that name data fields.
// The last ones may be missing.
var chartFields = map[string]struct{ required, optional []string }{
	"line":             {[]string{"xField", "yField"}, []string{"seriesField"}},
	"area":             {[]string{"xField", "yField"}, []string{"seriesField"}},
	"bar":              {[]string{"xField", "yField"}, []string{"seriesField"}},
	"scatter":          {[]string{"xField", "yField"}, []string{"seriesField", "sizeField"}},
	"pie":              {[]string{"categoryField", "valueField"}, nil},
	"funnel":           {[]string{"categoryField", "valueField"}, nil},
	"radar":            {[]string{"categoryField", "valueField"}, []string{"seriesField"}},
	"linearProgress":   {[]string{"xField", "yField"}, []string{"seriesField"}},
	"circularProgress": {[]string{"categoryField", "valueField"}, []string{"seriesField"}},
	"wordCloud":        {[]string{"nameField", "valueField"}, []string{"seriesField"}},
	"common":           {nil, nil},
}

func chartRules(v *validator, at place, n map[string]any) {
	v.charts++
	if at.form {
		v.add(RuleFormChart, at.path, "a chart inside a form")
	}
	val, ok := n["chart_spec"]
	if !ok {
		return
	}
	at = at.in("chart_spec")
	spec, ok := val.(map[string]any)
	if !ok {
		v.add(RuleChartType, at.path, "want an object")
		return
	}
	kind, _ := spec["type"].(string)
	fields, ok := chartFields[kind]
	if !ok {
		v.add(RuleChartType, at.in("type").path, "unknown chart type %.40q", kind)
		return
	}
	values := chartValues(spec["data"])
	if len(values) == 0 {
		v.add(RuleChartData, at.in("data").path, "no values")
		return
	}
	var names []string
	for _, key := range fields.required {
		fs := fieldNames(spec[key])
		if len(fs) == 0 {
			v.add(RuleChartField, at.in(key).path, "missing")
		}
		names = append(names, fs...)
	}
	for _, key := range fields.optional {
		names = append(names, fieldNames(spec[key])...)
	}
	for i, x := range values {
		d, ok := x.(map[string]any)
		if !ok {
			v.add(RuleChartData, at.in("data.values").index(i).path, "want an object")
			continue
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			f, ok := d[name]
			switch f.(type) {
			case string, float64, nil:
			default:
				v.add(RuleChartData, at.in("data.values").index(i).path, "a value is neither text nor number")
			}
			if !ok {
				v.add(RuleChartField, at.in("data.values").index(i).path, "no field %.40q", name)
			}
		}
	}
	v.measures(at, kind, spec, values)
}

// measures says when the field that a chart measures is text: it would be
// drawn empty.
func (v *validator) measures(at place, kind string, spec map[string]any, values []any) {
	key := "yField"
	switch {
	case slices.Contains(chartFields[kind].required, "valueField"):
		key = "valueField"
	case kind == "linearProgress", spec["direction"] == "horizontal":
		key = "xField"
	case kind == "common":
		return
	}
	for i, x := range values {
		d, _ := x.(map[string]any)
		for _, name := range fieldNames(spec[key]) {
			if _, text := d[name].(string); text {
				v.add(RuleChartData, at.in("data.values").index(i).path, "the measured field is no number")
			}
		}
	}
}

// chartValues are the values of data, which is one object or a list of them.
func chartValues(data any) []any {
	switch data := data.(type) {
	case map[string]any:
		values, _ := data["values"].([]any)
		return values
	case []any:
		var all []any
		for _, d := range data {
			all = append(all, chartValues(d)...)
		}
		return all
	}
	return nil
}

func fieldNames(val any) []string {
	switch val := val.(type) {
	case string:
		if val != "" && utf8.ValidString(val) {
			return []string{val}
		}
	case []any:
		var names []string
		for _, x := range val {
			names = append(names, fieldNames(x)...)
		}
		return names
	}
	return nil
}
