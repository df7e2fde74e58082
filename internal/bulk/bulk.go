// Package bulk says what becomes of one row of an imported file. The nouns
// return it and the importer counts and shows it; it knows neither.
package bulk

import "crmbot/internal/crm"

// Outcome is what a row becomes.
type Outcome string

// The outcomes. Same is a row whose record exists with the same content, so
// that importing a file again changes nothing.
const (
	New    Outcome = "new"
	Update Outcome = "update"
	Same   Outcome = "same"
	Bad    Outcome = "bad"
)

// Result is the outcome of one row, in the order of the rows.
type Result struct {
	Outcome Outcome
	// Ref is the record that was made, changed or found; zero for bad rows and
	// for new ones of a dry run.
	Ref crm.Ref
	// Reason says in both languages why the row is bad, or what it duplicates.
	// Empty for new rows.
	Reason crm.Text
	// Like is a record with a similar name, which the new one may be (DU-01); zero: none.
	Like crm.Ref
	// Before is the changed record's content before the import, in the noun's own
	// form, so that an undo can restore it. Empty unless Outcome is Update.
	Before string
	// Key identifies the record in its noun, so that two rows of one file about
	// the same record are noticed in a dry run too. Empty for bad rows.
	Key string
	// Version is the record's version after the import; an undo leaves the record
	// alone when somebody changed it since.
	Version int64
}

// BadRow is a row that cannot be taken.
func BadRow(zh, en string) Result { return Result{Outcome: Bad, Reason: crm.Text{Zh: zh, En: en}} }

// BadErr is a row that a rule refused, with the rule's own words.
func BadErr(err error) Result {
	return Result{Outcome: Bad, Reason: crm.Text{Zh: crm.MessageOf(err, crm.Chinese), En: crm.MessageOf(err, crm.English)}}
}
