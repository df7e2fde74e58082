// Command crmbot is a sales CRM that lives in a chat.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"crmbot/configs"
)

// root is the command line.
type root struct {
	Config string `help:"Configuration file (YAML)." type:"existingfile" placeholder:"FILE"`

	Demo    demoCmd    `cmd:"" help:"Try everything in the browser: a small company on SQLite, nothing to install."`
	Serve   serveCmd   `cmd:"" help:"Serve chat platforms on the configured database."`
	Migrate migrateCmd `cmd:"" help:"Bring the database up to date."`
	Import  importCmd  `cmd:"" help:"Load people, leads, accounts, products or deals from a CSV or XLSX file."`
	Doctor  doctorCmd  `cmd:"" help:"Examine the installation and the apps on the platforms, and say what to mend where."`
	Script  scriptCmd  `cmd:"" help:"Run conversation scripts."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// env is what every subcommand gets.
type env struct {
	ctx      context.Context
	out, err io.Writer
	environ  []string
	config   func() (configs.Config, error)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit status, 0 for success,
// 1 for a failure, 2 for a wrong command line, 3 for an import that left bad rows
// out, 130 when it was interrupted.
func run(ctx context.Context, args, environ []string, out, errOut io.Writer) int {
	var cli root
	exit := -1
	parser, err := kong.New(&cli, kong.Name("crmbot"), kong.Description("A sales CRM that lives in DingTalk and Lark / Feishu."),
		kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(errOut, err)
		return 1
	}
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(errOut, "crmbot: %v; see crmbot help\n", err)
		return 2
	}
	e := &env{ctx: ctx, out: out, err: errOut, environ: environ, config: func() (configs.Config, error) {
		c, err := configs.Load(cli.Config, environ)
		if err == nil {
			setLog(c.Log, errOut)
		}
		return c, err
	}}
	err = k.Run(e)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUnhealthy):
		return 1
	case errors.Is(err, errBadRows):
		return 3
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		// A server that was told to stop returns nil; here work was cut short.
		fmt.Fprintln(errOut, "crmbot: interrupted before it was done")
		return 130
	}
	fmt.Fprintln(errOut, "crmbot:", err)
	return 1
}

func setLog(c configs.Log, w io.Writer) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, opts)
	if c.Format == "json" {
		h = slog.NewJSONHandler(w, opts)
	}
	slog.SetDefault(slog.New(h))
}
