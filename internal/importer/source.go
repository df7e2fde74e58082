// Package importer brings files of people, leads, accounts, products and deals
// into the program: it decodes them, maps their columns, says what would happen,
// does it in batches, and can take it back.
package importer

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"crmbot/internal/crm"
)

// Record is one data row of a file.
type Record struct {
	// Line is the line of a text file on which the row begins, or the row's number
	// in a sheet; the header is usually 1.
	Line  int
	Cells []string
	// Bad says why the row cannot be read; empty: it can.
	Bad crm.Text
}

// Source is an open file. Not safe for concurrent use.
type Source interface {
	// Header are the names of the columns, unique and never empty.
	Header() []string
	// Next is the next row that is not empty, or io.EOF.
	Next() (Record, error)
	// Format describes the file for people: "CSV, GB18030, ;".
	Format() string
	// Close frees what the file holds.
	Close() error
}

// maxColumns bounds how wide a file may be.
const maxColumns = 200

// Open opens a file by what is in it, not by its name: an .xlsx workbook or
// delimited text.
func Open(name string, r io.ReadSeeker) (Source, error) {
	head := make([]byte, 8)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, fmt.Errorf("read file: %w", err)
	}
	head = head[:n]
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	switch {
	case n == 0:
		return nil, crm.Invalid("文件是空的", "the file is empty").WithNext("请发送有表头和数据的 .csv 或 .xlsx", "send a .csv or .xlsx with a header and rows")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return openXLSX(r)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")):
		return nil, crm.Invalid("这是旧版 .xls 或加密的 Excel 文件，无法读取", "this is an old .xls or an encrypted Excel file, which cannot be read").
			WithNext("请在 Excel 中另存为 .xlsx 或 CSV", "save it as .xlsx or CSV in Excel")
	case bytes.HasPrefix(head, []byte("%PDF")), bytes.HasPrefix(head, []byte("\x89PNG")), bytes.HasPrefix(head, []byte("\xFF\xD8\xFF")):
		return nil, notATable()
	}
	return openText(r)
}

func notATable() error {
	return crm.Invalid("这不是表格文件", "this file is no table").WithNext("请发送 .csv 或 .xlsx", "send a .csv or .xlsx")
}

// headerRow reports whether the cells look like a header rather than a title
// line above it.
func headerRow(cells []string) bool {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n >= 2
}

func emptyRow(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// header makes the names of the columns unique and not empty.
func header(cells []string) ([]string, error) {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) > maxColumns {
		return nil, crm.Invalid(fmt.Sprintf("表格有 %d 列，最多 %d 列", len(cells), maxColumns), fmt.Sprintf("the table has %d columns, at most %d are possible", len(cells), maxColumns))
	}
	out := make([]string, len(cells))
	seen := map[string]int{}
	for i, c := range cells {
		name := cutRunes(crm.Normalize(strings.ReplaceAll(c, "\n", " ")), 60)
		if name == "" {
			name = fmt.Sprintf("#%d", i+1)
		}
		seen[name]++
		if k := seen[name]; k > 1 {
			name = fmt.Sprintf("%s (%d)", name, k)
			seen[name]++
		}
		out[i] = name
	}
	return out, nil
}

// fit brings a row to the width of the header. More cells than that, unless
// they are empty, make it unreadable: some separator was inside a value.
func fit(r Record, width int) Record {
	for len(r.Cells) > width && strings.TrimSpace(r.Cells[len(r.Cells)-1]) == "" {
		r.Cells = r.Cells[:len(r.Cells)-1]
	}
	if n := len(r.Cells); n > width {
		r.Cells = r.Cells[:width]
		if r.Bad == (crm.Text{}) {
			r.Bad = crm.Text{Zh: fmt.Sprintf("有 %d 列，表头只有 %d 列", n, width), En: fmt.Sprintf("has %d columns, the header only %d", n, width)}
		}
	}
	for len(r.Cells) < width {
		r.Cells = append(r.Cells, "")
	}
	return r
}

func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
