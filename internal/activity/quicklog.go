package activity

import (
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Confidence limits of CH-01.
const (
	// AskBelow is the confidence under which a choice card asks what was meant.
	AskBelow = 0.8
	// AutoSaveFrom is the confidence from which a log may be saved without a
	// confirmation, where the actor wants that.
	AutoSaveFrom = 0.95
)

// QuickLog is what one line says about an activity (CH-01). Every word of the
// line is either in one of the fields or in the note.
type QuickLog struct {
	Kind Kind
	// Customer is the customer as typed; empty when the line names none.
	Customer string
	// CustomerRef is the record when exactly one fits well; else zero, and
	// Customers, best first, are there to choose from.
	CustomerRef crm.Ref
	Customers   []Candidate
	// Contact is the person met, as typed: 王总. ContactRef and Contacts are as
	// for the customer.
	Contact    string
	ContactRef crm.Ref
	Contacts   []Candidate
	// On is when it happened; nil means now.
	On *calendar.When
	// Duration is 0 when the line does not tell.
	Duration time.Duration
	// Amount is the deal that the customer has in mind; nil when not told.
	Amount *crm.Money
	// Next is the next step's date, nil without one; NextText says what it is.
	Next     *calendar.When
	NextText string
	// Result is set only when one of the words of V-01 stands in the line.
	Result Result
	// Companions are the colleagues who came along.
	Companions []Companion
	// Note is all other words in their order.
	Note string
	// Confidence is 0 to 1: under AskBelow a person chooses.
	Confidence float64
	// Warnings tell what was understood with doubt or not at all.
	Warnings []crm.Text
}

// Companion is a colleague on a joint visit. ID is zero when nobody of that name
// is known.
type Companion struct {
	Name string
	ID   crm.UserID
}

// NeedsChoice reports whether a person has to choose before this can be saved:
// the confidence is low, or the customer is not one record.
func (q QuickLog) NeedsChoice() bool { return q.Confidence < AskBelow || q.CustomerRef == crm.Ref{} }

// IsQuickLog reports whether a message opens like a quick log: 拜访 …, 电话 …,
// "visit …", perhaps after a date (昨天拜访 …).
func IsQuickLog(text string, now time.Time, cal *calendar.Calendar) bool {
	p := newLogParser(text, now, cal, nil)
	return p.readOpening() && p.pos < len(p.s)
}

// ParseQuickLog reads a line such as
//
//	拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约
//
// It fails on a line that does not open with a kind of activity, and with the
// directory's error. It does nothing else than reading: what it found is for a
// person to confirm.
func ParseQuickLog(text string, now time.Time, cal *calendar.Calendar, dir Directory) (QuickLog, error) {
	p := newLogParser(text, now, cal, dir)
	if err := p.parse(); err != nil {
		return QuickLog{}, err
	}
	return p.log, nil
}

func (p *logParser) parse() error {
	if !p.readOpening() {
		return crm.Invalid("这一行没有说明做了什么，请以 拜访、电话、微信、会议 或 跟进 开头，例如：拜访 华星 王总 30分钟 聊了报价 下周三再约",
			"this line does not say what was done; begin with visit, call, wechat, meeting or log, for example: visit Acme 30min talked about prices next friday")
	}
	if err := p.readCustomer(); err != nil {
		return err
	}
	if err := p.readContact(); err != nil {
		return err
	}
	p.findAmount()
	p.findResult()
	p.findNext()
	if err := p.findCompanions(); err != nil {
		return err
	}
	p.readRest()
	if err := p.findContactInText(); err != nil {
		return err
	}
	p.log.Note = p.note()
	p.judge()
	return nil
}

// judge turns what was found and doubted into the confidence.
func (p *logParser) judge() {
	q := &p.log
	switch {
	case q.Customer == "":
		p.limit(0.3)
		p.warn("没有看出是哪个客户", "no customer was recognised")
	case len(q.Customers) == 0:
		p.limit(0.3)
		p.warn("没有找到客户「"+cut(q.Customer)+"」", "no customer named \""+cut(q.Customer)+"\" was found")
	case !clearBest(q.Customers):
		p.limit(0.6)
	default:
		p.limit(q.Customers[0].Score)
		if q.Customers[0].Score >= AskBelow {
			q.CustomerRef = q.Customers[0].Ref
		}
	}
	switch {
	case len(q.Contacts) > 0 && !clearBest(q.Contacts):
		p.limit(0.75)
	case len(q.Contacts) > 0:
		q.ContactRef = q.Contacts[0].Ref
	case q.Contact != "":
		p.limit(0.94) // somebody new: to be confirmed
	}
	if q.Note == "" && q.NextText == "" && q.Result == "" {
		p.limit(0.9) // nothing was told about it
	}
	q.Confidence = p.ceiling
}

// clearBest tells whether the first candidate is clearly better than the second.
func clearBest(list []Candidate) bool {
	return len(list) == 1 || list[0].Score-list[1].Score > 0.049
}

// limit lowers the confidence.
func (p *logParser) limit(to float64) { p.ceiling = min(p.ceiling, to) }

func (p *logParser) warn(zh, en string) {
	p.log.Warnings = append(p.log.Warnings, crm.Text{Zh: zh, En: en})
}

func (p *logParser) warnError(err error) {
	p.warn(crm.MessageOf(err, crm.Chinese), crm.MessageOf(err, crm.English))
}
