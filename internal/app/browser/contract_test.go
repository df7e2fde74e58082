package browser

import (
	"fmt"
	"testing"
)

// draftContract makes a contract with the form and hands it in.
func draftContract(p *page, customer, amount string) shown {
	p.t.Helper()
	form := p.ask("/新合同", "新建合同")
	form.fill("客户", customer)
	form.fill("合同金额", amount)
	form.fill("付款条件", "预付30%，月结30天")
	form.fill("开始日期", "2026-12-01")
	form.fill("结束日期", "2027-11-30")
	form.press("保存草稿")
	p.forget()
	c := p.card("合同 C-", customer, "草稿")
	c.press("提交审批")
	c.sees("待审核", "直属上级 · 王磊 待处理")
	return c
}

// TestContract is the third job: a contract from the form, approved from cards
// by the manager with a comment and by legal, while the card of who submitted
// changes in place (CT-01, AP-06); a card of an old version answers 已失效 (AP-04).
func TestContract(t *testing.T) {
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			c := openCompany(t)
			rep, manager, legal := c.chat(t, "李娜", s), c.chat(t, "王磊", s), c.chat(t, "何洁", desktop)
			for _, p := range []*page{manager, legal} {
				p.mark()
			}
			mine := draftContract(rep, "上海晴川仪表有限公司", "45万")

			theirs := manager.card("合同审批 R-", "上海晴川仪表有限公司")
			theirs.sees("45万", "李娜", "审批进度")
			theirs.fill("意见", "条件可以")
			theirs.press("同意")
			theirs.sees("✓ 直属上级 · 王磊 已同意", "条件可以")
			theirs.until("no second decision", `![...`+theirs.js()+`.querySelectorAll('button')].some((b) => b.textContent === '同意')`)
			mine.sees("✓ 直属上级 · 王磊 已同意", "法务 · 何洁 待处理")

			last := legal.card("合同审批 R-", "上海晴川仪表有限公司")
			last.sees("条件可以")
			last.press("同意")
			last.sees("已通过")
			mine.sees("待客户签署") // nobody touched the submitter's page
			theirs.sees("已通过")

			// A second contract changes while it waits; somebody still looks at the old card.
			manager.mark()
			second := draftContract(rep, "上海晴川仪表有限公司", "40万")
			old := manager.card("合同审批 R-", "40万")
			manager.eval(fmt.Sprintf(`window.old = document.querySelector('.msg[data-id="%s"]').cloneNode(true)`, old.id))
			second.press("修改")
			change := rep.card("修改合同 C-")
			change.sees("会使审批失效")
			change.fill("合同金额", "41万")
			change.press("保存")
			old.sees("已失效")
			manager.eval(`document.querySelector('#log').append(window.old)`)
			manager.click("the old card's button", `[...document.querySelectorAll('.msg')].at(-1).querySelector('.cc-btn-primary')`)
			manager.until("the answer to the old card", `document.querySelector('#toasts').innerText.includes('已失效') || [...document.querySelectorAll('.msg')].at(-1).innerText.includes('已失效')`)
		})
	}
}
