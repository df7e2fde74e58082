package crm

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"／认领　Ｌ－１２":         "/认领 L-12",
		"客户：华星，王总":         "客户:华星，王总",
		"  a\tb \n":        "a b",
		"a\r\nb\rc":        "a\nb\nc",
		"a\u200bb\ufeffc":  "abc",
		"\u202ea\x00\x07b": "ab",
		"￥８０万":             "¥80万",
		"👨\u200d👩 ok":      "👨\u200d👩 ok",
		"a\u200db":         "ab",
		"a\u00a0b":         "a b",
		"x\xffy":           "x\ufffdy",
		"1－2\u22123":       "1-2-3",
		"":                 "",
	} {
		if got := Normalize(in); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNormalizeIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := Normalize(rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("　／Ａ，：\u200d\u200b\ufeff👨\r\n\t a1")))).Draw(t, "s"))
		if !utf8.ValidString(once) || Normalize(once) != once {
			t.Fatalf("%q became %q", once, Normalize(once))
		}
	})
}
