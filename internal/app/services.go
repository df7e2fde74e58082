package app

import (
	"crmbot/handlers"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
	"crmbot/internal/org"
	"crmbot/internal/rule"
	"crmbot/internal/store"
)

// wiring is what services are built from.
type wiring struct {
	db    *store.DB
	kv    kv.Store
	clock crm.Clock
	cal   *calendar.Calendar
	book  *rule.Book
	dir   *org.Directory
}

// settings are the definitions of all run-time settings.
func settings() []rule.Def {
	var defs []rule.Def
	for _, s := range [][]rule.Def{
		// one line a noun, in the order of the list in handlers.All
	} {
		defs = append(defs, s...)
	}
	return defs
}

// services builds every service. The order follows the imports: a noun comes
// after those it builds on.
func services(w wiring) *handlers.Services {
	s := &handlers.Services{Clock: w.clock, Calendar: w.cal, Directory: w.dir, Rules: w.book}
	return s
}
