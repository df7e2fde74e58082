package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestCompletion: a slash offers the commands of the role; arrow and Enter take
// one, a click takes another, Escape closes the list.
func TestCompletion(t *testing.T) {
	c := openCompany(t)
	p := c.chat(t, "李娜", desktop)
	open := `!document.querySelector('#complete').hidden`
	p.click("the composer", `document.querySelector('#text')`)
	p.insert("/")
	p.until("all commands", open+` && document.querySelectorAll('#complete li').length === 8`)
	p.insert("公")
	p.until("the commands that begin so", open+` && [...document.querySelectorAll('#complete li')].every((n) => n.innerText.startsWith('/公'))`)
	p.do("take it with the keyboard", chromedp.KeyEvent(kb.ArrowDown))
	p.enter()
	p.until("it is in the composer", `document.querySelector('#text').value.trim() === '/公海'`)
	p.enter()
	p.card("公海")

	p.insert("jinri")
	p.do("close", chromedp.KeyEvent(kb.Escape))
	p.until("the list is closed", `document.querySelector('#complete').hidden`)
	p.eval(`document.querySelector('#text').value = ''`)
	p.insert("tod")
	p.click("the English name", `document.querySelector('#complete li')`)
	p.until("it is taken", `document.querySelector('#text').value.trim() === '/今天'`)

	grace := c.chat(t, "Grace Liu", desktop)
	grace.click("the composer", `document.querySelector('#text')`)
	grace.insert("/to")
	grace.until("English names for an English reader", open+` && document.querySelector('#complete li strong').textContent === '/today'`)
	if got := grace.text(`document.querySelector('#complete').innerText`); hasHan(got) {
		t.Errorf("Chinese in the English list: %s", got)
	}
	legal := c.chat(t, "何洁", desktop)
	legal.click("the composer", `document.querySelector('#text')`)
	legal.insert("/认领")
	legal.until("no command of another role", `document.querySelector('#complete').hidden`)
}

func hasHan(s string) bool {
	for _, r := range s {
		if r >= 0x4e00 && r <= 0x9fff {
			return true
		}
	}
	return false
}

// TestIdentity: another person is taken in the page, with their own chats,
// language and role.
func TestIdentity(t *testing.T) {
	c := openCompany(t)
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			p := tab(t, fmt.Sprintf("%s/?as=%d", c.url, c.people["李娜"].ID), s)
			p.until("ready", `document.body.dataset.ready === '1'`)
			p.click("who I am", `document.querySelector('#who')`)
			p.until("everybody is listed", fmt.Sprintf(`document.querySelectorAll('#people .person').length === %d`, len(c.people)))
			p.click("the search", `document.querySelector('#people input')`)
			p.insert("grace")
			p.until("one is left", `document.querySelectorAll('#people .person').length === 1`)
			p.click("Grace", `document.querySelector('#people .person')`)
			p.until("the page is hers", `!document.querySelector('#people').open && document.querySelector('#who strong').textContent === 'Grace Liu' && document.documentElement.lang === 'en'`)
			p.openChat(fmt.Sprintf("u%d", c.people["Grace Liu"].ID))
			help := p.ask("/help", "What you can do")
			if got := help.text(); hasHan(got) {
				t.Errorf("Chinese in an English card: %s", got)
			}
			p.do("leave and come back", chromedp.Navigate(c.url))
			p.until("she is remembered", `document.body.dataset.ready === '1' && document.querySelector('#who strong').textContent === 'Grace Liu'`)
		})
	}
}

func TestNewGroupSpeaksTheReadersLanguage(t *testing.T) {
	c := openCompany(t)
	for person, want := range map[string]string{"Grace Liu": "sales manager", "李娜": "销售经理"} {
		p := c.chat(t, person, desktop)
		p.click("new group", `document.querySelector('#new-group')`)
		p.until("the roles are in the reader's language", fmt.Sprintf(`[...document.querySelectorAll('#group .pick small')].some((e) => e.textContent.startsWith('%s · '))`, want))
	}
}

// TestTheme: the switch changes the colours and is remembered.
func TestTheme(t *testing.T) {
	c := openCompany(t)
	p := c.chat(t, "李娜", desktop)
	p.ask("/公海", "公海")
	colours := `getComputedStyle(document.querySelector('.cc-card')).backgroundColor + getComputedStyle(document.body).backgroundColor`
	before := p.text(colours)
	theme := p.text(`document.documentElement.dataset.theme`)
	p.click("the switch", `document.querySelector('#theme')`)
	p.until("another theme", `document.documentElement.dataset.theme !== `+quote(theme))
	if after := p.text(colours); after == before {
		t.Errorf("the colours stay %s", after)
	}
	now := p.text(`document.documentElement.dataset.theme`)
	p.do("reload", chromedp.Reload())
	p.until("it is remembered", `document.body.dataset.ready === '1' && document.documentElement.dataset.theme === `+quote(now))
}

// TestSource: every form of a card can be looked at, and the Lark form is valid.
func TestSource(t *testing.T) {
	c := openCompany(t)
	p := c.chat(t, "李娜", desktop)
	card := p.ask("/公海", "公海")
	p.click("the source", `document.querySelector('.msg[data-id="`+card.id+`"] .source')`)
	p.until("it is valid", `document.querySelector('#raw[open] .raw-info')?.textContent.includes('校验通过')`)
	var lark struct {
		Schema string          `json:"schema"`
		Body   json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal([]byte(p.text(`document.querySelector('#raw .code').textContent`)), &lark); err != nil || lark.Schema != "2.0" || len(lark.Body) == 0 {
		t.Errorf("the Lark form is not card JSON 2.0: schema %q, %d bytes of body, %v", lark.Schema, len(lark.Body), err)
	}
	for _, form := range []string{"ding-public", "ding-template", "ding-plain", "text"} {
		p.click(form, `document.querySelector('#raw [data-form="`+form+`"]')`)
		p.until(form+" is shown", `document.querySelector('#raw [data-form="`+form+`"]').getAttribute('aria-selected') === 'true' && document.querySelector('#raw .code').textContent.includes('公海')`)
		if info := p.text(`document.querySelector('#raw .raw-info').className`); strings.Contains(info, "bad") {
			t.Errorf("%s: %s", form, p.text(`document.querySelector('#raw .raw-info').textContent`))
		}
	}
}

// hostile are texts that a careless page would run, render or break on.
var hostile = []string{
	`<img src=x onerror=alert(1)>`,
	`</div><script>alert(1)</script>`,
	`**粗体** [链接](javascript:alert(1)) <at id=all></at>`,
	"表情 😀👨‍👩‍👧‍👦 和 \u202Eright-to-left",
	`'; DROP TABLE crm_leads; --`,
	strings.Repeat("很长的一段话", 666) + "结束",
}

// TestHostileText: what people write is shown as they wrote it, in messages, in
// cards, in the list of chats, and never runs.
func TestHostileText(t *testing.T) {
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) {
			c := openCompany(t)
			p := c.chat(t, "李娜", s)
			p.eval(`(window.alert = () => { window.ran = true; })`)
			for _, text := range hostile {
				p.say(text)
				p.until("the message as it was written", `[...document.querySelectorAll('.msg.mine .bubble')].at(-1)?.textContent === `+quote(text))
				p.until("an answer", `!document.querySelector('.msg:last-child').classList.contains('mine')`)
			}
			for i, name := range hostile[:5] {
				form := p.ask("/新线索", "新线索")
				form.fill("公司", name+" 公司")
				form.fill("电话", fmt.Sprintf("1990001%04d", i))
				form.fill("需求", name)
				form.press("新建")
				p.forget()
				visible := strings.TrimSpace(strings.ReplaceAll(name, "\u202E", "")) // cards drop what turns text around
				p.card("L-", visible).lacks("\u202E")
			}
			p.until("nothing ran", `window.ran === undefined && !document.querySelector('#log img[src="x"], #log script, #chats img[src="x"]')`)
			p.until("nothing is wider than the page", `document.documentElement.scrollWidth <= innerWidth && document.querySelector('#log').scrollWidth <= document.querySelector('#log').clientWidth`)
		})
	}
}
