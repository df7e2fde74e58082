package larkjson

// The rules that Validate knows. The names are stable: tests, logs and the
// gallery show them.
const (
	RuleSyntax   = "syntax"            // one JSON object
	RuleSchema   = "schema"            // schema is "2.0"
	RuleBytes    = "limit.bytes"       // MaxBytes
	RuleElements = "limit.elements"    // MaxElements
	RuleNesting  = "limit.nesting"     // MaxNesting
	RuleTables   = "limit.tables"      // MaxTables, tables in markdown included
	RuleCharts   = "limit.charts"      // MaxCharts
	RuleTags     = "limit.header_tags" // MaxHeaderTags
	RuleColumns  = "limit.columns"     // MaxColumns
	RuleLabel    = "limit.label"       // MaxLabel for button texts
	RuleHolder   = "limit.placeholder" // MaxLabel for placeholders
	RuleMdTables = "limit.md_tables"   // four tables in one markdown element

	RuleUnknownAttribute = "attribute.unknown"
	RuleRequired         = "attribute.required"
	RuleType             = "attribute.type"  // wrong JSON type
	RuleEnum             = "attribute.enum"  // not one of the allowed words
	RuleRange            = "attribute.range" // number or length outside its range
	RuleEmpty            = "attribute.empty" // text that must not be empty is
	RuleTag              = "tag.unknown"
	RulePlace            = "tag.place" // a known tag where it may not stand
	RuleTextTag          = "text.tag"  // text object with a tag that is not allowed here

	RuleUpdateMulti = "config.update_multi" // only true is allowed
	RuleLocale      = "i18n.locale"

	RuleName        = "name.format"
	RuleNameTwice   = "name.duplicate"
	RuleID          = "element_id.format"
	RuleIDTwice     = "element_id.duplicate"
	RuleFormRoot    = "form.root"        // forms stand at the root
	RuleFormNested  = "form.nested"      // no form in a form
	RuleFormChart   = "form.chart"       // no chart in a form
	RuleFormSubmit  = "form.submit"      // at least one submit button
	RuleFormName    = "form.name"        // controls in a form have names
	RuleFormAction  = "form.action_type" // buttons in a form submit or reset
	RuleActionType  = "form_action_type.outside_form"
	RuleNeed        = "required.outside_form"
	RuleMulti       = "multi_select.outside_form"
	RuleTableRoot   = "table.root" // tables stand at the root
	RuleTableColumn = "table.column_duplicate"
	RuleTableKey    = "table.row_key"     // a cell without a column
	RuleTableGap    = "table.row_missing" // a column without a cell
	RuleTableCell   = "table.cell"        // a cell that is not of its column's type

	RuleConfirm  = "confirm.not_submit" // the question is asked only before a submit
	RuleNoEffect = "button.no_effect"   // neither behaviour nor disabled
	RuleCallback = "callback.value"     // the value must be an object
	RuleLink     = "link.scheme"        // http or https
	RuleOptions  = "options.empty"
	RuleOption   = "options.duplicate"
	RuleInitial  = "options.initial" // the initial value is no option
	RuleDefault  = "input.default"   // longer than max_length

	RuleMention = "markdown.mention" // <at>, <person>: people are never mentioned through text
	RuleHTML    = "markdown.html"    // a bare < or a tag outside the allowed ones
	RuleMdLink  = "markdown.link"    // link in markdown that is not http(s)

	RuleChartType  = "chart.type"
	RuleChartData  = "chart.data"  // no values, or values that are no numbers
	RuleChartField = "chart.field" // a field that is missing in the spec or the data
)

// allRules lists the constants, so that a test can show each of them broken.
var allRules = []string{
	RuleSyntax, RuleSchema, RuleBytes, RuleElements, RuleNesting, RuleTables, RuleCharts, RuleTags, RuleColumns,
	RuleLabel, RuleHolder, RuleMdTables, RuleUnknownAttribute, RuleRequired, RuleType, RuleEnum, RuleRange,
	RuleEmpty, RuleTag, RulePlace, RuleTextTag, RuleUpdateMulti, RuleLocale, RuleName, RuleNameTwice, RuleID,
	RuleIDTwice, RuleFormRoot, RuleFormNested, RuleFormChart, RuleFormSubmit, RuleFormName, RuleFormAction,
	RuleActionType, RuleNeed, RuleMulti, RuleTableRoot, RuleTableColumn, RuleTableKey, RuleTableGap,
	RuleTableCell, RuleConfirm, RuleNoEffect, RuleCallback, RuleLink, RuleOptions, RuleOption, RuleInitial,
	RuleDefault, RuleMention, RuleHTML, RuleMdLink, RuleChartType, RuleChartData, RuleChartField,
}
