package report

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

// Input is what a person writes into a report. Numbers are not among it
//
type Input struct {
	Answers []string
	Next    string
	// NoteFor and Note add a remark to one number; both empty: none. An empty
	// note removes the remark.
	NoteFor, Note string
}

// Save keeps the texts of a draft, or of a handed-in report while it may still
// be edited, without handing in. version is the one that the card showed.
func (s *Service) Save(ctx context.Context, a crm.Actor, id crm.ReportID, version int64, in Input) (Report, error) {
	return s.write(ctx, a, id, version, in, false)
}

// Submit hands the report in and freezes its numbers at this moment. After the
// due time it counts as late. When a goal of the day is below pass, one
// sentence with reason and remedy is required. A report that was handed
// in before gets the new texts and keeps its numbers and state.
func (s *Service) Submit(ctx context.Context, a crm.Actor, id crm.ReportID, version int64, in Input) (Report, error) {
	return s.write(ctx, a, id, version, in, true)
}

func (s *Service) write(ctx context.Context, a crm.Actor, id crm.ReportID, version int64, in Input, final bool) (Report, error) {
	r, err := s.store.Report(ctx, id)
	if err != nil {
		return Report{}, err
	}
	if err := s.mayEdit(ctx, a, r); err != nil {
		return Report{}, err
	}
	if r.Version == version+1 && final && r.State.Done() && r.says(in) {
		return r, nil // a second tap, or the same form from another card
	}
	if r.Version != version {
		return Report{}, crm.Stale("R-02", "这份日报已在别处改过，您看到的是旧内容", "this report was changed elsewhere; what you see is old").
			WithNext("请在新卡片上继续", "please go on with the new card")
	}
	if r, err = s.fresh(ctx, r); err != nil {
		return Report{}, err
	}
	if err := r.take(in); err != nil {
		return Report{}, err
	}
	if final {
		if err := s.complete(ctx, r); err != nil {
			return Report{}, err
		}
	}
	now := s.now()
	if final && !r.State.Done() {
		r.State, r.SubmittedAt = Submitted, now
		if now.After(s.At(ctx, StepDue, r.Day)) {
			r.State = Late
		}
	}
	action := "report.save"
	if final {
		action = "report.submit"
	}
	err = s.tx.InTx(ctx, func(ctx context.Context) error {
		saved := r
		if err := s.store.SaveReport(ctx, &saved); err != nil {
			return err
		}
		if err := s.fx.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: action, Ref: r.ID.Ref(), Rule: "R-01", RuleVersion: r.Template,
			Detail: map[string]any{"day": r.Day, "state": r.State, "score": r.Content.Score.String()}}); err != nil {
			return err
		}
		return s.fx.Refresh(ctx, r.ID.Ref())
	})
	if err != nil {
		return Report{}, err
	}
	r.Version++
	return r, nil
}

func (s *Service) mayEdit(ctx context.Context, a crm.Actor, r Report) error {
	if r.User != a.ID {
		if err := s.maySee(ctx, a, r); err != nil {
			return err
		}
		return crm.Forbidden("日报只能由本人填写", "only its owner may write a report")
	}
	if a.Frozen {
		return crm.Forbidden("账号已冻结，只能查看", "your account is frozen and may only read")
	}
	if !s.Editable(ctx, r) {
		return crm.Refused("R-02", fmt.Sprintf("这份日报在 %s 已定稿，不能再改", s.closes(ctx, r).In(s.cal.Zone()).Format("2006-01-02 15:04")),
			fmt.Sprintf("this report was closed at %s and cannot be changed", s.closes(ctx, r).In(s.cal.Zone()).Format("2006-01-02 15:04"))).
			WithNext("数字的变化会以“更正”显示", "later changes of numbers are shown as corrections")
	}
	return nil
}

// closes is when a handed-in report can no longer be edited: when the list of
// missing reports goes out on the next working day.
func (s *Service) closes(ctx context.Context, r Report) time.Time {
	return s.At(ctx, StepMissing, s.cal.NextWorkday(r.Day))
}

// Editable reports whether the owner may still change the texts. A report that
// was never handed in stays open; it will be late.
func (s *Service) Editable(ctx context.Context, r Report) bool {
	return !r.State.Done() || s.now().Before(s.closes(ctx, r))
}

// take puts the written texts into the report.
func (r *Report) take(in Input) error {
	texts := Template(r.Content.Blocks).Texts()
	answers := make([]string, len(texts))
	for i, b := range texts {
		if i < len(in.Answers) {
			answers[i] = strings.TrimSpace(crm.Normalize(in.Answers[i]))
		}
		if n := utf8.RuneCountInString(answers[i]); n > b.MaxLen() {
			return tooLong(b.PromptIn(crm.Chinese), b.PromptIn(crm.English), n, b.MaxLen())
		}
	}
	r.Answers, r.Next = answers, crm.Normalize(in.Next)
	if n := utf8.RuneCountInString(r.Next); n > maxText {
		return tooLong("明日计划", "plan for the next day", n, maxText)
	}
	if in.NoteFor == "" {
		if strings.TrimSpace(in.Note) != "" {
			return crm.Invalid("请选择差异说明对应的指标", "please choose the metric that the remark is about")
		}
		return nil
	}
	known := false
	for _, n := range r.Content.Numbers {
		known = known || n.Metric == in.NoteFor
	}
	note := crm.Normalize(in.Note)
	if !known {
		return crm.Invalid("这份日报里没有指标 "+in.NoteFor, "this report has no metric "+in.NoteFor)
	}
	if n := utf8.RuneCountInString(note); n > 200 {
		return tooLong("差异说明", "remark", n, 200)
	}
	notes := map[string]string{}
	for k, v := range r.Notes {
		notes[k] = v
	}
	notes[in.NoteFor] = note
	if note == "" {
		delete(notes, in.NoteFor)
	}
	r.Notes = notes
	return nil
}

// says reports whether the report has the written texts already.
func (r Report) says(in Input) bool {
	c := r
	if err := c.take(in); err != nil {
		return false
	}
	return slices.Equal(c.Answers, r.Answers) && c.Next == r.Next && maps.Equal(c.Notes, r.Notes)
}

func tooLong(zh, en string, n, limit int) error {
	return crm.Invalid(fmt.Sprintf("“%s”写了 %d 个字，最多 %d 个", zh, n, limit), fmt.Sprintf("“%s” has %d characters; at most %d", en, n, limit)).
		WithNext("请缩短后再提交", "please shorten it")
}

// complete refuses a report that lacks required texts.
func (s *Service) complete(ctx context.Context, r Report) error {
	for i, b := range Template(r.Content.Blocks).Texts() {
		if b.Required && r.Answer(i) == "" {
			return crm.Refused("R-02", "“"+b.PromptIn(crm.Chinese)+"”必须填写", "“"+b.PromptIn(crm.English)+"” is required")
		}
	}
	below := r.Content.BelowPass()
	if len(below) == 0 {
		return nil
	}
	least := int(minSentence.Of(ctx, s.rules))
	longest := 0
	for i := range r.Answers {
		longest = max(longest, utf8.RuneCountInString(r.Answer(i)))
	}
	if longest >= least {
		return nil
	}
	zh, en := "", ""
	for i, n := range below {
		if i > 0 {
			zh, en = zh+"、", en+", "
		}
		zh += fmt.Sprintf("%s %s（及格 %s）", n.Name.Zh, n.Value.Bare(n.Def(), crm.Chinese), Mark(n.Goal.Pass))
		en += fmt.Sprintf("%s %s (pass %s)", n.Name.En, n.Value.Bare(n.Def(), crm.English), Mark(n.Goal.Pass))
	}
	return crm.Refused("R-03", fmt.Sprintf("有指标未达标：%s，需要一句话说明原因和补救（至少 %d 个字）", zh, least),
		fmt.Sprintf("below pass: %s; one sentence with the reason and the remedy is required (at least %d characters)", en, least)).
		WithNext("补上一句话后再提交", "add the sentence and submit again")
}

// Mark writes a goal's line without empty decimals: 2, 0.5.
func Mark(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

// Correction is a number of a handed-in report that came out differently
// since it was frozen (更正).
type Correction struct {
	Index int // in Content.Numbers
	Now   metric.Value
}

// Corrections compares the frozen numbers of a handed-in report with the facts
// of now. The report itself never changes.
func (s *Service) Corrections(ctx context.Context, r Report) ([]Correction, error) {
	if !r.State.Done() {
		return nil, nil
	}
	u, err := s.dir.User(ctx, r.User)
	if err != nil {
		return nil, err
	}
	u.Team = r.Team
	c, err := s.rebuild(ctx, u, r)
	if err != nil {
		return nil, err
	}
	now := map[string]metric.Value{}
	id := func(n Number) string { return n.Metric + "\x00" + n.Scope + "\x00" + n.Period }
	for _, n := range c.Numbers {
		now[id(n)] = n.Value
	}
	var out []Correction
	for i, n := range r.Content.Numbers {
		if v, ok := now[id(n)]; ok && n.Scope == ScopeSelf && !v.Equal(n.Value) {
			out = append(out, Correction{Index: i, Now: v})
		}
	}
	return out, nil
}
