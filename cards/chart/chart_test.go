package chart_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmbot/cards/card"
	"crmbot/cards/chart"
	"crmbot/cards/internal/cardtest"
	"crmbot/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files")

func TestSVGMatchesGoldenFiles(t *testing.T) {
	for lang, l := range cardtest.Langs {
		for i, c := range cardtest.ChartKinds(l) {
			svg, err := chart.SVG(c, l)
			if err != nil {
				t.Fatal(err)
			}
			cardtest.Golden(t, *update, fmt.Sprintf("%d_%s.%s.svg", i, c.Kind, lang), svg+"\n")
		}
	}
}

func TestSVGShowsNamesAndValuesAndNeedsNoStyleOrScript(t *testing.T) {
	for _, c := range cardtest.ChartKinds(crm.Chinese) {
		svg, err := chart.SVG(c, crm.Chinese)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range c.Categories {
			if !strings.Contains(svg, ">"+name+"<") {
				t.Errorf("%s: category %q is not written", c.Title, name)
			}
			for _, s := range c.Series {
				if !strings.Contains(svg, chart.Value(c, s.Values[i])) {
					t.Errorf("%s: value %v is not in the drawing", c.Title, s.Values[i])
				}
			}
		}
		for _, bad := range []string{"<style", "style=", "<script", "onload", "NaN", "Inf"} {
			if strings.Contains(svg, bad) {
				t.Errorf("%s: %q in the drawing", c.Title, bad)
			}
		}
	}
}

func TestValuesThatCannotBeDrawnAreRefused(t *testing.T) {
	one := func(v ...float64) card.Chart {
		return card.Chart{Kind: card.BarChart, Categories: []string{"a"}, Series: []card.Series{{Values: v}}}
	}
	bad := map[string]card.Chart{
		"NaN": one(math.NaN()), "+Inf": one(math.Inf(1)), "-Inf": one(math.Inf(-1)), "too large": one(2e15),
		"more values than categories": one(1, 2), "no values": one(), "empty": {Kind: card.BarChart},
		"no kind": {Categories: []string{"a"}, Series: []card.Series{{Values: []float64{1}}}},
	}
	for name, c := range bad {
		if _, err := chart.SVG(c, crm.Chinese); err == nil {
			t.Errorf("SVG drew a chart with %s", name)
		}
		if _, err := chart.PNG(c, crm.Chinese, nil); err == nil {
			t.Errorf("PNG drew a chart with %s", name)
		}
	}
}

var bar = regexp.MustCompile(`<rect [^>]*height="([0-9.]+)"[^>]*><title>([^<]*)</title>`)

func TestBarsAreInProportionToTheirValues(t *testing.T) {
	svg, err := chart.SVG(card.Chart{Kind: card.BarChart, Categories: []string{"a", "b"}, Series: []card.Series{{Values: []float64{90, 100}}}}, crm.English)
	if err != nil {
		t.Fatal(err)
	}
	var h []float64
	for _, m := range bar.FindAllStringSubmatch(svg, -1) {
		v, _ := strconv.ParseFloat(m[1], 64)
		h = append(h, v)
	}
	if len(h) != 2 || math.Abs(h[0]/h[1]-0.9) > 0.01 {
		t.Errorf("heights %v, want 9 to 10: the axis does not begin at zero", h)
	}
}

// decode fails the test unless data is a picture of the promised width.
func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dx() != 848 {
		t.Fatalf("width %d", img.Bounds().Dx())
	}
	return img
}

func has(img image.Image, want color.RGBA) bool {
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			if uint8(r>>8) == want.R && uint8(g>>8) == want.G && uint8(b>>8) == want.B {
				return true
			}
		}
	}
	return false
}

func TestPNGPaintsEverySeries(t *testing.T) {
	first, second := color.RGBA{0x33, 0x70, 0xff, 255}, color.RGBA{0x0f, 0xa8, 0x97, 255}
	for _, c := range cardtest.ChartKinds(crm.Chinese) {
		data, err := chart.PNG(c, crm.Chinese, nil)
		if err != nil {
			t.Fatal(err)
		}
		img := decode(t, data)
		if !has(img, first) {
			t.Errorf("%s: the first colour is missing", c.Title)
		}
		if len(c.Series) > 1 && !has(img, second) {
			t.Errorf("%s: the second colour is missing", c.Title)
		}
		if len(data) > 200_000 {
			t.Errorf("%s: %d bytes", c.Title, len(data))
		}
	}
}

func titled(title string) card.Chart {
	return card.Chart{Kind: card.BarChart, Title: title, Categories: []string{"1"}, Series: []card.Series{{Values: []float64{1}}}}
}

func picture(t *testing.T, title string, f *chart.Font) []byte {
	t.Helper()
	data, err := chart.PNG(titled(title), crm.Chinese, f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestChineseIsReadableAndMissingCharactersAreBoxes(t *testing.T) {
	box := picture(t, "□", nil)
	for _, s := range []string{"签", "约", "喆", "A", "7", "。"} {
		if bytes.Equal(picture(t, s, nil), box) {
			t.Errorf("%q is drawn as a box", s)
		}
	}
	if bytes.Equal(picture(t, "签约", nil), picture(t, "金额", nil)) {
		t.Error("two different words look the same")
	}
	if !bytes.Equal(picture(t, "龘", nil), box) {
		t.Error("a character that the font lacks is not drawn as a box")
	}
	if !bytes.Equal(picture(t, "签约🎉👨‍👩‍👧", nil), picture(t, "签约", nil)) {
		t.Error("emoji leave something in the picture")
	}
}

func TestFontCanBeReplaced(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("font/DroidSansFallback-subset.ttf")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := filepath.Join(dir, "good.ttf"), filepath.Join(dir, "bad.ttf")
	for path, d := range map[string][]byte{good: data, bad: []byte("OTTO not a TrueType font")} {
		if err := os.WriteFile(path, d, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := chart.LoadFont(good)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(picture(t, "签约", f), picture(t, "签约", nil)) {
		t.Error("the same font from a file draws something else")
	}
	if _, err := chart.LoadFont(bad); err == nil {
		t.Error("a file that is no TrueType font was accepted")
	}
	if _, err := chart.LoadFont(filepath.Join(dir, "missing.ttf")); err == nil {
		t.Error("a missing file was accepted")
	}
}

func TestNegativeSharesAreDrawnAsBars(t *testing.T) {
	c := card.Chart{Kind: card.PieChart, Categories: []string{"甲", "乙"}, Series: []card.Series{{Values: []float64{5, -2}}}}
	svg, err := chart.SVG(c, crm.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(svg, "<path") || strings.Count(svg, "<rect") != 2 || !strings.Contains(svg, ">-2<") {
		t.Errorf("want two bars with values, got %s", svg)
	}
}

func TestManySlicesAreAddedUp(t *testing.T) {
	c := card.Chart{Kind: card.PieChart, Series: make([]card.Series, 1)}
	for i := range 12 {
		c.Categories = append(c.Categories, fmt.Sprintf("客户%d", i))
		c.Series[0].Values = append(c.Series[0].Values, float64(10+i))
	}
	svg, err := chart.SVG(c, crm.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(svg, "<path"); n != 8 {
		t.Errorf("%d slices, want 8", n)
	}
	if !strings.Contains(svg, "其他（5 项）") || !strings.Contains(svg, ">60 (32.3%)<") {
		t.Error("the five smallest are not added up as 60")
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1234567: "1,234,567", -1234.5: "-1,234.5", 0.126: "0.13", -0.001: "0", 999: "999", 1000: "1,000"} {
		if got := chart.Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := chart.Number(math.NaN()); got != "—" {
		t.Errorf("Number(NaN) = %q", got)
	}
	if got := chart.Percent(0.6555); got != "65.6%" {
		t.Errorf("Percent = %q", got)
	}
}

var attribute = regexp.MustCompile(` (?:x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]*)"`)

// Whatever the data, both outputs are well formed, every coordinate is finite
// and inside the drawing, and hostile text stays text.
func TestAnyChartIsDrawn(t *testing.T) {
	kinds := []card.ChartKind{card.BarChart, card.StackedBar, card.LineChart, card.PieChart, card.FunnelChart, card.ProgressChart}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"><script>alert(1)</script>`, "]]>", "很长很长很长很长很长很长很长的名字", "🎉", "\x00\x1b\ufffe"}))
		n := rapid.IntRange(1, 45).Draw(t, "categories")
		c := card.Chart{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Horizontal: rapid.Bool().Draw(t, "sideways"),
			Title: text.Draw(t, "title"), Unit: text.Draw(t, "unit")}
		for range n {
			c.Categories = append(c.Categories, text.Draw(t, "category"))
		}
		for range rapid.IntRange(1, 4).Draw(t, "series") {
			s := card.Series{Name: text.Draw(t, "series")}
			s.Values = rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1e15, 1e15), rapid.Float64Range(-10, 10), rapid.Just(0.0)), n, n).Draw(t, "values")
			c.Series = append(c.Series, s)
		}
		svg, err := chart.SVG(c, crm.Chinese)
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v in %s", err, svg)
			}
			if el, ok := tok.(xml.StartElement); ok && el.Name.Local == "script" {
				t.Fatal("text became an element")
			}
		}
		for _, m := range attribute.FindAllStringSubmatch(svg, -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil || math.IsNaN(v) || v < -60 || v > 3000 {
				t.Fatalf("coordinate %q in %s", m[1], svg)
			}
		}
		if n <= 4 && rapid.IntRange(0, 3).Draw(t, "picture") == 0 { // pictures are slow to make
			if _, err := chart.PNG(c, crm.English, nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}
