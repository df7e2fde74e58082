package importer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
)

// File is a file for the chat.
type File struct {
	Name string
	Data []byte
}

// marked writes the imported file again with three columns more: result, reason
// and code. What the cells hold is text: none of it is taken for a formula by
// the program that opens it.
type marked struct {
	job  Job
	lang crm.Lang
	csv  *bytes.Buffer
	book *excelize.File
	flow *excelize.StreamWriter
	no   int
}

func newMarked(j Job, l crm.Lang) (*marked, error) {
	m := &marked{job: j, lang: l}
	head := append(append([]string{}, j.Header...), l.T("导入结果", "result"), l.T("原因", "reason"), l.T("编号", "code"))
	if strings.HasPrefix(j.Format, "Excel") {
		m.book = excelize.NewFile()
		var err error
		if m.flow, err = m.book.NewStreamWriter("Sheet1"); err != nil {
			return nil, fmt.Errorf("make result file: %w", err)
		}
		return m, m.write(head)
	}
	m.csv = bytes.NewBufferString("\ufeff") // Excel reads UTF-8 only with the mark
	return m, m.write(head)
}

func (m *marked) row(r row, res bulk.Result) error {
	cells := make([]string, 0, len(m.job.Header)+3)
	cells = append(cells, r.cells...)
	for len(cells) < len(m.job.Header) {
		cells = append(cells, "")
	}
	code := res.Ref.String()
	if res.Ref.Kind == "" {
		code = ""
	}
	return m.write(append(cells[:len(m.job.Header):len(m.job.Header)], OutcomeName(res.Outcome, m.lang), res.Reason.In(m.lang), code))
}

// OutcomeName is the word for an outcome.
func OutcomeName(o bulk.Outcome, l crm.Lang) string {
	switch o {
	case bulk.New:
		return l.T("新增", "new")
	case bulk.Update:
		return l.T("更新", "update")
	case bulk.Same:
		return l.T("重复", "duplicate")
	}
	return l.T("有误", "bad")
}

func (m *marked) write(cells []string) error {
	m.no++
	if m.flow != nil {
		values := make([]any, len(cells))
		for i, c := range cells {
			values[i] = excelize.Cell{Value: cutRunes(c, 32000)} // a string is written as text, never as a formula
		}
		if err := m.flow.SetRow(fmt.Sprintf("A%d", m.no), values); err != nil {
			return fmt.Errorf("write result file: %w", err)
		}
		return nil
	}
	for i, c := range cells {
		if i > 0 {
			m.csv.WriteByte(',')
		}
		m.csv.WriteString(csvCell(c))
	}
	m.csv.WriteString("\r\n")
	return nil
}

// csvCell quotes a value and keeps it from being read as a formula.
func csvCell(s string) string {
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \n\u3000\u00a0")); s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", first) {
		s = "'" + s
	}
	if strings.ContainsAny(s, ",;\"\r\n\t") || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func (m *marked) finish(suffix string) (File, error) {
	base := strings.TrimSuffix(m.job.File, filepath.Ext(m.job.File))
	if m.flow == nil {
		return File{Name: base + "-" + suffix + ".csv", Data: m.csv.Bytes()}, nil
	}
	if err := m.flow.Flush(); err != nil {
		return File{}, fmt.Errorf("write result file: %w", err)
	}
	var b bytes.Buffer
	if err := m.book.Write(&b); err != nil {
		return File{}, fmt.Errorf("write result file: %w", err)
	}
	return File{Name: base + "-" + suffix + ".xlsx", Data: b.Bytes()}, m.book.Close()
}
