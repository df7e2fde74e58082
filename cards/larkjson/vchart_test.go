package larkjson

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/testenv"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "write the drawn charts as PNG files into this folder")

type drawing struct {
	Error string `json:"error"`
	Marks int    `json:"marks"`
	Ink   int    `json:"ink"`
	PNG   string `json:"png"`
}

// vchart is a browser page with the chart library of the Lark client.
type vchart struct{ ctx context.Context }

func newVChart(t *testing.T) *vchart {
	t.Helper()
	browser, library := testenv.Chromium(t), testenv.VChart(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/vchart.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, library) })
	mux.HandleFunc("/draw.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/vchart/draw.js") })
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><script src="/vchart.js"></script><script src="/draw.js"></script><body style="margin:0"></body>`))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)

	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	// The first call owns the browser, so it has no deadline of its own.
	if err := chromedp.Do(ctx, chromedp.Navigate(srv.URL)); err != nil {
		t.Fatalf("open the page: %v", err)
	}
	return &vchart{ctx}
}

func (v *vchart) draw(t *testing.T, name string, spec any, width, height int, background string) drawing {
	t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	b, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	d, err := chromedp.Run(ctx, chromedp.Evaluate[drawing](fmt.Sprintf("drawChart(%s, %d, %d, %q)", b, width, height, background),
		func(p *runtime.EvaluateParams) { yes := true; p.AwaitPromise = &yes }))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if *shots != "" {
		png, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(d.PNG, "data:image/png;base64,"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// drawn are the charts that must appear, by name.
func drawn() map[string]card.Block {
	names := []string{"张三", "李四", "王五", "赵六", "欧阳娜娜"}
	one := []card.Series{{Name: "今天", Values: []float64{5, 3, 0, 8, 2}}}
	three := []card.Series{{Name: "电话", Values: []float64{12, 8, 15, 3, 9}}, {Name: "拜访", Values: []float64{5, 3, 0, 8, 2}}, {Name: "签约", Values: []float64{1, 0, 0, 2, 1}}}
	long := []string{"上海云帆智能科技发展有限公司", "杭州沐光医疗器械股份有限公司", "苏州工业园区恒通精密制造", "南京", "合肥科大讯联信息"}
	c := func(k card.ChartKind, title string, cats []string, s []card.Series) card.Chart {
		return card.Chart{Kind: k, Title: title, Unit: "次", Categories: cats, Series: s}
	}
	sideways := func(c card.Chart) card.Chart { c.Horizontal = true; return c }
	var days []string
	year := []card.Series{{Name: "销售额"}, {Name: "目标"}}
	for i := range 60 {
		days = append(days, fmt.Sprintf("%d/%d", 9+i/30, i%30+1))
		year[0].Values = append(year[0].Values, 40+30*math.Sin(float64(i)/6)+float64(i))
		year[1].Values = append(year[1].Values, 80)
	}
	return map[string]card.Block{
		"bar":             c(card.BarChart, "有效拜访", names, one),
		"bar_grouped":     c(card.BarChart, "各项活动", names, three),
		"bar_sideways":    sideways(c(card.BarChart, "成交客户", long, one)),
		"bar_sideways_3":  sideways(c(card.BarChart, "成交客户", long, three)),
		"bar_negative":    c(card.BarChart, "环比", names, []card.Series{{Values: []float64{-3, 4, math.NaN(), -1, 2}}}),
		"bar_one":         c(card.BarChart, "", names[:1], []card.Series{{Values: []float64{7}}}),
		"stacked":         c(card.StackedBar, "各项活动", names, three),
		"stacked_sideway": sideways(c(card.StackedBar, "各项活动", long, three)),
		"line":            c(card.LineChart, "近五日", names, three),
		"line_long":       c(card.LineChart, "六十天", days, year),
		"line_gap":        c(card.LineChart, "有缺口", names, []card.Series{{Name: "a", Values: []float64{1, math.NaN(), 3, 4, 2}}}),
		"pie":             c(card.PieChart, "线索来源", names, one),
		"funnel":          c(card.FunnelChart, "转化", []string{"认领", "拜访", "报价", "签约"}, []card.Series{{Values: []float64{320, 180, 64, 21}}}),
		"progress":        c(card.ProgressChart, "目标达成", names, []card.Series{{Values: []float64{.75, .4, 1.3, 0, .05}}}),
		"hostile":         c(card.BarChart, "<b>{label}</b> ${x}", []string{"<at id=all>", "{value}", "\"引号\" 😀", "a|b", "**x**"}, one),
		"progress_block":  card.Progress{Label: "拜访", Value: 3, Max: 4, Text: "3 / 4", Tone: card.Warning, Marks: []card.Mark{{Label: "合格", At: 3}}},
	}
}

// size is how large the client draws a chart element that is 560 px wide.
func size(t *testing.T, element map[string]any) (width, height int) {
	t.Helper()
	width, height = 560, 315
	if h, ok := element["height"].(string); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(h, "px"))
		if err != nil {
			t.Fatal(err)
		}
		height = n
	}
	return width, height
}

// The client draws charts with this library: a spec that throws, or that draws
// axes but no marks, would be an empty hole in the card.
func TestChartsAreDrawnByTheClientsLibrary(t *testing.T) {
	v := newVChart(t)
	for name, block := range drawn() {
		card1, lossy := render1(t, one(block))
		charts := find(card1, "chart")
		if len(charts) != 1 || len(lossy) != 0 {
			t.Fatalf("%s: %d charts, lossy %v", name, len(charts), lossy)
		}
		width, height := size(t, charts[0])
		for theme, background := range map[string]string{"light": "#ffffff", "dark": "#1f2329"} {
			for device, w := range map[string]int{"pc": width, "phone": 320} {
				d := v.draw(t, name+"_"+theme+"_"+device, charts[0]["chart_spec"], w, height, background)
				if d.Error != "" || d.Marks < 150 || d.Ink < d.Marks {
					t.Errorf("%s, %s, %s: error %q, %d pixels of marks, %d of ink", name, theme, device, d.Error, d.Marks, d.Ink)
				}
			}
		}
	}
}

// The measurement must notice an empty drawing, or the test above proves nothing.
func TestEmptyDrawingIsNoticed(t *testing.T) {
	v := newVChart(t)
	values := []map[string]any{{"x": "a", "y": 3}}
	wrong := map[string]any{"type": "bar", "xField": "x", "yField": "z", "data": map[string]any{"values": values}}
	if d := v.draw(t, "wrong_field", wrong, 400, 300, "#ffffff"); d.Marks >= 150 {
		t.Errorf("a chart of a missing field has %d pixels of marks", d.Marks)
	}
	wrong["type"] = "nonsense"
	if d := v.draw(t, "wrong_type", wrong, 400, 300, "#ffffff"); d.Error == "" {
		t.Error("a chart of an unknown type is drawn without an error")
	}
}
