package crm

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMoney_CH02(t *testing.T) {
	for in, want := range map[string]Money{
		"0": 0, "80万": 800_000_00, "1.2亿": 120_000_000_00, "5k": 5_000_00, "5K": 5_000_00, "80w": 800_000_00, "2m": 2_000_000_00,
		"12,000.50": 12_000_50, "12，000.50": 12_000_50, "1,234,567": 1_234_567_00, "800": 800_00, "0.01": 1, "0.1": 10, "007": 7_00,
		"１２，０００．５０": 12_000_50, "８０万": 800_000_00, "￥800": 800_00, "¥ 800": 800_00, "800元": 800_00, "800 元": 800_00, "80万元整": 800_000_00,
		"人民币80万": 800_000_00, "RMB 5,000": 5_000_00, "5000块": 5_000_00, "5kRMB": 5_000_00, "80 万": 800_000_00, "3百万": 3_000_000_00, "3千万": 30_000_000_00,
		"1万2000": 12_000_00, "1亿2000万": 120_000_000_00, "3万5千": 35_000_00, "1.00万": 10_000_00, "12.500": 12_50, "1.234567万": 12_345_67,
		"八十万": 800_000_00, "两百五十": 250_00, "一亿二千万": 120_000_000_00, "三千五": 3_500_00, "十五万元": 150_000_00,
		"10000亿": MaxMoney, " 80万 ": 800_000_00, "000000000000000000000000000001": 1_00,
	} {
		if got, err := ParseMoney(in); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
}

func TestParseMoneyRefuses_CH02(t *testing.T) {
	for _, in := range []string{"", " ", "1e5", "-5", "-80万", "+5", "1.234", "0.001", "1.2345678万", "1,2,3", "12,00", "1,0000", ",5", "1,234,5", "1234,567", "5.", ".5", "1.2.3",
		"80万左右", "80-100万", "万", "元", "¥", "abc", "0x10", "5km", "3万5", "2万3亿", "10001亿", "99999999999999999999", "9223372036854775808万", "1.5万2000", "一千八万亿", "NaN", "Inf",
		"١٢٣", "½", strings.Repeat("9", 10_000), "😀", "5'; DROP TABLE x"} {
		got, err := ParseMoney(in)
		var e *Error
		if !errors.As(err, &e) || got != 0 {
			t.Errorf("ParseMoney(%q) = %d, %v; want a refusal", in, got, err)
			continue
		}
		if e.Message(Chinese) == "" || e.Message(English) == "" || len(e.Message(Chinese)) > 400 {
			t.Errorf("ParseMoney(%.20q): messages %q / %q", in, e.Message(Chinese), e.Message(English))
		}
	}
}

func TestParseMoneyNamesTheFault_CH06(t *testing.T) {
	for in, want := range map[string]string{"-80万": "负数", "1.234": "两位小数", "20000亿": "上限", "1e5": "看不懂"} {
		_, err := ParseMoney(in)
		if err == nil || !strings.Contains(MessageOf(err, Chinese), want) {
			t.Errorf("ParseMoney(%q): %v does not say %q", in, err, want)
		}
	}
}

func TestParseSignedMoney(t *testing.T) {
	for in, want := range map[string]Money{"-80万": -800_000_00, "80万": 800_000_00, "－5": -5_00, "- 5": -5_00, "-0": 0} {
		if got, err := ParseSignedMoney(in); err != nil || got != want {
			t.Errorf("ParseSignedMoney(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	if _, err := ParseSignedMoney("--5"); err == nil {
		t.Error("two signs accepted")
	}
}

func TestMoneyFormat(t *testing.T) {
	for _, c := range []struct {
		m                  Money
		exact, zh, en, dec string
	}{
		{0, "¥0.00", "¥0", "¥0", "0.00"},
		{1, "¥0.01", "¥0.01", "¥0.01", "0.01"},
		{-5_00, "-¥5.00", "-¥5", "-¥5", "-5.00"},
		{8_500_00, "¥8,500.00", "¥8,500", "¥8.5k", "8500.00"},
		{8_500_50, "¥8,500.50", "¥8,500.50", "¥8.5k", "8500.50"},
		{800_000_00, "¥800,000.00", "80万", "¥800k", "800000.00"},
		{12_345_67, "¥12,345.67", "1.23万", "¥12.35k", "12345.67"},
		{120_000_000_00, "¥120,000,000.00", "1.2亿", "¥120M", "120000000.00"},
		{99_999_999_99, "¥99,999,999.99", "1亿", "¥100M", "99999999.99"},
		{999_999_99, "¥999,999.99", "100万", "¥1M", "999999.99"},
		{-800_000_00, "-¥800,000.00", "-80万", "-¥800k", "-800000.00"},
		{math.MinInt64, "-¥92,233,720,368,547,758.08", "-922,337,203.69亿", "-¥92,233,720.37B", "-92233720368547758.08"},
	} {
		if got := [4]string{c.m.Format(Chinese), c.m.Short(Chinese), c.m.Short(English), c.m.Decimal()}; got != [4]string{c.exact, c.zh, c.en, c.dec} {
			t.Errorf("%d: %q", int64(c.m), got)
		}
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.Int64Range(-int64(MaxMoney), int64(MaxMoney)).Draw(t, "m"))
		for _, s := range []string{m.Decimal(), m.String()} {
			if got, err := ParseSignedMoney(s); err != nil || got != m {
				t.Fatalf("%q read back as %d, %v; want %d", s, got, err, m)
			}
		}
	})
}

func TestScanMoneyStopsAtTheEnd(t *testing.T) {
	for in, want := range map[string]string{"80万 下周": "80万", "80万左右": "80万", "5k以内": "5k", "12,000.50元,含税": "12,000.50元", "没有": "", "1.2.3": ""} {
		if _, n := ScanMoney(in); in[:n] != want {
			t.Errorf("ScanMoney(%q) took %q, want %q", in, in[:n], want)
		}
	}
}

func TestParseHanInt(t *testing.T) {
	for in, want := range map[string]int64{"零": 0, "五": 5, "十": 10, "十五": 15, "二十": 20, "二十三": 23, "一百零五": 105, "一百五": 150, "两千零一十": 2010, "三千五百": 3500,
		"一万": 10000, "一万二": 12000, "一万零二十": 10020, "十万": 100000, "一亿二千万": 120000000, "二〇二六": 2026, "一万零十五": 10015} {
		if got, ok := ParseHanInt(in); !ok || got != want {
			t.Errorf("ParseHanInt(%q) = %d, %v; want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "万", "百", "百五", "五五十", "一十百", "零五十", "五十零", "a", "十十", "一千二千", "一万二亿"} {
		if got, ok := ParseHanInt(in); ok {
			t.Errorf("ParseHanInt(%q) = %d, want a refusal", in, got)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"80万", "1.2亿", "1万2000", "￥１２，０００．５０", "八十万", "1e5", "-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMoney(s)
		if err == nil && (m < 0 || m > MaxMoney) {
			t.Fatalf("ParseMoney(%q) = %d", s, m)
		}
		if _, n := ScanMoney(s); n < 0 || n > len(s) {
			t.Fatalf("ScanMoney(%q) took %d bytes", s, n)
		}
	})
}
