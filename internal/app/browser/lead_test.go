package browser

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// sizes are the two widths at which every job is done.
var sizes = []size{phone, desktop}

// TestLeads is the first job: two reps see the pool, one claims by a button and
// the other's card shows it at once (P-05, P-08); the lead is released and a
// second claim is refused with the rule, the numbers and the next step (P-06).
func TestLeads(t *testing.T) {
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			c := openCompany(t)
			lina, zhang := c.chat(t, "李娜", s), c.chat(t, "张伟", desktop)
			pool := lina.ask("/公海", "公海")
			other := zhang.ask("/公海", "公海")
			pool.sees("今日已领")
			lead := lina.text(`(` + pool.js() + `.innerText.match(/L-\d+/) || [''])[0]`)
			company := lina.text(`(` + pool.js() + `.innerText.match(/L-\d+ (\S+有限公司)/) || ['', ''])[1]`)
			if lead == "" || company == "" {
				t.Fatalf("no lead in the pool: %s", pool.text())
			}
			other.sees(lead)
			if !regexp.MustCompile(`\d{3}\*{4}\d{4}`).MatchString(pool.text()) {
				t.Errorf("P-08: the pool shows no masked phone: %s", pool.text())
			}
			lina.mark()
			pool.press("认领") // the first of the list
			mine := lina.card(lead + " " + company)
			mine.sees("认领成功", "今日已领", "第一步")
			if regexp.MustCompile(`\*{4}`).MatchString(mine.text()) {
				t.Errorf("P-08: the claimed lead is still masked: %s", mine.text())
			}
			pool.sees("已被 李娜 认领")
			other.sees("已被 李娜 认领") // the other person's card changed by itself
			if got := zhang.text(`[...` + other.js() + `.querySelectorAll('button')].map((b) => b.dataset.command || '').join(' ')`); regexp.MustCompile(`/认领 ` + lead + `( |$)`).MatchString(got) {
				t.Errorf("the other person can still press claim for %s: %s", lead, got)
			}

			lost := zhang.ask("/认领 "+lead, lead+" 已被 李娜 认领")
			lost.sees("P-05", "额度没有扣除", "下一条推荐")

			lina.mark()
			mine.press("释放")
			form := lina.card("释放 " + lead)
			form.sees("P-06")
			form.fill("原因", "无需求")
			form.press("确认释放")
			lina.sees("已释放 " + lead)
			lina.say("/认领 " + lead)
			lina.sees("（规则 P-06）")
			lina.until("the refusal names the day", `/11-27|冷却/.test([...document.querySelectorAll('.msg')].at(-1).innerText)`)
		})
	}
}

const newLeads = "公司名称,联系人,手机,渠道,城市\n" +
	"上海浏览器测试有限公司,王敏,13800001111,展会洽谈,上海\n" +
	"杭州第二家测试有限公司,赵强,13900002222,转介绍,杭州\n" +
	"缺号码测试有限公司,陈工,123,转介绍,杭州\n"

// TestImport drops a file into the chat and takes it to the end and back
// (CH-05, DU-01): columns, dry run, import, undo.
func TestImport(t *testing.T) {
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			c := openCompany(t)
			file := filepath.Join(t.TempDir(), "新线索.csv")
			if err := os.WriteFile(file, []byte(newLeads), 0o600); err != nil {
				t.Fatal(err)
			}
			p := c.chat(t, "罗兰", s)
			p.mark()
			if s.touch {
				p.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
			} else {
				p.drop(file)
			}
			card := p.card("导入线索")
			card.sees("新线索.csv", "3 行", "上海浏览器测试有限公司")
			card.press("试算")
			card.sees("试算", "2 行", "1 行", "第 4 行", "电话号码不对")
			p.sees("新线索-试算.csv")
			card.press("导入 2 行")
			card.sees("已导入", "可撤销至")
			found := p.ask("/线索 上海浏览器测试有限公司", "L-")
			found.sees("上海浏览器测试有限公司", "展会洽谈")
			card.press("撤销导入")
			p.agree()
			card.sees("已撤销")
			p.say("/线索 上海浏览器测试有限公司")
			p.until("the lead is gone", `/没有找到|没找到|没有/.test([...document.querySelectorAll('.msg')].at(-1).innerText)`)
		})
	}
}
