package larkjson

// The platform's limits for one card. Sending more than these is refused with
// 230025 (size), 230099/11310 (elements, tables) or 200914/200915 (table).
const (
	// MaxBytes is the largest card JSON in a send or update request.
	MaxBytes = 30 << 10
	// MaxElements counts every object with a tag, texts included.
	MaxElements = 200
	// MaxNesting counts containers inside each other; columns do not count.
	MaxNesting = 5
	// MaxTables is three: five are documented, but cards with more than three
	// were refused.
	MaxTables = 3
	// MaxCharts is the recommended number of charts in a card.
	MaxCharts = 5
	// MaxColumns is how many columns of a table are shown.
	MaxColumns = 50
	// MaxPageSize is the largest number of table rows on one page.
	MaxPageSize = 10
	// MaxHeaderTags is how many labels the header shows.
	MaxHeaderTags = 3
	// MaxLabel is the longest button label or placeholder, in characters.
	MaxLabel = 100
	// MaxInput is the longest text an input can take, in characters.
	MaxInput = 1000
)

// targetBytes is what the renderer shrinks a card to: the platform expands
// some tags before it measures, so a margin is kept below MaxBytes.
const targetBytes = 28 << 10

// measure counts the tagged objects of a decoded card or a part of it.
// Callback values and chart specs are data, not elements.
func measure(v any) int {
	n := 0
	switch v := v.(type) {
	case node:
		return measure(map[string]any(v))
	case map[string]any:
		if _, ok := v["tag"].(string); ok {
			n++
		}
		for k, x := range v {
			if k != "value" && k != "chart_spec" && k != "rows" {
				n += measure(x)
			}
		}
	case []any:
		for _, x := range v {
			n += measure(x)
		}
	case []node:
		for _, x := range v {
			n += measure(x)
		}
	}
	return n
}
