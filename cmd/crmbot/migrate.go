package main

import (
	"fmt"

	"crmbot/internal/crm"
	"crmbot/internal/store"
)

type migrateCmd struct{}

// Run migrates the configured database. A newer database is refused.
func (migrateCmd) Run(e *env) error {
	c, err := e.config()
	if err != nil {
		return err
	}
	db, err := store.Open(e.ctx, c.Database.DSN, crm.WallClock{})
	if err != nil {
		return err
	}
	defer db.Close()
	n, err := db.Migrate(e.ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%d migrations applied; the database is up to date\n", n)
	return err
}
