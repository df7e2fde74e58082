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
