package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// tooWide lists what sticks out of its card or the page. Tables may scroll in
// their own box.
const tooWide = `(() => {
	const out = [];
	if (document.documentElement.scrollWidth > innerWidth) out.push('the page: ' + document.documentElement.scrollWidth + ' of ' + innerWidth);
	for (const card of document.querySelectorAll('.cc-card')) {
		const right = card.getBoundingClientRect().right + 0.5;
		for (const n of card.querySelectorAll('*')) {
			if (n.closest('.cc-scroll') && !n.matches('.cc-scroll')) continue;
			if (n.closest('svg') && !n.matches('svg')) continue;
			if (n.getBoundingClientRect().right > right) out.push((card.closest('[data-sample]')?.dataset.sample || '') + ': ' + n.className + ' ' + n.textContent.slice(0, 30));
		}
	}
	return out.slice(0, 5).join('\n');
})()`

// TestGallery: every card in every state, in both languages and both themes,
// without a complaint of the browser, in the reader's language only, and with
// nothing sticking out down to 320 pixels.
func TestGallery(t *testing.T) {
	c := openCompany(t)
	for _, lang := range []string{"zh", "en"} {
		for _, theme := range []string{"light", "dark"} {
			t.Run(lang+"/"+theme, func(t *testing.T) {
				p := tab(t, fmt.Sprintf("%s/gallery?lang=%s&theme=%s", c.url, lang, theme), desktop)
				p.until("many cards", `document.querySelectorAll('.sample .cc-card').length >= 100`)
				for _, width := range []int64{1280, 390, 320} {
					p.do("resize", chromedp.EmulateViewport(width, 800))
					if got := p.text(tooWide); got != "" {
						t.Errorf("at %d pixels these stick out:\n%s", width, got)
					}
				}
				want := map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(35, 36, 39)"}[theme]
				if got := p.text(`getComputedStyle(document.querySelector('.cc-card')).backgroundColor`); got != want {
					t.Errorf("the cards are %s, want %s", got, want)
				}
				if text := p.text(`document.querySelector('.samples').innerText`); lang == "en" && hasHan(text) {
					t.Errorf("Chinese in the English gallery: %.200s", text)
				}
				p.click("the source of a card", `document.querySelector('[data-index="3"]')`)
				p.until("it is shown", `document.querySelector('#raw[open] .code')?.textContent.includes('"schema"')`)
			})
		}
	}
}

// TestContrast: text is readable in both themes: at least 4.5 to 1 against what
// lies behind it, 3 to 1 for large and disabled text.
func TestContrast(t *testing.T) {
	c := openCompany(t)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			p := tab(t, fmt.Sprintf("%s/gallery?lang=zh&theme=%s", c.url, theme), desktop)
			got := p.text(`(() => {
				const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
				const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
				const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
				const light = (c) => { const f = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }; return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
				const back = (n) => { const list = []; for (; n; n = n.parentElement) list.push(rgba(getComputedStyle(n).backgroundColor)); return list.reduceRight((under, c) => over(c, under), [255, 255, 255, 1]); };
				const bad = new Map();
				for (const n of document.querySelectorAll('.cc-card *')) {
					const own = [...n.childNodes].some((x) => x.nodeType === 3 && x.textContent.trim());
					if (!own || n.closest('svg') || n.disabled || n.closest('del')) continue;
					const s = getComputedStyle(n), bg = back(n), fg = over(rgba(s.color), bg);
					const a = light(fg), b = light(bg), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
					if (ratio < 4.5) bad.set(n.tagName + '.' + n.className + ' ' + s.color + ' ' + ratio.toFixed(2), n.textContent.trim().slice(0, 20));
				}
				return [...bad].slice(0, 8).map((x) => x.join(': ')).join('\n');
			})()`)
			if got = strings.TrimSpace(got); got != "" {
				t.Errorf("too little contrast:\n%s", got)
			}
		})
	}
}
