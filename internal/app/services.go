package app

import (
	"crmbot/handlers"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/kv"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/report"
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
	reg   *metric.Registry
}

// settings are the definitions of all run-time settings.
func settings(reg *metric.Registry) []rule.Def {
	var defs []rule.Def
	for _, s := range [][]rule.Def{
		// one line a noun, in the order of the list in handlers.All
		goal.Settings(reg),
		report.Settings(reg),
	} {
		defs = append(defs, s...)
	}
	return defs
}

// services builds every service. The order follows the imports: a noun comes
// after those it builds on.
func services(w wiring) *handlers.Services {
	s := &handlers.Services{Clock: w.clock, Calendar: w.cal, Directory: w.dir, Rules: w.book}
	reader := metric.NewReader(w.reg, w.db)
	s.Metrics = metric.NewService(reader, w.dir, w.cal, w.clock)
	s.Reports = report.NewService(report.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Metrics: reader, Goals: goal.NewBook(w.book, w.reg, w.cal),
		Rules: w.book, Directory: w.dir, Calendar: w.cal, Clock: w.clock})
	return s
}
