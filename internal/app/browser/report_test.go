package browser

import "testing"

// moveClock moves the company's clock with the sheet behind the clock.
func (p *page) moveClock(move, hm string) {
	p.t.Helper()
	p.click("the clock", `document.querySelector('#clock')`)
	p.click("move to "+hm, `document.querySelector('#clocks[open] [data-move="`+move+`"]')`)
	p.until("it is "+hm, `!document.querySelector('#clocks').open && document.querySelector('#now').textContent.includes('`+hm+`')`)
}

// TestReport is the fourth job: at 17:30 the draft, submitted from the card; at
// 19:30 the digest in the group and in the manager's chat.
func TestReport(t *testing.T) {
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			c := openCompany(t)
			rep, manager := c.chat(t, "李娜", s), c.chat(t, "王磊", s)
			rep.mark()
			manager.mark()
			rep.moveClock("1731", "17:31")
			draft := rep.card("日报 · 李娜")
			draft.sees("待提交", "有效拜访数", "及格", "上一工作日", "下一工作日计划")
			draft.fill("一句话小结", "今天重点推进两家，明天补上缺的拜访。")
			draft.press("提交日报")
			draft.sees("已提交", "今天重点推进两家", "提交于 17:31")
			draft.until("no second submission", `!`+draft.js()+`.querySelector('form')`)

			manager.moveClock("1931", "19:31")
			digest := manager.card("华东销售部 · 团队日报")
			digest.sees("需要关注", "得分排行", "李娜")
			digest.until("a chart", digest.js()+`?.querySelector('figure svg')`)
			manager.openChat(manager.text(`[...document.querySelectorAll('.chat')].find((c) => c.innerText.includes('华东销售部群')).dataset.chat`))
			manager.forget()
			group := manager.card("华东销售部 · 团队日报", "2026-11-20")
			group.sees("得分排行", "未交")
			group.lacks("今天重点推进两家") // no single person's text in a group (PM-03)
		})
	}
}
