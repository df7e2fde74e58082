package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"crmbot/internal/crm"
	"crmbot/internal/importer"
)

// read reads everything: header, rows with their line, bad ones as "line!reason".
func read(t testing.TB, name string, data []byte) (head []string, rows []string, format string) {
	t.Helper()
	src, err := importer.Open(name, bytes.NewReader(data))
	must(t, err)
	defer func() { must(t, src.Close()) }()
	for {
		r, err := src.Next()
		if errors.Is(err, io.EOF) {
			return src.Header(), rows, src.Format()
		}
		must(t, err)
		if r.Bad.Zh != "" {
			rows = append(rows, fmt.Sprintf("%d!%s", r.Line, r.Bad.Zh))
			continue
		}
		rows = append(rows, fmt.Sprintf("%d:%s", r.Line, strings.Join(r.Cells, "|")))
	}
}

func TestReadCSV_CH05(t *testing.T) {
	for _, c := range []struct {
		name, in string
		head     string
		rows     []string
	}{
		{"plain", "公司,电话\n甲,1\n乙,2\n", "公司|电话", []string{"2:甲|1", "3:乙|2"}},
		{"byte order mark", "\ufeff公司,电话\n甲,1", "公司|电话", []string{"2:甲|1"}},
		{"semicolons", "a;b\n1,5;2\n", "a|b", []string{"2:1,5|2"}},
		{"tabs", "a\tb\r\n1\t2\r\n", "a|b", []string{"2:1|2"}},
		{"old Mac line ends", "a,b\r1,2\r3,4", "a|b", []string{"2:1|2", "3:3|4"}},
		{"Excel's hint", "sep=;\na;b\n1;2\n", "a|b", []string{"3:1|2"}},
		{"quotes", "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",2\nz,3\n", "a|b", []string{"2:x,y|say \"hi\"", "3:two\nlines|2", "5:z|3"}},
		{"quote inside a value", "a,b\n5\" screen,1\n", "a|b", []string{"2:5\" screen|1"}},
		{"quote that never closes", "a,b\n\"broken,1\nok,2\nfine,3\n", "a|b", []string{"2!引号没有结束", "3:ok|2", "4:fine|3"}},
		{"text after a quote", "a,b\n\"x\"y,1\nok,2\n", "a|b", []string{"2!引号位置不对", "3:ok|2"}},
		{"too few and too many", "a,b,c\n1\n1,2,3,4\n1,2,3,,\n", "a|b|c", []string{"2:1||", "3!有 4 列，表头只有 3 列", "4:1|2|3"}},
		{"blank lines", "a,b\n\n , \n1,2\n\n", "a|b", []string{"4:1|2"}},
		{"title above the header", "2026 年客户表\n\n公司,电话\n甲,1\n", "公司|电话", []string{"4:甲|1"}},
		{"one column", "手机\n13800000000\n", "手机", []string{"2:13800000000"}},
		{"repeated and empty headers", "电话,电话,,电话\n1,2,3,4\n", "电话|电话 (2)|#3|电话 (3)", []string{"2:1|2|3|4"}},
		{"emoji and SQL", "a,b\n🚀,'; DROP TABLE x;--\n", "a|b", []string{"2:🚀|'; DROP TABLE x;--"}},
		{"header only", "a,b\n", "a|b", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			head, rows, _ := read(t, "x.csv", []byte(c.in))
			if got := strings.Join(head, "|"); got != c.head {
				t.Errorf("header %q, want %q", got, c.head)
			}
			if d := cmp.Diff(c.rows, rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
		})
	}
}

// TestBrokenQuoteLosesOneLine shows that a quote that is never closed costs its
// own line, however long the file.
func TestBrokenQuoteLosesOneLine(t *testing.T) {
	var b strings.Builder
	b.WriteString("公司,电话\n\"坏,1\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "公司%d,%d\n", i, i)
	}
	_, rows, _ := read(t, "x.csv", []byte(b.String()))
	if len(rows) != 3001 || rows[0] != "2!引号没有结束" || rows[3000] != "3002:公司2999|2999" {
		t.Errorf("%d rows, first %q, last %q", len(rows), rows[0], rows[len(rows)-1])
	}
}

func TestReadEncodings_CH05(t *testing.T) {
	const text = "公司,联系人\n重庆啤酒,王䶮\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	must(t, err)
	u16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	must(t, err)
	// A character that falls on the border of two reads must not look like another
	// encoding.
	long := "公司,联系人\n" + strings.Repeat("a", 1<<16-19) + "重,王\n"
	for name, c := range map[string]struct{ in, format, row string }{
		"UTF-8":       {text, "CSV · UTF-8 · ,", "2:重庆啤酒|王䶮"},
		"GB18030":     {gb, "CSV · GB18030 · ,", "2:重庆啤酒|王䶮"},
		"UTF-16":      {u16, "CSV · UTF-16 · ,", "2:重庆啤酒|王䶮"},
		"long lines":  {long, "CSV · UTF-8 · ,", "2:" + strings.Repeat("a", 1<<16-19) + "重|王"},
		"ASCII only":  {"a,b\n1,2\n", "CSV · UTF-8 · ,", "2:1|2"},
		"cut in half": {text[:len(text)-2], "CSV · GB18030 · ,", "2!有无法识别的字符（编码不对）"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "cut in half" {
				// The end of the file is missing: what is left is no valid UTF-8, and read
				// as GB18030 it must not come in as nonsense unnoticed.
				src, err := importer.Open("x.csv", strings.NewReader(c.in))
				if err != nil {
					return // a header that cannot be read is as good
				}
				if h := strings.Join(src.Header(), "|"); h == "公司|联系人" {
					t.Errorf("header %q from damaged text", h)
				}
				return
			}
			_, rows, format := read(t, "x.csv", []byte(c.in))
			if format != c.format || len(rows) != 1 || rows[0] != c.row {
				t.Errorf("%q, %.60q", format, rows)
			}
		})
	}
}

func TestReadRefuses_CH05(t *testing.T) {
	for name, in := range map[string]string{
		"empty": "", "blank": "\n\n \n", "PDF": "%PDF-1.7\n1 0 obj", "PNG": "\x89PNG\r\n\x1a\n0000", "old Excel": "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1xxxx",
		"binary": "a,b\n\x00\x01\x02", "no zip inside": "PK\x03\x04 this is no workbook", "endless line": "a,b\n" + strings.Repeat("x", 1<<20+1) + "\n",
		"too wide": strings.Repeat("a,", 300) + "z\n1\n",
	} {
		t.Run(name, func(t *testing.T) {
			src, err := importer.Open("x.csv", strings.NewReader(in))
			for err == nil {
				_, err = src.Next()
			}
			if crm.CodeOf(err) != crm.CodeInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReadXLSX_CH05(t *testing.T) {
	f := excelize.NewFile()
	for cell, v := range map[string]any{"A1": "客户表", "A3": "公司", "B3": "手机", "C3": "日期", "A4": "甲公司", "B4": 13800001111, "C4": 46083, "A6": "=1+1", "B6": "x"} {
		must(t, f.SetCellValue("Sheet1", cell, v))
	}
	var b bytes.Buffer
	must(t, f.Write(&b))
	head, rows, format := read(t, "x.xlsx", b.Bytes())
	if d := cmp.Diff([]string{"公司", "手机", "日期"}, head); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"4:甲公司|13800001111|46083", "6:=1+1|x|"}, rows); d != "" || format != "Excel · Sheet1" {
		t.Errorf("%s %s", format, d)
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2", "\"a\"\",b\n\"", "sep=;\n;;\n", "\xff\xfea\x00", "公司,电话\r\n\"甲\n乙\",1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
			return // workbooks are read by a library of its own
		}
		src, err := importer.Open("x.csv", bytes.NewReader(data))
		if err != nil {
			return
		}
		last := 0
		for {
			r, err := src.Next()
			if err != nil {
				return
			}
			if len(r.Cells) != len(src.Header()) {
				t.Fatalf("line %d has %d cells, the header %d", r.Line, len(r.Cells), len(src.Header()))
			}
			if r.Line <= last {
				t.Fatalf("line %d after %d", r.Line, last)
			}
			last = r.Line
		}
	})
}
