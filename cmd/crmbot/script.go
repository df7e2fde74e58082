package main

import (
	"errors"
	"fmt"
	"io"

	"crmbot/internal/scenario"
)

type scriptCmd struct {
	Files    []string `arg:"" type:"existingfile" help:"Script files (.txtar)."`
	Verbose  bool     `short:"v" help:"Print the whole conversation."`
	Database string   `help:"DSN of an EMPTY database to run on instead of a fresh SQLite file." placeholder:"DSN"`
	Platform string   `help:"Where people talk: webchat, lark or dingtalk (a played platform behind the official SDK)." enum:"webchat,lark,dingtalk" default:"webchat"`
	Cards    string   `help:"How much of DingTalk's cards is used: template, public (no template for forms) or plain (messages only)." enum:"template,public,plain" default:"template"`
	Redis    string   `help:"Redis URL; empty: in the process." placeholder:"URL"`
}

// Run runs the scripts one after the other and fails if one of them did.
func (c *scriptCmd) Run(e *env) error {
	if c.Database != "" && len(c.Files) > 1 {
		return errors.New("each script needs an empty database: give one file with --database")
	}
	var verbose io.Writer
	if c.Verbose {
		verbose = e.out
	}
	var failed int
	for _, f := range c.Files {
		s, err := scenario.Load(f)
		if err == nil {
			err = scenario.Run(e.ctx, s, scenario.Options{DSN: c.Database, Redis: c.Redis, Platform: c.Platform, Cards: c.Cards, Verbose: verbose})
		}
		if err != nil {
			failed++
			fmt.Fprintf(e.err, "FAIL %s\n%v\n", f, err)
			continue
		}
		fmt.Fprintf(e.out, "ok   %s\n", f)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d scripts failed", failed, len(c.Files))
	}
	return nil
}
