package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"crmbot/internal/app"
	"crmbot/internal/importer"
)

type importCmd struct {
	Kind   string `arg:"" enum:"org,leads,accounts,products,deals" help:"What the file holds: org, leads, accounts, products or deals."`
	File   string `arg:"" type:"existingfile" help:"CSV (UTF-8 or GB18030) or XLSX file."`
	Map    string `type:"existingfile" placeholder:"FILE" help:"Column mapping (YAML); without it the columns are recognised by their names."`
	DryRun bool   `help:"Only say what would happen."`
}

// errBadRows makes the exit status 3: the good rows are in, the others were named.
var errBadRows = errors.New("")

// Run imports the file into the configured database and prints what happened.
func (c *importCmd) Run(e *env) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(cfg.Org.Timezone)
	if err != nil {
		return err
	}
	a, err := app.New(e.ctx, app.Options{DSN: cfg.Database.DSN, Redis: cfg.Redis.URL, RedisPrefix: cfg.Redis.Prefix, Zone: zone})
	if err != nil {
		return err
	}
	defer a.Close()
	var mapping []byte
	if c.Map != "" {
		if mapping, err = os.ReadFile(c.Map); err != nil {
			return err
		}
	}
	sum, err := a.ImportFile(e.ctx, c.Kind, c.File, mapping, importer.Options{DryRun: c.DryRun})
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintln(e.out, sum); err == nil && sum.Bad > 0 {
		return errBadRows
	}
	return err
}
