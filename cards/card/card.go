// Package card is the neutral model of a card: a closed set of blocks, inputs
// and actions that every platform's renderer knows how to show. A renderer
// either shows a block or shows it as something simpler and says so (Lossy);
// it never drops one silently.
//
// All text in a card is data: builders put plain text in, renderers escape it.
package card

import "crmbot/internal/crm"

// Tone is the meaning of a colour. Renderers map it to what the platform has.
// The zero value is neutral.
type Tone string

// The tones, from calm to alarming.
const (
	Neutral Tone = ""
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
	Muted   Tone = "muted" // finished, stale or not for the reader to act on
)

// Card is one message with structure. The zero value is not valid: Title and
// at least one block are required (see Validate).
type Card struct {
	// Lang is the language that the card was built in; it decides the words
	// that renderers add themselves ("required", "reply with ...").
	Lang crm.Lang
	// Title is the header line, plain text, required.
	Title string
	// Subtitle is shown smaller below the title. Empty: none.
	Subtitle string
	// Tone colours the header.
	Tone Tone
	// Tags are at most three short labels in the header.
	Tags []Tag
	// Summary is what a push notification or the chat list shows. Empty: Title.
	Summary string
	// Blocks are shown from top to bottom.
	Blocks []Block
	// About are the records that the card shows: when one of them changes, the
	// card is rendered again in place. It is never shown itself.
	About []crm.Ref
}

// Tag is a short coloured label.
type Tag struct {
	Text string
	Tone Tone
}

// Block is one of the block types of this package; the set is closed.
type Block interface{ block() }

// Heading is a section title. Level is 1 (largest, also the zero value) to 3.
type Heading struct {
	Text  string
	Level int
}

// Text is a paragraph made of spans; newlines in a span are kept.
type Text struct{ Spans []Span }

// Span is a run of text in one style.
type Span struct {
	Text   string
	Bold   bool
	Strike bool
	Tone   Tone
	// URL makes the span a link (http or https only).
	URL string
}

// Fields are label and value pairs, laid out in two columns where the screen
// is wide enough unless Wide is set on the field.
type Fields struct{ Items []Field }

// Field is a label with its value. Evidence, if set, opens the records behind
// the value.
type Field struct {
	Label, Value string
	Tone         Tone
	Wide         bool
	Evidence     *Button
}

// Table is a grid. Rows may be longer than a platform shows at once; renderers
// page or cut them and say how many are left out.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	// PageSize is the number of rows to show at once, 1 to 10; zero means 10.
	PageSize int
}

// Column describes one column of a table. Number columns are aligned right.
type Column struct {
	Title  string
	Number bool
}

// Cell is one value of a table. A cell with an Action can be pressed.
type Cell struct {
	Text   string
	Tone   Tone
	Action *Button
}

// Image is a picture with its alternative text. Key names a file of the file
// store; Data, if given, is the PNG or JPEG itself.
type Image struct {
	Key  string
	Data []byte
	Alt  string
}

// Person is somebody shown by name and, where the platform can, by avatar.
type Person struct {
	User crm.UserID
	Name string
	Role string
}

// People is a row of persons.
type People struct{ Persons []Person }

// Divider is a thin line.
type Divider struct{}

// Note is small grey text: sources, as-of times, rules.
type Note struct{ Text string }

// Progress shows Value of Max as a bar. Marks are named points on the bar, in
// the unit of Value, such as pass and excellent.
type Progress struct {
	Label      string
	Value, Max float64
	// Text is what to show as the value, for example "3 / 4".
	Text  string
	Tone  Tone
	Marks []Mark
}

// Mark is a named point on a progress bar.
type Mark struct {
	Label string
	At    float64
}

// Columns lays its columns side by side where the screen is wide enough,
// else below each other. Two to four columns; no form or table inside.
type Columns struct{ Cols []Col }

// Col is one column with its blocks. Weight is 1 to 5; zero means 1.
type Col struct {
	Weight int
	Blocks []Block
}

// Collapsible is a titled part that can be folded. No form or table inside.
type Collapsible struct {
	Title  string
	Open   bool
	Blocks []Block
}

// Buttons is a row of buttons that wraps.
type Buttons struct{ Items []Button }

// ButtonStyle is how much a button asks to be pressed.
type ButtonStyle string

// Button styles. At most one Primary in a row reads well.
const (
	Default ButtonStyle = ""
	Primary ButtonStyle = "primary"
	Risky   ButtonStyle = "danger"
	Link    ButtonStyle = "link" // looks like text, for secondary controls in lists
)

// Button is a control that sends Action, or opens URL, when pressed.
type Button struct {
	Label  string
	Style  ButtonStyle
	Action Action
	// URL opens a page instead of sending an action (http or https only).
	URL string
	// Command is the text command that does the same, for platforms without
	// buttons ("/认领 L-12"). Required when Action is set.
	Command string
	// Confirm asks before sending. Nil: no question.
	Confirm *Confirm
	// Disabled shows the button without function, with the reason.
	Disabled string
}

// Confirm is the question asked before an action is sent.
type Confirm struct{ Title, Text string }

// Action is the payload of a control. It is a plain struct that lives beside
// the card that shows it, encoded as JSON; its name and fields are append-only
// because cards live for weeks. A payload is a claim, not authority.
type Action interface {
	// ActionName is the stable wire name, for example "lead.claim".
	ActionName() string
}

// Form collects inputs and sends them with Submit's action. Only at the root
// of a card. Name is unique in the card and stable.
type Form struct {
	Name   string
	Inputs []Input
	Submit Button
	// Extra are further submit buttons with other actions and the same values
	// (approve, reject). Optional.
	Extra []Button
	// Example is a filled-in one-line command that does the same as the form.
	Example string
}

// InputKind is what an input takes.
type InputKind string

// The input kinds. Values arrive as strings: numbers as typed, dates as
// 2006-01-02, times as 15:04, selections and persons as option values.
const (
	TextInput      InputKind = "text"
	MultilineInput InputKind = "multiline"
	NumberInput    InputKind = "number"
	MoneyInput     InputKind = "money"
	SelectInput    InputKind = "select"
	MultiSelect    InputKind = "multi_select"
	DateInput      InputKind = "date"
	TimeInput      InputKind = "time"
	PersonInput    InputKind = "person"
)

// Input is one field of a form.
type Input struct {
	Kind InputKind
	// Name is the key of the value, unique in the form: a letter, then letters,
	// digits and underscores.
	Name string
	// Label is shown beside the field and is how scripts name it.
	Label       string
	Placeholder string
	// Default is the initial value; for MultiSelect several, separated by commas.
	Default  string
	Required bool
	// MaxLen is the longest text in characters; zero means 1000.
	MaxLen  int
	Options []Option // for SelectInput, MultiSelect and PersonInput
	// Help is a short hint below the field.
	Help string
}

// Option is one choice of a select input. Values are unique in the input.
type Option struct{ Value, Label string }

// ChartKind is the shape of a chart.
type ChartKind string

// The chart kinds.
const (
	BarChart      ChartKind = "bar"
	StackedBar    ChartKind = "stacked_bar"
	LineChart     ChartKind = "line"
	PieChart      ChartKind = "pie"
	FunnelChart   ChartKind = "funnel"
	ProgressChart ChartKind = "progress" // linear progress bars, one per category, values 0..1
)

// Chart is one neutral chart. Every series has one value per category.
// Pie, funnel and progress use the first series only.
type Chart struct {
	Kind       ChartKind
	Title      string
	Unit       string // shown on the axis: "次", "万元", "%"
	Categories []string
	Series     []Series
	// Horizontal draws bars sideways, for long category names.
	Horizontal bool
}

// Series is one line or colour of a chart.
type Series struct {
	Name   string
	Values []float64
}

func (Heading) block()     {}
func (Text) block()        {}
func (Fields) block()      {}
func (Table) block()       {}
func (Chart) block()       {}
func (Image) block()       {}
func (People) block()      {}
func (Divider) block()     {}
func (Note) block()        {}
func (Progress) block()    {}
func (Columns) block()     {}
func (Collapsible) block() {}
func (Buttons) block()     {}
func (Form) block()        {}

// P is a paragraph of plain text.
func P(text string) Text { return Text{Spans: []Span{{Text: text}}} }

// B is a paragraph of bold text.
func B(text string) Text { return Text{Spans: []Span{{Text: text, Bold: true}}} }

// Lossy says what a renderer had to show more simply, for tests and the
// gallery: the block's kind and what became of it.
type Lossy struct {
	Block string
	Shown string
}
