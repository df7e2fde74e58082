package activity

import (
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// span is a part of the line in bytes, end excluded.
type span struct{ start, end int }

// logParser reads one line. It marks the parts that became fields; what is left
// is the note, so nothing can get lost in between.
type logParser struct {
	s     string // normalised
	pos   int    // what comes before is read
	now   time.Time
	today crm.Day
	cal   *calendar.Calendar
	dir   Directory
	dates []calendar.Found
	taken []span

	amount amountFound
	result span // of the result word
	next   *calendar.Found
	// the next step's words, from the one that leads to its date (约了周五) to the
	// end of its text
	nextStart, nextEnd int
	refused            []int // where dates stand that cannot be meant

	log     QuickLog
	ceiling float64
}

func newLogParser(text string, now time.Time, cal *calendar.Calendar, dir Directory) *logParser {
	s := crm.Normalize(text)
	return &logParser{s: s, now: now, today: cal.DayOf(now), cal: cal, dir: dir, ceiling: 1}
}

// take marks a part as read into a field.
func (p *logParser) take(start, end int) {
	if end > start {
		p.taken = append(p.taken, span{start, end})
	}
}

// isTaken tells whether any of the part is read already.
func (p *logParser) isTaken(start, end int) bool {
	for _, t := range p.taken {
		if start < t.end && t.start < end {
			return true
		}
	}
	return false
}

// readOpening reads the date and the keyword that open the line.
func (p *logParser) readOpening() bool {
	p.pos = len(slash.FindString(p.s))
	for _, filler := range []string{"刚才", "刚刚", "刚"} {
		if strings.HasPrefix(p.s[p.pos:], filler) {
			p.pos += len(filler)
			break
		}
	}
	kind, n := readKeyword(p.s[p.pos:])
	if n == 0 {
		w, err := calendar.ParseWhen(p.s[p.pos:], p.now, p.cal)
		if err != nil {
			return false
		}
		p.pos = len(p.s) - len(w.Rest)
		if kind, n = readKeyword(w.Rest); n == 0 {
			return false
		}
		p.setOn(w)
	}
	p.log.Kind = kind
	p.pos += n
	p.take(0, p.pos)
	p.findDates()
	return true
}

// findDates finds the dates of the line. "1.5 hours" is none.
func (p *logParser) findDates() {
	for _, d := range calendar.FindAllWhen(p.s, p.now, p.cal) {
		if _, n := readDuration(p.s[d.Start:]); n <= d.End-d.Start {
			p.dates = append(p.dates, d)
		}
	}
}

// setOn is when it happened. Something that is still to come is no log.
func (p *logParser) setOn(w calendar.When) {
	w.Rest = ""
	p.log.On = &w
	if w.Day > p.today {
		p.limit(0.75)
		p.warn(w.Format(crm.Chinese)+" 还没有到，如果是计划请用 /计划", w.Format(crm.English)+" is still to come; use /plan for a plan")
	}
}

// dateAt is the date phrase that begins exactly here and is not read yet.
func (p *logParser) dateAt(pos int) *calendar.Found {
	for i := range p.dates {
		if d := &p.dates[i]; d.Start == pos && !p.isTaken(d.Start, d.End) {
			return d
		}
	}
	return nil
}

// skip moves on over spaces and the punctuation between parts.
func (p *logParser) skip(pos int) int {
	for pos < len(p.s) {
		if n := separator(p.s, pos); n > 0 {
			pos += n
			continue
		}
		return pos
	}
	return pos
}

// partEnd is the end of the part that pos lies in: up to the next separator.
func (p *logParser) partEnd(pos int) int {
	for pos < len(p.s) && separator(p.s, pos) == 0 {
		_, n := utf8.DecodeRuneInString(p.s[pos:])
		pos += n
	}
	return pos
}

// partStart is the begin of the part that pos lies in, or the end of what was
// read before it.
func (p *logParser) partStart(pos int) int {
	for pos > 0 && !p.startsPart(pos) {
		_, n := utf8.DecodeLastRuneInString(p.s[:pos])
		pos -= n
	}
	return pos
}

// separator is the length of the space or punctuation at pos that divides parts;
// 0 when there is none. A comma between digits is part of a number.
func separator(s string, pos int) int {
	r, n := utf8.DecodeRuneInString(s[pos:])
	if unicode.IsSpace(r) || strings.ContainsRune("，。;、!?|", r) {
		return n
	}
	if r != ',' {
		return 0
	}
	if pos > 0 && isDigit(s[pos-1]) && pos+1 < len(s) && isDigit(s[pos+1]) {
		return 0
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// note is the line without the parts that were read, tidied at the seams.
func (p *logParser) note() string {
	sort.Slice(p.taken, func(i, j int) bool { return p.taken[i].start < p.taken[j].start })
	var pieces []string
	from := 0
	for _, t := range append(p.taken, span{len(p.s), len(p.s)}) {
		if t.start > from {
			if piece := tidy(p.s[from:t.start]); piece != "" {
				pieces = append(pieces, piece)
			}
		}
		from = max(from, t.end)
	}
	return strings.Join(pieces, " ")
}

// tidy drops the separators that are left over where a neighbour was read.
func tidy(s string) string {
	for s != "" && separator(s, 0) > 0 {
		s = s[separator(s, 0):]
	}
	return strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("，、,;|", r) })
}

// cut shows what somebody typed inside a message, at a readable length.
func cut(s string) string {
	const limit = 24
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
