package activity

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Reason is why an activity does not count as valid. The codes are stored.
type Reason string

// The reasons, in the order in which they are told.
const (
	NotMet      Reason = "not_met"    // nobody was met: an attempt
	NoProof     Reason = "no_proof"   // neither photo nor companion
	NoContact   Reason = "no_contact" // nobody named as met
	NoResult    Reason = "no_result"
	ThinNote    Reason = "thin_note"    // note too short and too few fields
	TooLate     Reason = "too_late"     // logged too long after
	SecondOf    Reason = "second"       // the day's second visit at the customer
	ShortCall   Reason = "short_call"   // too short, and no result noted
	ThinText    Reason = "thin_text"    // free text too short
	Repetition  Reason = "repetition"   // too like an earlier log
	NoSubstance Reason = "no_substance" // a meeting without result or text
)

// Rule is the id of the rule that the reason comes from.
func (r Reason) Rule() string {
	switch r {
	case ShortCall, ThinText, Repetition, NoSubstance:
		return "P-10"
	}
	return "V-01"
}

// Later reports whether what is missing can be added once the log is saved: a photo,
// a result. Settled reports that nothing about the log can change it. The rest must
// be put right before, for the text of a log does not change.
func (r Reason) Later() bool {
	switch r {
	case NoProof, NoResult, ShortCall, NoSubstance:
		return true
	}
	return false
}

// Settled is described at Later.
func (r Reason) Settled() bool { return r == NotMet || r == TooLate || r == SecondOf }

// Limits are the numbers of V-01 and P-10 that are in force.
type Limits struct {
	// LogWithin is how long after the visit it must be logged.
	LogWithin time.Duration
	// NoteRunes is the shortest note, or Fields that many filled fields instead.
	NoteRunes, Fields int
	// AttemptPercent is what a visit counts for when nobody was met.
	AttemptPercent int
	CallSeconds    int
	TextRunes      int
	// SimilarPercent is above which a text is a repetition.
	SimilarPercent int
}

// Text says in a person's words what is missing, with the numbers.
func (r Reason) Text(l crm.Lang, m Limits) string {
	switch r {
	case NotMet:
		return l.T(fmt.Sprintf("未见到客户，按 %.1f 次拜访尝试计", float64(m.AttemptPercent)/100), fmt.Sprintf("nobody was met: counts as %.1f of a visit", float64(m.AttemptPercent)/100))
	case NoProof:
		return l.T("缺少现场照片或陪访人", "no photo from the place and no companion")
	case NoContact:
		return l.T("没有写见了谁", "who was met is not named")
	case NoResult:
		return l.T("没有写结果", "no result")
	case ThinNote:
		return l.T(fmt.Sprintf("记录不足 %d 字，且时长、金额、下一步等不足 %d 项", m.NoteRunes, m.Fields),
			fmt.Sprintf("the note has fewer than %d characters, and fewer than %d of duration, amount, next step and so on are given", m.NoteRunes, m.Fields))
	case TooLate:
		h := int(m.LogWithin.Hours())
		return l.T(fmt.Sprintf("超过 %d 小时才记录", h), fmt.Sprintf("logged more than %d hours later", h))
	case SecondOf:
		return l.T("同一客户当天已有一次有效拜访", "there is a valid visit at this customer on this day already")
	case ShortCall:
		return l.T(fmt.Sprintf("通话不足 %d 秒，也没有写结果", m.CallSeconds), fmt.Sprintf("the call was shorter than %d seconds and no result is noted", m.CallSeconds))
	case ThinText:
		return l.T(fmt.Sprintf("内容不足 %d 字", m.TextRunes), fmt.Sprintf("the text has fewer than %d characters", m.TextRunes))
	case Repetition:
		return l.T("内容与最近的记录几乎相同", "the text is nearly the same as a recent log")
	case NoSubstance:
		return l.T("没有写结果或内容", "neither result nor text")
	}
	return string(r)
}

// Evidence is what the rules look at.
type Evidence struct {
	Kind       Kind
	Photos     int
	Companions int
	Met        bool // the person met is named
	Result     Result
	Note       string
	Duration   time.Duration
	Amount     bool
	NextStep   bool
	// LoggedAfter is the time between the activity and its logging.
	LoggedAfter time.Duration
	// Similar is the likeness, 0 to 1, to the nearest of the person's last logs on
	// the record.
	Similar float64
}

// Verdict is whether an activity counts.
type Verdict struct {
	Valid bool
	// Weight is what it counts for, in hundredths.
	Weight  int
	Missing []Reason
}

// Judge decides by V-01 for visits and P-10 for everything else. That a
// customer counts once a day is decided where the day's other visits are known.
func Judge(e Evidence, m Limits) Verdict {
	var miss []Reason
	switch e.Kind {
	case KindVisit:
		miss = visitMisses(e, m)
		if e.Result == ResultNotMet {
			v := Verdict{Missing: append([]Reason{NotMet}, miss...)}
			if len(miss) == 0 {
				v.Weight = m.AttemptPercent
			}
			return v
		}
	case KindCall:
		if int(e.Duration.Seconds()) < m.CallSeconds {
			if e.Result == "" && meaningful(e.Note) < m.TextRunes {
				miss = append(miss, ShortCall)
			} else if repeats(e, m) {
				miss = append(miss, Repetition)
			}
		}
		if e.Result == ResultNotMet {
			miss = []Reason{NotMet}
		}
	case KindMeeting:
		if e.Result == "" && meaningful(e.Note) < m.TextRunes {
			miss = append(miss, NoSubstance)
		} else if repeats(e, m) {
			miss = append(miss, Repetition)
		}
	default:
		if meaningful(e.Note) < m.TextRunes {
			miss = append(miss, ThinText)
		} else if repeats(e, m) {
			miss = append(miss, Repetition)
		}
	}
	if len(miss) > 0 {
		return Verdict{Missing: miss}
	}
	return Verdict{Valid: true, Weight: 100}
}

func visitMisses(e Evidence, m Limits) (miss []Reason) {
	if e.Photos == 0 && e.Companions == 0 {
		miss = append(miss, NoProof)
	}
	if !e.Met && e.Result != ResultNotMet {
		miss = append(miss, NoContact)
	}
	if e.Result == "" {
		miss = append(miss, NoResult)
	}
	if meaningful(e.Note) < m.NoteRunes && e.fields() < m.Fields && e.Result != ResultNotMet {
		miss = append(miss, ThinNote)
	}
	if e.LoggedAfter > m.LogWithin {
		miss = append(miss, TooLate)
	}
	return miss
}

// fields counts the structured details besides the person met and the result,
// which every visit needs anyway.
func (e Evidence) fields() int {
	n := 0
	for _, given := range []bool{e.Duration > 0, e.Amount, e.NextStep, e.Companions > 0} {
		if given {
			n++
		}
	}
	return n
}

func repeats(e Evidence, m Limits) bool { return e.Similar*100 > float64(m.SimilarPercent) }

// meaningful counts letters, digits and Chinese characters: spaces and dots make
// no text longer.
func meaningful(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// Similarity of two texts, 0 to 1: the Jaccard index of their pairs of
// neighbouring characters, without punctuation and case. A text without any
// characters is like nothing.
func Similarity(a, b string) float64 {
	x, y := pairs(a), pairs(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	same := 0
	for p := range x {
		if y[p] {
			same++
		}
	}
	return float64(same) / float64(len(x)+len(y)-same)
}

func pairs(s string) map[string]bool {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
	out := map[string]bool{}
	if utf8.RuneCountInString(plain) == 1 {
		out[plain] = true
	}
	prev := rune(0)
	for i, r := range plain {
		if i > 0 {
			out[string([]rune{prev, r})] = true
		}
		prev = r
	}
	return out
}

// nearest is the greatest similarity of the text to one of the earlier ones.
func nearest(text string, earlier []string) float64 {
	best := 0.0
	for _, e := range earlier {
		best = max(best, Similarity(text, e))
	}
	return best
}
