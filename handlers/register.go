// Package handlers joins the chat and the services: one file per noun, each
// with its commands, card actions, views and jobs. A handler parses, calls one
// service and builds one card; it never sends and never touches storage.
package handlers

import (
	"context"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/activity"
	"crmbot/internal/approval"
	"crmbot/internal/assign"
	"crmbot/internal/attachment"
	"crmbot/internal/calendar"
	"crmbot/internal/channel"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/handover"
	"crmbot/internal/importer"
	"crmbot/internal/intake"
	"crmbot/internal/lead"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/push"
	"crmbot/internal/recycle"
	"crmbot/internal/report"
	"crmbot/internal/rule"
	"crmbot/internal/sched"
	"crmbot/internal/undo"
)

// Services are what the handlers call.
type Services struct {
	Clock       crm.Clock
	Calendar    *calendar.Calendar
	Directory   *org.Directory
	Rules       *rule.Book
	RuleDesk    *rule.Desk  // urgent changes of settings
	Binder      *org.Binder // who somebody new on a platform is
	Leads       *lead.Service
	Recycle     *recycle.Service // when records go back to their pools
	Teller      lead.Teller      // the last activities of a record; nil until there are any
	Accounts    *account.Service
	Pools       *pool.Gate
	Attachments *attachment.Service // files of leads and accounts
	Deals       *deal.Service
	Approvals   *approval.Service
	Contracts   *contract.Service
	Metrics     *metric.Service
	Reports     *report.Service
	Imports     *importer.Service
	Channels    *channel.Service
	Intake      *intake.Service // leads that come in over HTTP
	Assign      *assign.Service // who gets leads that nobody claimed
	Handovers   *handover.Service

	Activities *activity.Service // visits, calls, plans and next steps
	Undo       *undo.Service

	Pushes *push.Gate // which unasked cards are sent at once
	// Show renders any view, for cards that show what others would have shown.
	Show func(ctx context.Context, v bot.Viewer, w crm.View) (card.Card, error)

	// Refused is the person's last refusal that a rule decided; false when there was
	// none lately.
	Refused func(ctx context.Context, a crm.Actor) (cards.Refusal, bool, error)

	Talk Talk // the record that each person last talked about

	router *bot.Router // set by Hooks, after all modules exist
}

// Talk keeps the lead or account that somebody last opened, logged on or asked for
// the files of: a file that comes without a command belongs to it, most likely.
type Talk interface {
	About(ctx context.Context, user crm.UserID, ref crm.Ref, files bool)
	Last(ctx context.Context, user crm.UserID) Talked
}

// Talked is such a record; zero when there is none. Files reports that its files
// were asked for.
type Talked struct {
	Ref   crm.Ref
	Files bool
}

// Fallback handles what no command names. It returns bot.ErrUnhandled to leave
// it to the next one.
type Fallback func(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error)

// Module is what one noun contributes.
type Module struct {
	Commands []bot.Registration // commands and actions
	Views    []bot.ViewDef
	Jobs     []sched.Job
	// Texts handle free text and Uploads files without a command, in order.
	Texts, Uploads []Fallback
	// Stale show the record of an outdated action again, in order.
	Stale []Fallback
}

// every is a job's next time in a grid.
func every(d time.Duration) func(t time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Truncate(d).Add(d) }
}

// daily is due once a day at the organisation's time.
func daily(cal *calendar.Calendar, at calendar.TimeOfDay) func(t time.Time) time.Time {
	return func(t time.Time) time.Time {
		d := cal.DayOf(t)
		if n := cal.At(d, at); n.After(t) {
			return n.UTC()
		}
		return cal.At(d.AddDays(1), at).UTC()
	}
}

// All are the modules of the product, in the order in which help lists them.
func All(s *Services) Module {
	var m Module
	for _, x := range []Module{
		help(s),
		leads(s),
		recycling(s),
		backs(s),
		assigns(s),
		accounts(s),
		poolSetup(s),
		merges(s),
		deals(s),
		imports(s),
		today(s),
		activities(s),
		plans(s),
		undos(s),
		contracts(s),
		approvals(s),
		reports(s),
		metrics(s),
		rules(s),
		binds(s),
		leaves(s),
		handovers(s),
		pushes(s),
		intakes(s),
		channels(s),
		attachments(s),
	} {
		m.Commands = append(m.Commands, x.Commands...)
		m.Views = append(m.Views, x.Views...)
		m.Jobs = append(m.Jobs, x.Jobs...)
		m.Texts = append(m.Texts, x.Texts...)
		m.Uploads = append(m.Uploads, x.Uploads...)
		m.Stale = append(m.Stale, x.Stale...)
	}
	return m
}
