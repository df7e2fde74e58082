package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// nullable is the text, or NULL for none, so that a unique index allows many
// rows without it.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// deref is the text of a nullable column; "" for NULL.
func deref(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// likeText makes user text match only itself inside a LIKE pattern whose escape
// character is "!".
func likeText(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

// sortedKeys are a map's keys in order: one order of locking for all
// transactions.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// orderBy orders by an expression with arguments.
func orderBy(db *gorm.DB, expr string, args ...any) *gorm.DB {
	return db.Clauses(clause.OrderBy{Expression: clause.Expr{SQL: expr, Vars: args, WithoutParentheses: true}})
}
