package store

import (
	"slices"
	"strings"
)

// insert is an INSERT of many rows with the same columns. Columns in which all
// rows have their zero value are left to their default: a server spends more
// time on reading a statement than on writing a row.
type insert struct {
	table, columns string
	// always names columns that have no default.
	always []string
	rows   [][]any
}

func (i *insert) add(values ...any) { i.rows = append(i.rows, values) }

// maxRows bounds the rows of one statement: SQLite allows 32,766 arguments.
const maxRows = 200

// statements are the INSERTs, each ending in tail.
func (i *insert) statements(tail string) []statement {
	if len(i.rows) == 0 {
		return nil
	}
	names := strings.Split(i.columns, ", ")
	var out []statement
	for chunk := range slices.Chunk(i.rows, maxRows) {
		var used []int
		for c, name := range names {
			if slices.Contains(i.always, name) || slices.ContainsFunc(chunk, func(row []any) bool { return !zero(row[c]) }) {
				used = append(used, c)
			}
		}
		if len(used) == 0 {
			used = []int{0}
		}
		var q strings.Builder
		q.WriteString("INSERT INTO " + i.table + " (")
		for n, c := range used {
			if n > 0 {
				q.WriteByte(',')
			}
			q.WriteString(names[c])
		}
		q.WriteString(") VALUES ")
		values := "(?" + strings.Repeat(",?", len(used)-1) + ")"
		args := make([]any, 0, len(chunk)*len(used))
		for n, row := range chunk {
			if n > 0 {
				q.WriteByte(',')
			}
			q.WriteString(values)
			for _, c := range used {
				args = append(args, row[c])
			}
		}
		q.WriteString(tail)
		out = append(out, statement{q.String(), args})
	}
	return out
}

func zero(v any) bool {
	switch v := v.(type) {
	case int64:
		return v == 0
	case int:
		return v == 0
	case string:
		return v == ""
	case bool:
		return !v
	}
	return false
}
