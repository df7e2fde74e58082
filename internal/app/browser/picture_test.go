package browser

import (
	"bytes"
	"image"
	"image/color"
	_ "image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"crmbot/internal/testenv"
)

// picture takes a picture of the page for the README, and writes it with
// -update. It fails if the picture is of one colour or of another size.
func (p *page) picture(name string) {
	p.t.Helper()
	p.until("no message is in the way", `!document.querySelector('#toasts').children.length`)
	p.eval(`document.activeElement.blur()`)
	shot := run(p, name, chromedp.CaptureScreenshot())
	img, _, err := image.Decode(bytes.NewReader(shot))
	if err != nil {
		p.t.Fatal(err)
	}
	if got, want := img.Bounds().Size(), image.Pt(int(float64(p.size.width)*p.size.scale), int(float64(p.size.height)*p.size.scale)); got != want {
		p.t.Errorf("%s is %v, want %v", name, got, want)
	}
	seen := map[color.Color]bool{}
	for y := 0; y < img.Bounds().Dy(); y += 7 {
		for x := 0; x < img.Bounds().Dx(); x += 7 {
			seen[img.At(x, y)] = true
		}
	}
	if len(seen) < 50 {
		p.t.Errorf("%s has %d colours: the page did not paint", name, len(seen))
	}
	if !*update {
		return
	}
	path := filepath.Join(testenv.Root(p.t), "docs", "img", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, shot, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// TestPictures shows what the README shows: a manager's team report on a
// desktop, and a rep's visit in one line on a phone.
func TestPictures(t *testing.T) {
	c := openCompany(t)
	manager := c.chat(t, "王磊", size{"desktop", 1280, 960, 1, false})
	manager.light()
	digest := manager.ask("/团队日报 昨天", "华东销售部 · 团队日报")
	digest.sees("需要关注", "今日与上一工作日")
	manager.eval(`(() => { const log = document.querySelector('#log'), mine = [...log.querySelectorAll('.msg.mine')].at(-1); log.scrollTop += mine.getBoundingClientRect().top - log.getBoundingClientRect().top - 12; })()`)
	manager.picture("desktop.png")

	rep := c.chat(t, "李娜", phone)
	rep.light()
	rep.ask("/新线索 上海晴川仪表有限公司 王建国 13800138000 展会", "L-")
	rep.ask("拜访 晴川 王总 30分钟 聊了报价，预算已批 有进展 意向80万 下周三再约 和张伟一起", "请确认：拜访").press("确认")
	rep.forget()
	rep.card("拜访 · 上海晴川仪表有限公司", "计为有效拜访（规则 V-01）", "张伟")
	rep.eval(`(() => { const log = document.querySelector('#log'); log.scrollTop = log.scrollHeight; })()`)
	rep.picture("phone.png")
}

// light chooses the light theme, whatever the machine prefers.
func (p *page) light() {
	p.t.Helper()
	p.eval(`document.documentElement.dataset.theme === 'dark' && document.querySelector('#theme').click()`)
}
