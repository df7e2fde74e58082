package scenario_test

import (
	"testing"

	"crmbot/internal/scenario"
)

// Every conversation of the product also runs on a played DingTalk: official
// SDK, real adapter, validated cards. People read the same facts there.
func TestScriptsOnDingTalk(t *testing.T) {
	everyScript(t, scenario.Options{Platform: "dingtalk"})
}

// The same while everything comes again and again and in pieces: nothing is
// lost or doubled, so people read the same facts.
func TestScriptsOnDingTalkOnABadDay(t *testing.T) {
	everyScript(t, scenario.Options{Platform: "dingtalk", BadDay: true})
}

// The same in an organisation that imported no template: every form is filled in
// by the line that its card shows.
func TestScriptsOnDingTalkWithoutFormTemplate(t *testing.T) {
	everyScript(t, scenario.Options{Platform: "dingtalk", Cards: "public"})
}

// The same where cards do not work at all: every control is a link or a command
// that the message shows.
func TestScriptsOnDingTalkWithoutCards(t *testing.T) {
	everyScript(t, scenario.Options{Platform: "dingtalk", Cards: "plain"})
}
