package scenario_test

import (
	"path/filepath"
	"strings"
	"testing"

	"crmbot/internal/scenario"
	"crmbot/internal/testdb"
)

// Every conversation of the product also runs on a played DingTalk: official
// SDK, real adapter, validated cards. People read the same facts there.
func TestScriptsOnDingTalk(t *testing.T) {
	everyScript(t, scripts(t, true), scenario.Options{Platform: "dingtalk"})
}

// The same while everything comes again and again and in pieces: nothing is
// lost or doubled, so people read the same facts.
func TestScriptsOnDingTalkOnABadDay(t *testing.T) {
	everyScript(t, scripts(t, false), scenario.Options{Platform: "dingtalk", BadDay: true})
}

// The same in an organisation that imported no template: every form is filled in
// by the line that its card shows.
func TestScriptsOnDingTalkWithoutFormTemplate(t *testing.T) {
	everyScript(t, scripts(t, true), scenario.Options{Platform: "dingtalk", Cards: "public"})
}

// stays are scripts in which somebody looks at a card that was shown before and
// changed since, and the line at which. A message stays as it was sent: there
// the person asks again, and news come as new messages.
var stays = map[string]string{
	"approval-chain.txtar": `李娜 card "合同 C-1 ·" shows "提交人撤回"`,
	"approval-race.txtar":  `李娜 card "合同 C-1 ·" shows "待客户签署"`,
	"approval-sla.txtar":   `王磊 card "R-1" shows "孙总监（代 王磊） 已同意"`,
	"contract-form.txtar":  `王磊 card "合同审批 R-1" shows "已失效"`,
	"contract-main.txtar":  `李娜 card "合同 C-1 ·" shows "待客户签署"`,
	"lead-claim.txtar":     `张伟 card "清风设备" shows "已被 李娜 认领"`,
	"lead-group.txtar":     `华东销售群 card "公海" shows "已被"`,
	"report-day.txtar":     `张伟 card "日报已交" shows "不用再处理"`,
	"today-main.txtar":     `李娜 card "V-1 · 李娜" shows "已完成"`,
	"visit-quick.txtar":    `李娜 card "V-1 · 李娜" shows "已撤销"`,
	// The link sends the command once more, which names the state of the contract.
	"contract-taps.txtar": `李娜 sees "已提交，正在审批"`,
	"handover-main.txtar": `王磊 card "李娜的交接" shows "已交接 2"`,
	"assign-offer.txtar":  `赵敏 sees "已超时"`,
	"deal-main.txtar":     `李娜 card "商机 D-2" shows "需求确认 · 2/5"`,
	"account-pool.txtar":  `张伟 card "远航物流" shows "已被 李娜 认领"`,
}

// The same where cards do not work at all: every control is a link, a command
// or a line that the message shows.
func TestScriptsOnDingTalkWithoutCards(t *testing.T) {
	for _, f := range scripts(t, true) {
		name := filepath.Base(f)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := scenario.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			err = scenario.Run(t.Context(), s, scenario.Options{DSN: testdb.SQLite(t), Platform: "dingtalk", Cards: "plain"})
			if line := stays[name]; line != "" {
				if err == nil || !strings.Contains(err.Error(), line) {
					t.Errorf("expected to come to %q: %v", line, err)
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
