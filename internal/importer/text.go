package importer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
)

const (
	maxLine = 1 << 20 // bytes of one line; more is no table
	// A quoted value may span this many lines. A quote that is not closed by then
	// is a typing mistake: only its own line is lost, not the rest of the file.
	maxQuoted = 50
)

// textSource reads delimited text line by line and survives broken rows.
type textSource struct {
	lines  *lineReader
	delim  byte
	header []string
	format string
	pushed []line
}

type line struct {
	no   int
	text string
}

func openText(r io.ReadSeeker) (Source, error) {
	cs, err := sniffCharset(r)
	if err != nil {
		return nil, err
	}
	decoded, err := cs.reader(r)
	if err != nil {
		return nil, err
	}
	s := &textSource{lines: &lineReader{r: bufio.NewReaderSize(decoded, 1<<16)}}
	// The header is the first of the first lines with more than one column; title
	// lines above it are skipped. A file of one column has its first line.
	var first []line
	for len(first) < 6 {
		l, err := s.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if d, ok := strings.CutPrefix(strings.ToLower(l.text), "sep="); ok && len(d) == 1 && len(first) == 0 {
			s.delim = d[0] // written by Excel
			continue
		}
		if strings.TrimSpace(l.text) == "" && len(first) == 0 {
			continue
		}
		first = append(first, l)
	}
	if len(first) == 0 {
		return nil, crm.Invalid("文件里没有内容", "there is nothing in the file")
	}
	at := 0
	for i, l := range first {
		d := s.delim
		if d == 0 {
			d = delimiterOf(l.text)
		}
		if cells, _, _ := splitLine(l.text, d); headerRow(cells) {
			at, s.delim = i, d
			break
		}
	}
	if s.delim == 0 {
		s.delim = ','
	}
	s.pushed = first[at:]
	rec, err := s.record()
	if err != nil {
		return nil, err
	}
	if rec.Bad != (crm.Text{}) {
		return nil, crm.Invalid("表头无法读取："+rec.Bad.Zh, "the header cannot be read: "+rec.Bad.En)
	}
	if s.header, err = header(rec.Cells); err != nil {
		return nil, err
	}
	name := map[byte]string{',': ",", ';': ";", '\t': "Tab", '|': "|"}[s.delim]
	s.format = "CSV · " + cs.name + " · " + name
	return s, nil
}

// delimiterOf is the separator that occurs most often outside quotes.
func delimiterOf(text string) byte {
	best, most := byte(0), 0
	for _, d := range []byte{',', ';', '\t', '|'} {
		n, quoted := 0, false
		for i := range len(text) {
			switch {
			case text[i] == '"':
				quoted = !quoted
			case text[i] == d && !quoted:
				n++
			}
		}
		if n > most {
			best, most = d, n
		}
	}
	return best
}

func (s *textSource) Header() []string { return s.header }
func (s *textSource) Format() string   { return s.format }
func (s *textSource) Close() error     { return nil }

func (s *textSource) Next() (Record, error) {
	for {
		r, err := s.record()
		if err != nil {
			return Record{}, err
		}
		if r.Bad == (crm.Text{}) && emptyRow(r.Cells) {
			continue
		}
		return fit(r, len(s.header)), nil
	}
}

func (s *textSource) line() (line, error) {
	if len(s.pushed) > 0 {
		l := s.pushed[0]
		s.pushed = s.pushed[1:]
		return l, nil
	}
	return s.lines.next()
}

// record reads one row, over several lines when a quoted value has line ends.
func (s *textSource) record() (Record, error) {
	l, err := s.line()
	if err != nil {
		return Record{}, err
	}
	rec := Record{Line: l.no}
	var more []line
	text := l.text
	for {
		cells, open, broken := splitLine(text, s.delim)
		if !open {
			rec.Cells = cells
			switch {
			case broken && len(more) > 0:
				// Nonsense over several lines: the quote on the first one is the
				// mistake, the others are rows of their own.
				rec.Cells, rec.Bad = rawCells(l.text, s.delim), quoteBroken
				s.pushed = append(more, s.pushed...)
			case broken:
				rec.Bad = quoteBroken
			case strings.ContainsRune(text, utf8.RuneError) || !utf8.ValidString(text):
				rec.Bad = crm.Text{Zh: "有无法识别的字符（编码不对）", En: "has characters that cannot be read (wrong encoding)"}
			}
			return rec, nil
		}
		next, err := s.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return Record{}, err
		}
		if err != nil || len(more) == maxQuoted || len(text)+len(next.text) > maxLine {
			if err == nil {
				more = append(more, next)
			}
			rec.Cells, rec.Bad = rawCells(l.text, s.delim), quoteOpen
			s.pushed = append(more, s.pushed...)
			return rec, nil
		}
		more = append(more, next)
		text += "\n" + next.text
	}
}

var (
	quoteOpen   = crm.Text{Zh: "引号没有结束", En: "a quote is not closed"}
	quoteBroken = crm.Text{Zh: "引号位置不对", En: "a quote is in the wrong place"}
)

func rawCells(text string, delim byte) []string { return strings.Split(text, string(delim)) }

// splitLine splits a row as RFC 4180 has it. Open: a quoted value does not end.
// Broken: a quoted value is followed by something else than a separator. A
// quote inside an unquoted value is taken as written: 5" screen.
func splitLine(text string, delim byte) (cells []string, open, broken bool) {
	if delim == 0 {
		return []string{text}, false, false
	}
	i := 0
	for {
		if i < len(text) && text[i] == '"' {
			var b strings.Builder
			i++
			for {
				j := strings.IndexByte(text[i:], '"')
				if j < 0 {
					return append(cells, b.String()+text[i:]), true, broken
				}
				b.WriteString(text[i : i+j])
				i += j + 1
				if i < len(text) && text[i] == '"' {
					b.WriteByte('"')
					i++
					continue
				}
				break
			}
			end := strings.IndexByte(text[i:], delim)
			tail := text[i:]
			if end >= 0 {
				tail = text[i : i+end]
			}
			if strings.TrimSpace(tail) != "" {
				broken = true
				b.WriteString(tail)
			}
			cells = append(cells, b.String())
			if end < 0 {
				return cells, false, broken
			}
			i += end + 1
			continue
		}
		end := strings.IndexByte(text[i:], delim)
		if end < 0 {
			return append(cells, text[i:]), false, broken
		}
		cells = append(cells, text[i:i+end])
		i += end + 1
	}
}

// lineReader cuts a stream into lines ended by \n, \r\n or \r.
type lineReader struct {
	r  *bufio.Reader
	no int
}

func (l *lineReader) next() (line, error) {
	var b strings.Builder
	for {
		c, err := l.r.ReadByte()
		if err == io.EOF && b.Len() > 0 {
			break
		}
		if err == io.EOF {
			return line{}, io.EOF
		}
		if err != nil {
			return line{}, fmt.Errorf("read file: %w", err)
		}
		if c == '\r' {
			if nextByte, err := l.r.Peek(1); err == nil && nextByte[0] == '\n' {
				if _, err := l.r.Discard(1); err != nil {
					return line{}, fmt.Errorf("read file: %w", err)
				}
			}
			break
		}
		if c == '\n' {
			break
		}
		b.WriteByte(c)
		if b.Len() > maxLine {
			return line{}, crm.Invalid(fmt.Sprintf("第 %d 行太长（超过 1 MB），不是表格文件", l.no+1), fmt.Sprintf("line %d is too long (more than 1 MB): this is no table", l.no+1))
		}
	}
	l.no++
	return line{l.no, b.String()}, nil
}
