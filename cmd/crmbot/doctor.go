package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"crmbot/bot"
	"crmbot/internal/app"
	"crmbot/internal/crm"
)

type doctorCmd struct {
	Lang string `help:"Language of the report: zh or en (default: that of the environment)." enum:"auto,zh,en" default:"auto"`
	JSON bool   `name:"json" help:"Print JSON for other programs."`
}

// errUnhealthy makes the exit status 1; the report has said why.
var errUnhealthy = errors.New("")

// Run examines what the configuration describes and prints what it found.
func (c *doctorCmd) Run(e *env) error {
	lang := c.lang(e.environ)
	cfg, err := e.config()
	var report []app.Section
	if err != nil {
		f := bot.NewFinding(bot.AreaConfig, bot.Bad, strings.ReplaceAll(err.Error(), "\n", "；"), strings.ReplaceAll(err.Error(), "\n", "; ")).
			WithMend("改正配置文件或环境变量；所有键见 configs/config.example.yaml", "mend the configuration file or the environment; configs/config.example.yaml shows every key")
		report = []app.Section{{Key: "system", Name: crm.Text{Zh: "配置", En: "Configuration"}, Findings: []bot.Finding{f}}}
	} else {
		slog.SetDefault(slog.New(slog.DiscardHandler)) // the report says it all
		report = app.Doctor(e.ctx, cfg)
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(e.out, report, lang)
	} else {
		err = printReport(e.out, report, lang)
	}
	if err == nil && !app.Healthy(report) {
		return errUnhealthy
	}
	return err
}

// lang is the chosen language, or that of the environment.
func (c *doctorCmd) lang(environ []string) crm.Lang {
	switch c.Lang {
	case "zh":
		return crm.Chinese
	case "en":
		return crm.English
	}
	have := map[string]string{}
	for _, e := range environ {
		k, v, _ := strings.Cut(e, "=")
		have[k] = v
	}
	for _, k := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := have[k]; v != "" {
			if strings.HasPrefix(v, "zh") {
				return crm.Chinese
			}
			return crm.English
		}
	}
	return crm.English
}

var marks = map[bot.Mark]string{bot.Fine: "✓", bot.Warning: "!", bot.Bad: "✗", bot.Skipped: "-"}

// printReport prints one line per check, and what to do below it.
func printReport(w io.Writer, report []app.Section, l crm.Lang) error {
	var b strings.Builder
	width := 0
	for _, s := range report {
		for _, f := range s.Findings {
			width = max(width, columns(f.Area.Name(l)))
		}
	}
	var all []bot.Finding
	for _, s := range report {
		fmt.Fprintf(&b, "%s\n", s.Name.In(l))
		for _, f := range s.Findings {
			name := f.Area.Name(l)
			fmt.Fprintf(&b, "  %s %s%s  %s\n", marks[f.Mark], name, strings.Repeat(" ", width-columns(name)), f.Seen.In(l))
			if m := f.Mend.In(l); m != "" {
				fmt.Fprintf(&b, "    %s  → %s\n", strings.Repeat(" ", width), m)
			}
		}
		all = append(all, s.Findings...)
		b.WriteString("\n")
	}
	n := bot.Tally(all)
	b.WriteString(l.T(fmt.Sprintf("✗ 错误 %d   ! 注意 %d   ✓ 正常 %d   - 未检查 %d\n", n[bot.Bad], n[bot.Warning], n[bot.Fine], n[bot.Skipped]),
		fmt.Sprintf("✗ %d wrong   ! %d to look at   ✓ %d fine   - %d not checked\n", n[bot.Bad], n[bot.Warning], n[bot.Fine], n[bot.Skipped])))
	_, err := io.WriteString(w, b.String())
	return err
}

// columns is how wide a name is in a terminal: Chinese characters take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x2e80 {
			n++
		}
	}
	return n
}

type checkJSON struct {
	Section string   `json:"section"`
	Area    string   `json:"area"`
	Mark    string   `json:"mark"`
	Seen    string   `json:"seen"`
	Mend    string   `json:"mend,omitempty"`
	Missing []string `json:"missing,omitempty"`
}

func printJSON(w io.Writer, report []app.Section, l crm.Lang) error {
	out := struct {
		Healthy bool        `json:"healthy"`
		Checks  []checkJSON `json:"checks"`
	}{Healthy: app.Healthy(report), Checks: []checkJSON{}}
	for _, s := range report {
		for _, f := range s.Findings {
			out.Checks = append(out.Checks, checkJSON{Section: s.Key, Area: string(f.Area), Mark: string(f.Mark), Seen: f.Seen.In(l), Mend: f.Mend.In(l), Missing: f.Missing})
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
