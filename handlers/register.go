// Package handlers joins the chat and the services: one file per noun, each
// with its commands, card actions, views and jobs. A handler parses, calls one
// service and builds one card; it never sends and never touches storage.
package handlers

import (
	"crmbot/bot"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
	"crmbot/internal/sched"
)

// Services are what the handlers call.
type Services struct {
	Clock     crm.Clock
	Calendar  *calendar.Calendar
	Directory *org.Directory
	Rules     *rule.Book
}

// Module is what one noun contributes.
type Module struct {
	Commands []bot.Registration // commands and actions
	Views    []bot.ViewDef
	Jobs     []sched.Job
}

// All are the modules of the product, in the order in which help lists them.
func All(s *Services) Module {
	var m Module
	for _, x := range []Module{
		help(s),
	} {
		m.Commands = append(m.Commands, x.Commands...)
		m.Views = append(m.Views, x.Views...)
		m.Jobs = append(m.Jobs, x.Jobs...)
	}
	return m
}
