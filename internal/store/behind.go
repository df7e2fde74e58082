package store

import (
	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

// Long jobs read their records page by page, each behind the last one of the page
// before. Every column up to the last is named with "=" beside its ">": only so is
// the place a range of the index for MySQL, and the pages before are not read again.

// dueKeeps are the rows that are to be looked at by the day.
func dueKeeps(until crm.Day, after recycle.Cursor, n int) statement {
	q := statement{"check_day <= ? ORDER BY check_day, kind, record_id LIMIT ?", []any{string(until), n}}
	if after.Ref.ID != 0 {
		check, kind := string(after.Check), string(after.Ref.Kind)
		q = statement{"check_day <= ? AND check_day >= ? AND (check_day > ? OR check_day = ? AND (kind > ? OR kind = ? AND record_id > ?)) ORDER BY check_day, kind, record_id LIMIT ?",
			[]any{string(until), check, check, check, kind, kind, after.Ref.ID, n}}
	}
	return q
}

// allKeeps are all rows.
func allKeeps(after crm.Ref, n int) statement {
	kind := string(after.Kind)
	return statement{"kind >= ? AND (kind > ? OR kind = ? AND record_id > ?) ORDER BY kind, record_id LIMIT ?", []any{kind, kind, kind, after.ID, n}}
}

// runItems are the records of a run of releases.
func runItems(day crm.Day, state recycle.ItemState, after crm.Ref, n int) statement {
	kind := string(after.Kind)
	return statement{"day = ? AND state = ? AND kind >= ? AND (kind > ? OR kind = ? AND record_id > ?) ORDER BY kind, record_id LIMIT ?", []any{string(day), int(state), kind, kind, kind, after.ID, n}}
}
