package activity

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// amountFound is an amount in the line with the words that mark it. rank tells
// how surely it is what the deal is worth. The zero value is none.
type amountFound struct {
	span
	value crm.Money
	rank  int
}

var (
	amountWords = `(意向金额|意向|预算|预计成交额?|预计金额|预计|合同金额|合同额|成交金额|成交额|成交|金额|采购额|单子|签约额|budget|worth)(?:大概|大约|约|差不多|能到|在|为|是|有|近)?:? ?(?:大概|大约|约)?`
	amountMark  = regexp.MustCompile(amountWords)
	amountFirst = regexp.MustCompile(`^` + amountWords)
	moneyUnit   = regexp.MustCompile(`[万亿萬億元块圆千百kKwW¥,]|RMB|rmb|CNY|cny`)
	rangeBehind = regexp.MustCompile(`^ ?(?:-|~|—|–|到|至) ?[0-9一二三四五六七八九十两]`)
)

// markRanks: what the customer means to spend counts before what was quoted.
var markRanks = map[string]int{"意向金额": 4, "意向": 4, "预算": 3, "budget": 3}

// amountAt reads a marked amount, or one with a unit, at pos. A range is none.
func amountAt(s string, pos int) amountFound {
	rest := s[pos:]
	rank, n := 1, 0
	if m := amountFirst.FindStringSubmatchIndex(rest); m != nil {
		rank, n = 2, m[1]
		if r := markRanks[rest[m[2]:m[3]]]; r > 0 {
			rank = r
		}
	}
	value, size := crm.ScanMoney(rest[n:])
	if size == 0 || value <= 0 || rangeBehind.MatchString(rest[n+size:]) {
		return amountFound{}
	}
	word := rest[n : n+size]
	marked := n > 0
	if !moneyUnit.MatchString(word) && !(marked && value >= crm.Yuan(1000)) {
		return amountFound{} // 意向80: 80 what?
	}
	if !marked && strings.HasSuffix(word, "百") || strings.HasSuffix(word, "m") && !marked {
		return amountFound{}
	}
	return amountFound{span{pos, pos + n + size}, value, rank}
}

// findAmount chooses the amount of the deal: the marked one that ranks highest,
// else an amount with a unit that stands by itself.
func (p *logParser) findAmount() {
	better := func(a amountFound) {
		if a.end > 0 && a.rank > p.amount.rank && !p.isTaken(a.start, a.end) {
			p.amount = a
		}
	}
	for _, m := range amountMark.FindAllStringSubmatchIndex(p.s, 64) {
		a := amountAt(p.s, m[0])
		better(a)
		if a.end == 0 && !p.isTaken(m[0], m[1]) && m[1] < len(p.s) && isDigit(p.s[m[1]]) && p.dateAt(m[1]) == nil {
			p.limit(0.94)
			p.warn("「"+cut(p.s[m[0]:p.partEnd(m[0])])+"」看不出确切金额，请写成 意向80万", "no exact amount in \""+cut(p.s[m[0]:p.partEnd(m[0])])+"\"; write it like budget 800k")
		}
	}
	for pos := p.skip(p.pos); pos < len(p.s); pos = p.skip(p.partEnd(pos)) {
		if a := amountAt(p.s, pos); a.rank == 1 && p.endsPart(a.end) && !quotedBefore.MatchString(p.s[max(0, pos-24):pos]) {
			better(a)
		}
	}
	if p.amount.end > 0 {
		value := p.amount.value
		p.log.Amount = &value
	}
}

// endsPart tells whether a part ends here, or another readable thing begins.
func (p *logParser) endsPart(pos int) bool {
	if pos >= len(p.s) || separator(p.s, pos) > 0 || p.dateAt(pos) != nil {
		return true
	}
	if _, n := readDuration(p.s[pos:]); n > 0 {
		return true
	}
	return resultOf(p.s[pos:p.partEnd(pos)]) != ""
}

var resultWords = regexp.MustCompile(`有进展|持平|遇阻|未见到`)

var resultsByWord = map[string]Result{
	"有进展": ResultProgress, "持平": ResultFlat, "遇阻": ResultBlocked, "未见到": ResultNotMet,
	"progress": ResultProgress, "no change": ResultFlat, "blocked": ResultBlocked, "not met": ResultNotMet,
}

// resultOf is the result that a part names by itself.
func resultOf(word string) Result { return resultsByWord[strings.ToLower(word)] }

// findResult takes a result only when its word stands in the line, and no other
// does (V-01). 没有进展 is none.
func (p *logParser) findResult() {
	found := func(r Result, start, end int) bool {
		if p.log.Result != "" && p.log.Result != r {
			p.log.Result, p.result = "", span{}
			p.limit(0.94)
			p.warn("有两种结果，请选一个", "two results are named; choose one")
			return false
		}
		if p.log.Result == "" {
			p.log.Result, p.result = r, span{start, end}
		}
		return true
	}
	for _, m := range resultWords.FindAllStringIndex(p.s, 16) {
		before, _ := utf8.DecodeLastRuneInString(p.s[:m[0]])
		if p.isTaken(m[0], m[1]) || strings.ContainsRune("没无未不毫", before) {
			continue
		}
		if !found(resultsByWord[p.s[m[0]:m[1]]], m[0], m[1]) {
			return
		}
	}
	for pos := p.skip(p.pos); pos < len(p.s); pos = p.skip(p.partEnd(pos)) {
		end := p.partEnd(pos)
		if p.s[pos] < utf8.RuneSelf {
			if r := resultOf(p.s[pos:end]); r != "" && !found(r, pos, end) {
				return
			}
		}
	}
}

var (
	verbBehind = regexp.MustCompile(`^ ?(?:左右|前|之前)?(?:给[他她它]?|向|跟|和|与)?(?:客户|对方)? ?(?:再|约|见|联系|回访|拜访|跟进|沟通|去|来|打|电话|发|给|送|提交|签|回复|确认|开会|演示|汇报|碰|聊|谈|安排|上门|出|报价|看|付|回款|交|带|问|复盘|准备|处理|催|对接|取|寄|装|培训|验收|试|过去|答复|(?i:follow|call|meet|visit|send|again|demo)\b)`)
	// doneBehind is a verb in the past: 周三见了王总 is no next step.
	doneBehind   = regexp.MustCompile(`^ ?\p{Han}{0,3}[见聊谈去来签发给送打看付交通访认示报会复门出过带]了`)
	againFirst   = regexp.MustCompile(`^ ?(?:再|继续|(?i:again)\b)`)
	leadBefore   = regexp.MustCompile(`^(?:约好|约在|约|预约|改约|改到|改|定在|定|推迟|安排|下次)(?:到|在|了|好|于)?:? ?$`)
	quotedBefore = regexp.MustCompile(`(?:报价|报|单价|成本|运费|(?i:quoted?|price|cost))(?:为|是)?:? ?$`)
	verbBefore   = regexp.MustCompile(`(?:约|定|改|推迟|安排|预约|约好|约了|约在|定在|改到|改约|下次|再约|next|again|on) ?(?:到|在|了|好|是|于)?:? ?$`)
)

// maxNextRunes is how much of a part behind the date is the next step's text.
const maxNextRunes = 24

// findNext chooses the date of the next step among the dates of the line: one
// that an appointment word goes with, else one that is a part by itself.
func (p *logParser) findNext() {
	best := 0
	for i := range p.dates {
		d := &p.dates[i]
		if p.isTaken(d.Start, d.End) {
			continue
		}
		if d.Err != nil {
			p.limit(0.75)
			p.warnError(d.Err)
			continue
		}
		rank := p.rankNext(d)
		if rank > best {
			best, p.next = rank, d
		}
	}
	if p.next == nil {
		return
	}
	w := p.next.When
	p.log.Next = &w
	if !p.cal.IsWorkday(w.Day) {
		p.limit(0.94)
		p.warn("下次时间 "+w.Format(crm.Chinese)+" 不是工作日："+p.cal.Note(w.Day, crm.Chinese), "the next date "+w.Format(crm.English)+" is no working day: "+p.cal.Note(w.Day, crm.English))
	} else if !p.cal.Known(w.Day.Year()) {
		p.warn(p.cal.Note(w.Day, crm.Chinese), p.cal.Note(w.Day, crm.English))
	}
	p.readNextText()
}

// rankNext is 0 for a date that is no next step.
func (p *logParser) rankNext(d *calendar.Found) int {
	behind := p.s[d.End:p.partEnd(d.End)]
	again := againFirst.MatchString(behind) || behind == "" && againFirst.MatchString(p.s[p.skip(d.End):])
	future := d.Day > p.today || d.Day == p.today && (again || d.HasTime && !d.At(p.cal).Before(p.now))
	if !future {
		if again {
			p.limit(0.75)
			p.warnError(p.cal.CheckFuture(d.When, p.now))
			p.refused = append(p.refused, d.Start)
		}
		return 0
	}
	if doneBehind.MatchString(behind) && !again {
		return 0
	}
	verb := again || verbBehind.MatchString(behind) || verbBefore.MatchString(p.s[max(0, d.Start-48):d.Start])
	if d.TimeOnly && !verb && d.Day > p.today {
		return 0 // a time of today that has passed: when it was
	}
	switch front := p.startsPart(d.Start); {
	case verb:
		return 3
	case front && behind == "":
		return 2
	case front:
		return 1
	}
	return 0
}

// readNextText is what is to be done then: the words behind the date in its
// part, or the next part when that is nothing but a step: 再约, 复盘.
func (p *logParser) readNextText() {
	end := p.partEnd(p.next.End)
	behind := strings.TrimSpace(p.s[p.next.End:end])
	if behind == "" {
		start := p.skip(end)
		if next := p.s[start:p.partEnd(start)]; isStep(next) {
			end, behind = start+len(next), next
		}
	}
	p.nextStart, p.nextEnd = p.next.Start, p.next.End
	lead := ""
	if start := p.partStart(p.next.Start); leadBefore.MatchString(p.s[start:p.next.Start]) {
		p.nextStart, lead = start, strings.TrimSpace(p.s[start:p.next.Start])
	}
	if utf8.RuneCountInString(behind) > maxNextRunes {
		return
	}
	p.log.NextText = lead + behind
	if lead != "" || verbBehind.MatchString(behind) {
		p.nextEnd = end
	}
}

// isStep tells whether a short part is nothing but a next step.
func isStep(s string) bool {
	return againFirst.MatchString(s) ||
		utf8.RuneCountInString(s) <= 8 && verbBehind.MatchString(s) && !strings.ContainsAny(s, "了过") && resultOf(s) == ""
}

// readRest walks over the parts behind customer and contact and takes from the
// begin of each what can be read. What stands in the middle of a sentence was
// read too but stays in the note.
func (p *logParser) readRest() {
	for pos := p.skip(p.pos); pos < len(p.s); pos = p.skip(pos) {
		if end := p.readOne(pos); end > pos {
			p.take(pos, end)
			pos = end
			continue
		}
		end := p.partEnd(pos)
		p.findDurationIn(pos, end)
		pos = end
	}
}

// readOne reads one thing at pos and gives its end; pos when there is none.
func (p *logParser) readOne(pos int) int {
	for _, t := range p.taken { // names that were read before
		if t.start == pos {
			return t.end
		}
	}
	if p.next != nil && pos == p.nextStart {
		if p.endsPart(p.nextEnd) {
			return p.nextEnd
		}
		p.limit(0.9) // the date stays in the note with what it is about
		return pos
	}
	if d := p.dateAt(pos); d != nil {
		switch {
		case d == p.next:
			return pos
		case d.Err == nil && p.log.On == nil && !slices.Contains(p.refused, pos) && (d.Day <= p.today || d.TimeOnly && d.Day > p.today):
			w := d.When
			if w.TimeOnly && w.Day > p.today {
				w.Day = w.Day.AddDays(-1)
			}
			p.setOn(w)
			return d.End
		}
		return pos
	}
	if length, n := readDuration(p.s[pos:]); n > 0 && p.log.Duration == 0 {
		p.log.Duration = length
		return pos + n
	}
	if p.amount.end > 0 && p.amount.start == pos && p.endsPart(p.amount.end) {
		return p.amount.end
	}
	if p.log.Result != "" && p.result.start == pos && p.endsPart(p.result.end) {
		return p.result.end
	}
	return pos
}

// findDurationIn finds 打了30分钟电话 inside a part; the words stay in the note.
func (p *logParser) findDurationIn(start, end int) {
	if p.log.Duration != 0 {
		return
	}
	for i, r := range p.s[start:end] {
		at := start + i
		if i == 0 || !(isDigit(p.s[at]) || crm.IsHanNumeral(r) || r == '半') {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(p.s[:at])
		if before < utf8.RuneSelf && (isWordByte(byte(before)) || before == '.') || crm.IsHanNumeral(before) || strings.ContainsRune("每前后半迟晚早提", before) {
			continue
		}
		if length, n := readDuration(p.s[at:]); n > 0 && !p.isTaken(at, at+n) && p.dateAt(at) == nil {
			p.log.Duration = length
			return
		}
	}
}
