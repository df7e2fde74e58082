package pinyin

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeys(t *testing.T) {
	for name, want := range map[string][]string{
		"华星科技":    {"hxkj", "huaxingkeji"},
		"重庆银行":    {"cqyh", "zqyh", "cqyx", "zhongqingyinhang", "chongqingyinxing"},
		"单雄信":     {"dxx", "sxx", "shanxiongxin"},
		"曾国藩":     {"zgf", "cgf", "zengguofan"},
		"长沙ABC有限": {"csabcyx", "zsabcyx", "changshaabcyouxian"},
		"3M中国":    {"3mzg", "3mzhongguo"},
		"Acme":    {"acme"},
		"ＡＢ华":     {"abh"},
		"绿地":      {"ld", "lvdi"},
	} {
		got := Keys(name)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("Keys(%q) = %q misses %q", name, got, w)
			}
		}
	}
	for _, name := range []string{"", "😀!?", "   "} {
		if got := Keys(name); len(got) != 0 {
			t.Errorf("Keys(%q) = %q", name, got)
		}
	}
}

func TestMatches(t *testing.T) {
	keys := Keys("华星科技")
	for q, want := range map[string]bool{"hx": true, "HXKJ": true, "hua xing": true, "huaxingk": true, "": false, "xkj": false, "hxkjx": false} {
		if Matches(keys, q) != want {
			t.Errorf("Matches(%q) = %v", q, !want)
		}
	}
	if !IsQuery("hx3") || IsQuery("") || IsQuery("华x") || IsQuery("h-x") {
		t.Error("IsQuery is wrong")
	}
}

func TestKeysAreBounded(t *testing.T) {
	if got := Keys(strings.Repeat("长重行", 3000)); len(got) > 2*maxKeys || len(got) == 0 {
		t.Errorf("%d keys", len(got))
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("长重行单曾华星AB1 -😀")), rapid.Rune())).Draw(t, "name")
		for _, k := range Keys(name) {
			if !IsQuery(k) {
				t.Fatalf("Keys(%q) holds %q", name, k)
			}
		}
	})
}

func TestScore(t *testing.T) {
	for _, c := range []struct {
		query, name string
		min, max    float64
	}{
		{"华星科技", "上海华星科技有限公司", 1, 1}, {"华星", "上海华星科技有限公司", 0.95, 0.95}, {"科技", "上海华星科技有限公司", 0.9, 0.9}, {"上海华星", "上海华星科技有限公司", 0.95, 0.95},
		{"hxkj", "上海华星科技有限公司", 0.85, 0.85}, {"huax", "华星科技", 0.8, 0.8}, {"cq", "重庆银行", 0.8, 0.8},
		{"江南机械", "江南精密机械制造厂", 0.85, 0.85}, {"深圳海川", "深圳市海川电子有限公司", 0.95, 0.95}, {"深圳海川", "海川物流集团有限公司", 0.8, 0.9},
		{"acme", "Acme Trading Co., Ltd.", 0.95, 0.95}, {"trading", "Acme Trading", 0.9, 0.9}, {"华", "华星", 0, 0}, {"星", "星", 1, 1}, {"明月", "华星", 0, 0}, {"", "华星", 0, 0}, {"华星", "", 0, 0}, {"机械江南", "江南精密机械制造厂", 0, 0},
	} {
		if got := Score(c.query, c.name); got < c.min-1e-9 || got > c.max+1e-9 {
			t.Errorf("Score(%q, %q) = %.3f", c.query, c.name, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.StringOf(rapid.SampledFrom([]rune("上海华星科技有限公司AB1 ()"))), rapid.String())
		q, name := word.Draw(t, "q"), word.Draw(t, "name")
		if s := Score(q, name); s < 0 || s > 1 || s > 0 && s < 0.5 {
			t.Fatalf("Score(%q, %q) = %v", q, name, s)
		}
	})
}
