package browser

import "testing"

// TestVisits is the second job: a visit in one line, confirmed by one tap and
// taken back (CH-01, CH-02), the form (V-01), the plan and the daily list.
func TestVisits(t *testing.T) {
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			c := openCompany(t)
			p := c.chat(t, "李娜", s)
			p.ask("/新线索 上海晴川仪表有限公司 王建国 13800138000 展会", "L-").sees("上海晴川仪表有限公司", "负责人 李娜")

			draft := p.ask("拜访 晴川 王总 30分钟 聊了报价 意向80万 下周三再约", "请确认：拜访 · 上海晴川仪表有限公司")
			draft.sees("王总", "30 分钟", "80万", "2026-11-25 周三")
			draft.press("确认")
			p.forget()
			visit := p.card("拜访 · 上海晴川仪表有限公司", "暂不计为有效拜访")
			visit.sees("规则 V-01")
			visit.press("有进展")
			visit.sees("结果\n有进展")
			visit.press("撤销")
			p.yes()
			visit.sees("已撤销", "不再计入任何数字")

			form := p.ask("/跟进", "记录跟进")
			form.fill("类型", "拜访")
			form.fill("客户", "上海晴川仪表")
			form.fill("见了谁", "王建国")
			form.fill("时间", "10:00")
			form.fill("结果", "有进展")
			form.fill("沟通内容", "看了生产线，确认了三台设备的需求和预算")
			form.fill("意向金额", "80万")
			form.fill("张伟", "")
			form.press("提交")
			p.forget()
			p.card("拜访 · 上海晴川仪表有限公司", "计为有效拜访（规则 V-01）").sees("张伟", "2026-11-20 周五 10:00")

			p.ask("/计划 下周一 晴川 10:00", "拜访计划 · 2026-11-23 周一").sees("10:00 上海晴川仪表有限公司", "待拜访")

			call := p.ask("电话 晴川 3分钟 对方要比价 有进展 今天 17:30 发报价", "请确认：电话")
			call.press("确认")
			p.forget()
			p.card("电话 · 上海晴川仪表有限公司", "发报价")
			today := p.ask("/今天", "今天 · 2026-11-20 周五")
			today.sees("今天跟进", "上海晴川仪表有限公司", "发报价")
			p.click("done", `[...`+today.js()+`.querySelectorAll('button')].find((b) => /^完成/.test(b.textContent) && b.closest('.cc-body').innerText.includes('发报价'))`)
			p.until("the step is gone", `!`+today.js()+`?.innerText.includes('发报价') || /已处理|已完成/.test(document.querySelector('#log').innerText)`)
		})
	}
}
