package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to show what is waited for. It is
// generous: the machine may be busy, and nothing waits longer than it must.
const patience = 30 * time.Second

type size struct {
	name          string
	width, height int64
	scale         float64
	touch         bool
}

var (
	phone   = size{"phone", 390, 844, 2, true}
	desktop = size{"desktop", 1280, 860, 1, false}
)

// page is one tab of the browser, used by one person.
type page struct {
	t    testing.TB
	ctx  context.Context
	size size

	mu      sync.Mutex
	console []string
}

// tab opens an address at a size. A page error, a violation of the content
// security policy or any other complaint in the console fails the test.
func tab(t testing.TB, url string, s size) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium(t), chromedp.WithNewBrowserContext())
	p := &page{t: t, ctx: ctx, size: s}
	messages := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" || m.Source == "security" {
				p.mu.Lock()
				p.console = append(p.console, m.String())
				p.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, m := range p.console {
			t.Errorf("%s: the page complains: %s", s.name, m)
		}
	})
	opts := []chromedp.EmulateViewportOption{chromedp.EmulateScale(s.scale)}
	if s.touch {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do("open "+url, chromedp.EmulateViewport(s.width, s.height, opts...), chromedp.Navigate(url))
	return p
}

// chat opens the 1:1 chat of a person with the bot.
func (c *company) chat(t testing.TB, person string, s size) *page {
	t.Helper()
	p := tab(t, fmt.Sprintf("%s/?as=%d", c.url, c.people[person].ID), s)
	p.until("the page is ready", `document.body.dataset.ready === '1'`)
	p.openChat(fmt.Sprintf("u%d", c.people[person].ID))
	return p
}

func (p *page) openChat(id string) {
	p.t.Helper()
	if p.size.touch {
		p.eval(`document.querySelector('#app').dataset.screen === 'chat' && document.querySelector('#back').click()`)
	}
	p.click("chat "+id, fmt.Sprintf(`document.querySelector('.chat[data-chat="%s"]')`, id))
	p.until("the chat is open", fmt.Sprintf(`document.querySelector('.chat.on')?.dataset.chat === '%s' && document.querySelector('#log').children.length > 0`, id))
}

// do runs steps, or fails the test with what was meant.
func (p *page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx); err != nil { // the first call on a tab must not have a deadline
		p.t.Fatalf("%s: %v", what, err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s at %s width: %v", what, p.size.name, err)
	}
}

func run[T any](p *page, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("%s at %s width: %v", what, p.size.name, err)
	}
	return v
}

func (p *page) eval(js string) {
	p.t.Helper()
	p.do(js, chromedp.Evaluate[chromedp.Void]("void ("+js+")"))
}

func (p *page) text(js string) string {
	p.t.Helper()
	return run(p, js, chromedp.Evaluate[string](js))
}

// until waits for a condition in the page.
func (p *page) until(what, js string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void]("!!("+js+")", chromedp.WithPollingInterval(30*time.Millisecond), chromedp.WithPollingTimeout(patience))); err != nil {
		p.t.Fatalf("%s does not happen at %s width: %v\nthe log ends: %s", what, p.size.name, err, p.tail())
	}
}

// tail is the end of the log, for messages about failures.
func (p *page) tail() string {
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(document.querySelector('#log') || document.body).innerText.slice(-900)`))
	if err != nil {
		return err.Error()
	}
	return s
}

// click scrolls what the expression finds into view and clicks or taps in its
// middle, where nothing else may lie on top.
func (p *page) click(what, js string) {
	p.t.Helper()
	p.until(what+" is there", js)
	at := run(p, what, chromedp.Evaluate[[]float64](`(() => {
		const n = `+js+`;
		n.scrollIntoView({ block: 'center', behavior: 'instant' });
		const r = n.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
		const hit = document.elementFromPoint(x, y);
		return hit && (n.contains(hit) || hit.contains(n)) && r.width > 0 ? [x, y] : [];
	})()`))
	if len(at) != 2 {
		p.t.Fatalf("%s cannot be reached at %s width: something lies on top of it", what, p.size.name)
	}
	if p.size.touch {
		p.do("tap "+what, chromedp.TapXY(at[0], at[1]))
		return
	}
	p.do("click "+what, chromedp.MouseClickXY(at[0], at[1]))
}

// insert types text at the caret, as an input method does.
func (p *page) insert(text string) {
	p.t.Helper()
	p.do("type", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// say types a message and sends it with the return key.
func (p *page) say(text string) {
	p.t.Helper()
	p.click("the composer", `document.querySelector('#text')`)
	p.until("the composer has the caret", `document.activeElement === document.querySelector('#text')`)
	p.insert(text)
	p.until("the text is typed", `document.querySelector('#text').value === `+quote(text))
	p.enter()
	p.until("the message is sent", `document.querySelector('#text').value === ''`)
}

// enter presses the return key as a keyboard does, so that the page can keep the
// line break from being typed.
func (p *page) enter() {
	p.t.Helper()
	p.do("press Enter", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		k := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, Text: "\r", UnmodifiedText: "\r"}
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, k); err != nil {
			return err
		}
		k.Type, k.Text, k.UnmodifiedText = input.DispatchKeyEventTypeKeyUp, "", ""
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, k)
		return err
	}))
}

// sees waits until the log shows the text.
func (p *page) sees(text string) {
	p.t.Helper()
	p.until("text "+text, `document.querySelector('#log').innerText.includes(`+quote(text)+`)`)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(b)
}

// shown is a card in the log.
type shown struct {
	p  *page
	id string
}

// card waits for the newest card whose title begins with the text and that
// contains the others, newer than the messages that were there when mark was
// called.
func (p *page) card(title string, texts ...string) shown {
	p.t.Helper()
	find := `[...document.querySelectorAll('.msg.has-card')].filter((m) => Number(m.dataset.id) > (window.mark || 0) && m.querySelector('.cc-title').textContent.startsWith(` + quote(title) + `)`
	for _, x := range texts {
		find += ` && m.innerText.includes(` + quote(x) + `)`
	}
	find += `).at(-1)`
	p.until(fmt.Sprintf("card %s with %q", title, texts), find)
	p.until("only the log scrolls, not the whole page", `document.documentElement.scrollHeight <= innerHeight`)
	return shown{p, p.text(find + `.dataset.id`)}
}

// forget makes card look at all cards again.
func (p *page) forget() {
	p.t.Helper()
	p.eval(`window.mark = 0`)
}

// mark makes card look only at cards that come from now on.
func (p *page) mark() {
	p.t.Helper()
	p.eval(`window.mark = Number([...document.querySelectorAll('.msg')].at(-1)?.dataset.id || 0)`)
}

// ask sends a message and waits for a new card.
func (p *page) ask(message, title string) shown {
	p.t.Helper()
	p.mark()
	p.say(message)
	return p.card(title)
}

func (s shown) js() string { return `document.querySelector('.msg[data-id="` + s.id + `"] .cc-card')` }

func (s shown) text() string {
	s.p.t.Helper()
	return s.p.text(s.js() + `.innerText`)
}

// sees waits until the card contains all texts.
func (s shown) sees(texts ...string) {
	s.p.t.Helper()
	for _, x := range texts {
		s.p.until(fmt.Sprintf("card with %q", x), s.js()+`?.innerText.includes(`+quote(x)+`)`)
	}
}

// lacks fails if the card contains a text.
func (s shown) lacks(texts ...string) {
	s.p.t.Helper()
	got := s.text()
	for _, x := range texts {
		if strings.Contains(got, x) {
			s.p.t.Fatalf("the card contains %q: %s", x, got)
		}
	}
}

func (s shown) control(label string) string {
	return `[...` + s.js() + `.querySelectorAll('button, a')].find((b) => b.textContent.trim().startsWith(` + quote(label) + `) && !b.disabled)`
}

// press presses the first control whose label begins with the text.
func (s shown) press(label string) {
	s.p.t.Helper()
	s.p.click("button "+label, s.control(label))
}

// agree answers the question before a risky press.
func (p *page) agree() {
	p.t.Helper()
	p.click("the question's yes", `document.querySelector('#ask[open] .send')`)
}

// fill puts a value into an input by its label: typed into texts, chosen in
// selects and checkboxes, set in dates and times.
func (s shown) fill(label, value string) {
	s.p.t.Helper()
	find := `(() => {
		const l = [...` + s.js() + `.querySelectorAll('label')].find((l) => l.textContent.trim().startsWith(` + quote(label) + `));
		return l && document.getElementById(l.htmlFor);
	})()`
	s.p.until("input "+label, find)
	switch kind := s.p.text(find + `.type`); kind {
	case "checkbox":
		s.p.click(label, find+`.closest('label')`)
	case "select-one":
		got := s.p.text(`(() => { const n = ` + find + `; const o = [...n.options].find((o) => o.textContent.includes(` + quote(value) + `)); if (!o) return 'none'; n.value = o.value; n.dispatchEvent(new Event('change', { bubbles: true })); return 'ok'; })()`)
		if got != "ok" {
			s.p.t.Fatalf("%s has no choice %q", label, value)
		}
	case "date", "time":
		s.p.eval(`(() => { const n = ` + find + `; n.value = ` + quote(value) + `; n.dispatchEvent(new Event('input', { bubbles: true })); })()`)
	default:
		s.p.click(label, find)
		s.p.eval(find + `.select()`)
		s.p.insert(value)
	}
}

// drop drags files over the chat and lets them go.
func (p *page) drop(files ...string) {
	p.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	x, y := float64(p.size.width)*0.6, float64(p.size.height)*0.5
	step := func(kind input.DispatchDragEventType) {
		p.do("drag", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: x, Y: y, Data: data})
			return err
		}))
	}
	step("dragEnter")
	step("dragOver")
	p.until("the page offers to take the file", `!document.querySelector('#drop').hidden`)
	step("drop")
	p.until("the offer is gone", `document.querySelector('#drop').hidden`)
}

// until waits for a condition about the card.
func (s shown) until(what, js string) {
	s.p.t.Helper()
	s.p.until(what, js)
}

// yes answers the question before a press, if there is one.
func (p *page) yes() {
	p.t.Helper()
	p.eval(`document.querySelector('#ask[open] .send')?.click()`)
}
