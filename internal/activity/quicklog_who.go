package activity

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxNameRunes is the longest part of a word that is looked up as a name.
	maxNameRunes = 16
	// goodSplit is the score from which the begin of a word is taken for a name
	// that the rest was written on to without a space.
	goodSplit = 0.85
)

// sentenceWords show that a part tells something and is no name.
var sentenceWords = regexp.MustCompile(`[了的]|聊|谈|说|沟通|介绍|了解|确认|讨论|报价|方案|客户|没|不`)

// readCustomer reads the customer: a word, several words (Acme Trading), or the
// begin of a word that runs on (华星王总聊了报价).
func (p *logParser) readCustomer() error {
	p.pos = p.skip(p.pos)
	if at := p.pos; strings.HasPrefix(p.s[at:], "@") {
		p.pos++
		p.take(at, p.pos)
	}
	found, end, err := p.bestCustomer(p.pos)
	if err != nil {
		return err
	}
	if d := p.dateAt(p.pos); d != nil && d.Err == nil && d.Day <= p.today && p.log.On == nil && (len(found) == 0 || found[0].Score < 0.95) {
		// 拜访 昨天 华星
		p.setOn(d.When)
		p.take(d.Start, d.End)
		p.pos = p.skip(d.End)
		if found, end, err = p.bestCustomer(p.pos); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		if end = p.partEnd(p.pos); !p.couldBeName(p.pos, end) {
			return nil
		}
	}
	p.log.Customer, p.log.Customers = p.s[p.pos:end], found
	p.take(p.pos, end)
	p.pos = end
	return nil
}

// bestCustomer looks up the ways in which a name can begin at pos.
func (p *logParser) bestCustomer(pos int) (best []Candidate, end int, err error) {
	if pos >= len(p.s) {
		return nil, pos, nil
	}
	try := func(to int) error {
		word := p.s[pos:to]
		if utf8.RuneCountInString(word) > 3*maxNameRunes {
			return nil
		}
		list, err := p.dir.Customers(word)
		if err == nil && len(list) > 0 && (len(best) == 0 || list[0].Score > best[0].Score || list[0].Score == best[0].Score && to > end) {
			best, end = list, to
		}
		return err
	}
	// Whole words first: one, two and three of them.
	to := pos
	for range 3 {
		if to = p.partEnd(to); to == pos || len(best) > 0 && to == end {
			break
		}
		if err := try(to); err != nil {
			return nil, 0, err
		}
		next := p.skip(to)
		if strings.Trim(p.s[to:next], " ") != "" || !strings.ContainsFunc(p.s[next:p.partEnd(next)], isNameRune) {
			break // only spaces can be inside a name, and an emoji is none
		}
		to = next
	}
	if len(best) > 0 && best[0].Score >= goodSplit {
		return best, end, nil
	}
	whole, wholeEnd := best, end
	best = nil
	for _, to := range p.splits(pos) {
		if err := try(to); err != nil {
			return nil, 0, err
		}
	}
	if len(best) == 0 || best[0].Score < goodSplit {
		return whole, wholeEnd, nil
	}
	return best, end, nil
}

// splits are the ends of the prefixes of the word at pos, of two runes and more.
// A Latin word or a number is never split.
func (p *logParser) splits(pos int) []int {
	var out []int
	runes := 0
	word := p.s[pos:p.partEnd(pos)]
	for i := range word {
		if runes >= 2 && !(isWordByte(word[i-1]) && isWordByte(word[i])) {
			out = append(out, pos+i)
		}
		if runes++; runes > maxNameRunes {
			break
		}
	}
	return out
}

func isNameRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func isWordByte(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// couldBeName tells whether an unknown word in the customer's place is kept as
// the customer: it is short, tells nothing, and is not one of the other parts.
func (p *logParser) couldBeName(start, end int) bool {
	word := p.s[start:end]
	n := utf8.RuneCountInString(word)
	if n > maxNameRunes || !strings.ContainsFunc(word, isNameRune) || sentenceWords.MatchString(word) || p.dateAt(start) != nil {
		return false
	}
	if _, size := readDuration(word); size > 0 {
		return false
	}
	if a := amountAt(word, 0); a.end > 0 {
		return false
	}
	_, titled := readTitled(word)
	return titled == 0 && resultOf(word) == ""
}

// readContact reads the person met, right behind the customer: 王总, or a name
// that the directory knows.
func (p *logParser) readContact() error {
	joint := p.skip(p.pos)
	start := joint
	for _, word := range []string{"的", "-", "/", "@"} {
		if rest, ok := strings.CutPrefix(p.s[start:], word); ok && p.log.Customer != "" {
			start = len(p.s) - len(rest)
			break
		}
	}
	defer func() {
		if p.log.Contact != "" {
			p.take(joint, start)
		}
	}()
	end := p.partEnd(start)
	if start >= end {
		return nil
	}
	if m := englishTitle.FindString(p.s[start:]); m != "" {
		return p.setContact(start, start+len(m), true)
	}
	if _, n := readTitled(p.s[start:end]); n > 0 {
		return p.setContact(start, start+n, true)
	}
	if len(p.log.Customers) == 0 || !clearBest(p.log.Customers) {
		return nil
	}
	for _, to := range append([]int{end}, p.splits(start)...) {
		if utf8.RuneCountInString(p.s[start:to]) > 6 {
			continue
		}
		list, err := p.dir.Contacts(p.log.Customers[0].Ref, p.s[start:to])
		if err != nil {
			return err
		}
		if len(list) > 0 && list[0].Score >= goodSplit {
			return p.setContact(start, to, true)
		}
	}
	return nil
}

// setContact takes a person's name and looks it up among the customer's people.
func (p *logParser) setContact(start, end int, consume bool) error {
	p.log.Contact = p.s[start:end]
	if consume {
		p.take(start, end)
		p.pos = end
	}
	if len(p.log.Customers) == 0 || !clearBest(p.log.Customers) {
		return nil
	}
	list, err := p.dir.Contacts(p.log.Customers[0].Ref, p.log.Contact)
	p.log.Contacts = list
	return err
}

var contactMarks = regexp.MustCompile(`(?:见到|见了|见|跟|和|与|找|给|约了|约|联系人|对接人):? ?(?:采购|技术|财务|项目|生产|质量|设备|仓库|行政|人事|市场|销售)?(?:部门?)?的?|(?i:\b(?:met|saw|with|to) )`)

// findContactInText finds 和王总聊了报价 inside the note, where no contact stood
// behind the customer. The words stay in the note.
func (p *logParser) findContactInText() error {
	if p.log.Contact != "" {
		return nil
	}
	for _, m := range contactMarks.FindAllStringIndex(p.s, 16) {
		if p.isTaken(m[0], m[1]) {
			continue
		}
		_, n := readTitled(p.s[m[1]:])
		if n == 0 {
			n = len(englishTitle.FindString(p.s[m[1]:]))
		}
		if n > 0 && !p.isTaken(m[1], m[1]+n) {
			return p.setContact(m[1], m[1]+n, false)
		}
	}
	return nil
}

// surnames are the family names that stand before a title.
const surnames = `王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝司上官欧阳诸葛小老大`

// notTitleAfter are the characters that make a title the begin of another word:
// 总价, 总体, 工作, 工程.
const notTitleAfter = "价额体结共计量部数作程艺期具厂业地资会"

// readTitled reads surname and title at the start of s: 王总, 李工, 张经理,
// 欧阳总监. n is the bytes it takes; 0 when there is none.
func readTitled(s string) (surname string, n int) {
	m := titledName.FindStringSubmatch(s)
	if m == nil {
		return "", 0
	}
	first, _ := utf8.DecodeRuneInString(m[1])
	runes := utf8.RuneCountInString(m[1])
	short := utf8.RuneCountInString(m[2]) == 1
	compound := runes == 2 && (strings.HasPrefix(m[1], "欧阳") || strings.HasPrefix(m[1], "上官") || strings.HasPrefix(m[1], "诸葛") || strings.HasPrefix(m[1], "司马") || strings.ContainsRune("小老大", first))
	if !strings.ContainsRune(surnames, first) || sentenceWords.MatchString(m[1]) || short && runes > 1 && !compound {
		return "", 0
	}
	if runes == 1 && strings.ContainsRune("小老大", first) {
		return "", 0
	}
	next, _ := utf8.DecodeRuneInString(s[len(m[0]):])
	if short && len(s) > len(m[0]) && strings.ContainsRune(notTitleAfter, next) {
		return "", 0
	}
	return m[1], len(m[0])
}

var (
	companionMark   = regexp.MustCompile(`(?:陪同人员|陪同人|陪同|陪访|同行|随行|协访)(?:的?有|的?是|:)? ?`)
	companionBehind = regexp.MustCompile(`(?:和|跟|与|同)?@?(\p{Han}{2,4}?)(?:一起去的?|一起|陪同|陪访|同去|同行)`)
	nameJoint       = regexp.MustCompile(`^ ?(?:[、,，&+]|和|以及)? ?@?`)
	nameForm        = regexp.MustCompile(`^(?:\p{Han}{2,4}|[A-Za-z][A-Za-z.-]{1,20})`)
)

// findCompanions reads 陪同 李娜、张伟 and 和李娜一起. Only colleagues that the
// directory knows, or a name alone behind 陪同, count.
func (p *logParser) findCompanions() error {
	for _, m := range companionMark.FindAllStringIndex(p.s, 4) {
		if p.isTaken(m[0], m[1]) {
			continue
		}
		end, err := p.readNames(m[1])
		if err != nil {
			return err
		}
		if end > 0 {
			p.take(m[0], end)
			return nil
		}
	}
	for _, m := range companionBehind.FindAllStringSubmatchIndex(p.s, 4) {
		if p.isTaken(m[0], m[1]) {
			continue
		}
		c, n, err := p.colleague(m[2])
		if err != nil {
			return err
		}
		if c.ID == 0 || m[2]+n != m[3] {
			continue
		}
		p.log.Companions = append(p.log.Companions, c)
		if p.skip(p.pos) == m[0] || m[0] > 0 && p.partEnd(m[0]) == m[1] && p.startsPart(m[0]) {
			p.take(m[0], m[1])
		}
		return nil
	}
	return nil
}

// startsPart tells whether a part begins at pos.
func (p *logParser) startsPart(pos int) bool {
	if pos == 0 {
		return true
	}
	_, n := utf8.DecodeLastRuneInString(p.s[:pos])
	return separator(p.s, pos-n) > 0 || p.isTaken(pos-1, pos)
}

// maxNamedColleagues is how many people one line can name; the others stay in the note.
const maxNamedColleagues = 8

// readNames reads a row of colleagues' names. end is 0 when there is none.
func (p *logParser) readNames(pos int) (end int, err error) {
	for len(p.log.Companions) < maxNamedColleagues {
		joint := nameJoint.FindString(p.s[pos:])
		start := pos + len(joint)
		c, n, err := p.colleague(start)
		if err != nil {
			return 0, err
		}
		if c.ID == 0 {
			// Unknown names count only as the whole part right behind the mark, or
			// behind 、.
			name := p.s[start:p.partEnd(start)]
			known := strings.Trim(joint, " ") != "" || end == 0
			if !known || !couldBePerson(name) {
				return end, nil
			}
			c, n = Companion{Name: name}, len(name)
		}
		p.log.Companions = append(p.log.Companions, c)
		pos = start + n
		end = pos
	}
	return end, nil
}

// couldBePerson tells whether an unknown word has the form of a full name.
func couldBePerson(s string) bool {
	n := utf8.RuneCountInString(s)
	first, _ := utf8.DecodeRuneInString(s)
	_, titled := readTitled(s)
	return (n == 2 || n == 3) && strings.ContainsRune(surnames, first) && nameForm.FindString(s) == s && titled == 0 && !sentenceWords.MatchString(s)
}

// colleague finds the longest known colleague's name that begins at pos.
func (p *logParser) colleague(pos int) (Companion, int, error) {
	if pos >= len(p.s) {
		return Companion{}, 0, nil
	}
	word := nameForm.FindString(p.s[pos:])
	for word != "" {
		list, err := p.dir.Colleagues(word)
		if err != nil {
			return Companion{}, 0, err
		}
		if len(list) > 0 && list[0].Score >= goodSplit {
			c := Companion{Name: word}
			if len(list) == 1 || list[0].Score > list[1].Score {
				c.ID, c.Name = list[0].ID, list[0].Name
			}
			return c, len(word), nil
		}
		if word[0] < utf8.RuneSelf || utf8.RuneCountInString(word) <= 2 {
			break
		}
		_, n := utf8.DecodeLastRuneInString(word)
		word = word[:len(word)-n]
	}
	return Companion{}, 0, nil
}
