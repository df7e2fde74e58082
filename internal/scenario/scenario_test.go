package scenario_test

import (
	"strings"
	"testing"

	"crmbot/internal/scenario"
	"crmbot/internal/testdb"
)

const head = `at 2026-03-02 09:00
team 华东 leader 王磊 region 上海
person 王磊 manager team 华东
person 李娜 rep team 华东
person Grace rep team 华东 lang en
group 华东群: 李娜, 王磊
`

func TestMistakesInScriptsAreNamed(t *testing.T) {
	for want, text := range map[string]string{
		"no statements":               "# nothing\n",
		"the first statement must be": "李娜: hi\n",
		"together inside together":    "at 2026-03-02 09:00\ntogether:\ntogether:\nend\nend\n",
		"end without":                 "at 2026-03-02 09:00\nend\n",
		"without end":                 "at 2026-03-02 09:00\ntogether:\n李娜: hi\n",
	} {
		if _, err := scenario.Parse("s.txtar", []byte(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "s.txtar:") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func run(t *testing.T, text string) error {
	t.Helper()
	s, err := scenario.Parse("s.txtar", []byte(head+text))
	if err != nil {
		t.Fatal(err)
	}
	return scenario.Run(t.Context(), s, scenario.Options{DSN: testdb.SQLite(t)})
}

func TestWhatHolds(t *testing.T) {
	for name, text := range map[string]string{
		"text, pattern and absence":     "李娜: /帮助\n李娜 sees \"帮助\"\n李娜 sees /帮.*认领/\n李娜 sees not \"月亮\"\n",
		"an act forgets what was seen":  "李娜: /帮助\n李娜: /帮助 帮助\n李娜 sees not \"欢迎\"\n",
		"the clock forgets, too":        "李娜: /帮助\nwait 1m\n李娜 sees not \"帮助\"\n",
		"a refusal that is expected":    "fail 李娜: /没有这个命令\n李娜 sees \"没有看懂\"\n",
		"a check that must not hold":    "李娜: /帮助\nfail 李娜 sees \"月亮\"\n",
		"English for who reads English": "Grace: /help\nGrace sees \"/help\"\nfail Grace sees /[一-龥]{4}/\n",
		"together":                      "together:\n李娜: /帮助\nfail 王磊: /没有这个命令\nend\n李娜 sees \"帮助\"\n王磊 sees \"没有看懂\"\n",
		"one of":                        "李娜: /帮助\none of 李娜, 王磊 sees \"帮助\"\n",
		"a button on a card":            "李娜: /帮助\n李娜 card \"帮助\" shows \"认领\"\n",
		"a group":                       "李娜@华东群: @bot /帮助\n华东群 sees \"帮助\"\n王磊 sees \"帮助\"\nGrace sees not \"帮助\"\n",
		"talk among people":             "李娜@华东群: 中午吃什么\n华东群 sees not \"没有看懂\"\n",
		"full-width colon and quotes":   "李娜： \"/帮助\"\n李娜 sees \"帮助\"\n",
		"a redelivered event":           "李娜: /帮助\nredeliver\n李娜 sees \"帮助\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := run(t, text); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatDoesNotHoldIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"李娜: /帮助\n李娜 sees \"月亮\"\n":                     "expected to see \"月亮\", saw:",
		"李娜: /帮助\n李娜 sees not \"帮助\"\n":                 "expected to see not \"帮助\"",
		"fail 李娜: /帮助\n":                                "was expected to fail, but it did not",
		"李娜: /没有这个命令\n":                                 "the bot refused",
		"together:\n李娜: /帮助\nfail 王磊: /帮助\nend\n":       "was expected to fail, but it did not",
		"李娜: /帮助\none of 李娜, 王磊 sees \"月亮\"\n":          "exactly one of them",
		"李娜: /帮助\n王磊: /帮助\none of 李娜, 王磊 sees \"帮助\"\n": "it is 2",
		"李娜 taps \"飞\"\n":                               "no control \"飞\" is visible",
		"月亮: /帮助\n":                                     "月亮",
		"李娜@月球群: /帮助\n":                                 "no group",
		"李娜 sends file \"none.csv\"\n":                  "carries no file",
		"这不是一句话\n":                                      "no statement of the script language",
		"until 2026-03-01 09:00\n":                      "only moves forward",
		"wait soon\n":                                   "soon",
		"set no.such 1\n":                               "no.such",
		"person 新人 king\n":                              "unknown role",
		"person 新人 rep team 月球\n":                       "月球",
		"李娜 sees /(/\n":                                 "missing closing",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			err := run(t, text)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "s.txtar:") {
				t.Errorf("want an error with %q, got %v", want, err)
			}
		})
	}
}
