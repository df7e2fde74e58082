package cards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// SetLogResult adds the result to an activity.
type SetLogResult struct {
	Activity crm.ActivityID  `json:"v"`
	Result   activity.Result `json:"r"`
}

// ActionName implements card.Action.
func (SetLogResult) ActionName() string { return "activity.result" }

// StartLog opens the form for logging on a record.
type StartLog struct {
	Kind activity.Kind `json:"k,omitempty"`
	Ref  string        `json:"r,omitempty"` // a code; empty: to be chosen
}

// ActionName implements card.Action.
func (StartLog) ActionName() string { return "activity.start" }

// ShowPhotos sends the photos of an activity.
type ShowPhotos struct {
	Activity crm.ActivityID `json:"v"`
}

// ActionName implements card.Action.
func (ShowPhotos) ActionName() string { return "activity.photos" }

// AttachPhoto adds a photo that was sent to a visit.
type AttachPhoto struct {
	Photo    int64          `json:"p"`
	Activity crm.ActivityID `json:"v"`
}

// ActionName implements card.Action.
func (AttachPhoto) ActionName() string { return "activity.attach" }

// WorkFrame is for whom and when cards about activities are built.
type WorkFrame struct {
	Lang crm.Lang
	Now  time.Time
	Cal  *calendar.Calendar
}

func (f WorkFrame) minute(t time.Time) string { return t.In(f.Cal.Zone()).Format("01-02 15:04") }

func (f WorkFrame) moment(t time.Time) string {
	return calendar.FormatDay(f.Cal.DayOf(t), f.Lang) + " " + t.In(f.Cal.Zone()).Format("15:04")
}

// span is a duration in words: "1 小时 30 分钟", "45 秒".
func (f WorkFrame) span(d time.Duration) string {
	l := f.Lang
	if d < time.Minute {
		return l.T(fmt.Sprintf("%d 秒", int(d.Seconds())), fmt.Sprintf("%d s", int(d.Seconds())))
	}
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case h == 0:
		return l.T(fmt.Sprintf("%d 分钟", m), fmt.Sprintf("%d min", m))
	case m == 0:
		return l.T(fmt.Sprintf("%d 小时", h), fmt.Sprintf("%d h", h))
	}
	return l.T(fmt.Sprintf("%d 小时 %d 分钟", h, m), fmt.Sprintf("%d h %d min", h, m))
}

// openRecord is a button that opens the record.
func (f WorkFrame) openRecord(ref crm.Ref) (card.Button, bool) {
	l := f.Lang
	switch ref.Kind {
	case crm.KindLead:
		return CommandButton(l.T("打开线索", "Open lead"), l.T("/线索 ", "/lead ")+ref.String()), true
	case crm.KindAccount:
		return CommandButton(l.T("打开客户", "Open account"), l.T("/客户 ", "/account ")+ref.String()), true
	case crm.KindDeal:
		return CommandButton(l.T("打开商机", "Open deal"), l.T("/商机 ", "/deal ")+ref.String()), true
	}
	return card.Button{}, false
}

// logButton opens the form on the record.
func (f WorkFrame) logButton(label string, kind activity.Kind, ref crm.Ref) card.Button {
	return card.Button{Label: label, Action: StartLog{Kind: kind, Ref: ref.String()}, Command: f.Lang.T("/跟进 ", "/log ") + ref.String()}
}

// Activity shows what was logged, whether it counts and why not, and what can
// still be done with it.
func Activity(f WorkFrame, v activity.Seen) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: v.Kind.Name(l) + " · " + v.Name, Subtitle: v.ID.String() + " · " + v.UserName + " · " + f.moment(v.At), About: []crm.Ref{v.Ref(), v.Subject}}
	if v.Customer != v.Subject {
		c.About = append(c.About, v.Customer)
	}
	if v.Undone() {
		c.Tone, c.Tags = card.Muted, []card.Tag{{Text: l.T("已撤销", "taken back"), Tone: card.Muted}}
		c.Blocks = append(c.Blocks, card.P(l.T("这条记录已于 "+f.minute(v.UndoneAt)+" 撤销，不再计入任何数字。", "This log was taken back at "+f.minute(v.UndoneAt)+" and counts for nothing.")))
		if v.User != 0 {
			c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{f.logButton(l.T("重新记录", "Log again"), v.Kind, v.Subject)}})
		}
		return c
	}
	c.Tone, c.Tags = activityTone(l, v.Activity)
	c.Blocks = append(c.Blocks, f.activityFields(v))
	if v.Note != "" {
		c.Blocks = append(c.Blocks, card.P(v.Note))
	}
	if v.Step != nil {
		c.Blocks = append(c.Blocks, f.stepLine(*v.Step))
	}
	c.Blocks = append(c.Blocks, f.verdict(v)...)
	if bs := f.resultButtons(v); len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("结果如何？", "How did it go?")), card.Buttons{Items: bs})
	}
	if bs := f.activityButtons(v); len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	if !v.UndoUntil.IsZero() {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(f.minute(v.UndoUntil)+" 前可撤销。", "It can be taken back until "+f.minute(v.UndoUntil)+".")})
	}
	return c
}

func activityTone(l crm.Lang, v activity.Activity) (card.Tone, []card.Tag) {
	var tags []card.Tag
	tone := card.Info
	switch {
	case v.Valid:
		tone, tags = card.Success, append(tags, card.Tag{Text: l.T("有效", "valid"), Tone: card.Success})
	case v.Weight > 0:
		tags = append(tags, card.Tag{Text: l.T("尝试", "attempt"), Tone: card.Warning})
	default:
		tone, tags = card.Warning, append(tags, card.Tag{Text: l.T("未达有效", "not yet valid"), Tone: card.Warning})
	}
	if len(v.Companions()) > 0 {
		tags = append(tags, card.Tag{Text: l.T("陪访", "joint"), Tone: card.Info})
	}
	return tone, tags
}

func (f WorkFrame) activityFields(v activity.Seen) card.Fields {
	l := f.Lang
	var fs card.Fields
	add := func(label, value string) {
		if value != "" {
			fs.Items = append(fs.Items, card.Field{Label: label, Value: value})
		}
	}
	add(l.T("客户", "Customer"), v.Subject.String()+" "+v.Name)
	if v.CustomerName != "" {
		add(l.T("所属客户", "Account"), v.Customer.String()+" "+v.CustomerName)
	}
	add(l.T("见了", "Met"), v.Met)
	if v.Duration > 0 {
		add(l.T("时长", "Duration"), f.span(v.Duration))
	}
	add(l.T("结果", "Result"), v.Result.Name(l))
	if v.Amount != 0 {
		add(l.T("意向金额", "Amount in view"), v.Amount.Short(l))
	}
	add(l.T("陪访", "Companions"), strings.Join(v.With, l.T("、", ", ")))
	if v.Photos > 0 {
		add(l.T("照片", "Photos"), l.T(strconv.Itoa(v.Photos)+" 张", strconv.Itoa(v.Photos)))
	}
	return fs
}

// stepLine tells the next step with its absolute date (CH-02).
func (f WorkFrame) stepLine(st activity.Step) card.Text {
	l := f.Lang
	what := st.Text
	if what == "" {
		what = l.T("再跟进", "follow up")
	}
	t := card.Text{Spans: []card.Span{{Text: l.T("下一步 ", "Next "), Bold: true}, {Text: st.Due.Format(l) + " " + what}}}
	switch st.State {
	case activity.StepDone:
		t.Spans = append(t.Spans, card.Span{Text: l.T("（已完成）", " (done)"), Tone: card.Success})
	case activity.StepReplaced:
		t.Spans = append(t.Spans, card.Span{Text: l.T("（已有新的约定）", " (replaced)"), Tone: card.Muted})
	case activity.StepCancelled:
		t.Spans = append(t.Spans, card.Span{Text: l.T("（已取消）", " (cancelled)"), Tone: card.Muted})
	}
	return t
}

// verdict says whether the activity counts, by which rule, what is missing and
// what would make it count.
func (f WorkFrame) verdict(v activity.Seen) []card.Block {
	l := f.Lang
	if v.Valid {
		rule := "P-10"
		if v.Kind == activity.KindVisit {
			rule = "V-01"
		}
		return []card.Block{card.Text{Spans: []card.Span{{Text: l.T("计为有效"+v.Kind.Name(l)+"（规则 "+rule+"）", "Counts as a valid "+strings.ToLower(v.Kind.Name(l))+" (rule "+rule+")"), Tone: card.Success}}}}
	}
	head := l.T("暂不计为有效"+v.Kind.Name(l)+"：", "Not yet a valid "+strings.ToLower(v.Kind.Name(l))+":")
	if slices.ContainsFunc(v.Missing, func(r activity.Reason) bool { return !r.Later() }) {
		head = l.T("不计为有效"+v.Kind.Name(l)+"：", "Not a valid "+strings.ToLower(v.Kind.Name(l))+":")
	}
	return f.missing(head, v.Missing, v.Limits, func(r activity.Reason) string { return f.remedy(r, v) })
}

func (f WorkFrame) missing(head string, reasons []activity.Reason, m activity.Limits, remedy func(activity.Reason) string) []card.Block {
	l := f.Lang
	spans := []card.Span{{Text: head, Tone: card.Warning, Bold: true}}
	for _, r := range reasons {
		line := "\n· " + r.Text(l, m) + l.T("（规则 "+r.Rule()+"）", " (rule "+r.Rule()+")")
		spans = append(spans, card.Span{Text: line})
		if how := remedy(r); how != "" {
			spans = append(spans, card.Span{Text: l.T("，", "; ") + how, Tone: card.Info})
		}
	}
	return []card.Block{card.Text{Spans: spans}}
}

// remedy is what the person can do about a reason; empty: nothing.
func (f WorkFrame) remedy(r activity.Reason, v activity.Seen) string {
	l := f.Lang
	if !v.Mine {
		return ""
	}
	switch r {
	case activity.NoProof:
		if f.Now.Before(v.PhotoUntil) {
			return l.T(f.minute(v.PhotoUntil)+" 前把现场照片直接发给我", "send me a photo from the place before "+f.minute(v.PhotoUntil))
		}
	case activity.NoResult, activity.ShortCall, activity.NoSubstance:
		return l.T("点下面的结果", "tap the result below")
	case activity.NoContact, activity.ThinNote, activity.ThinText, activity.Repetition:
		if !v.UndoUntil.IsZero() {
			return l.T("保存后不能补，可撤销后补全再记", "it cannot be added any more: take it back and log it with more")
		}
	}
	return ""
}

func (f WorkFrame) resultButtons(v activity.Seen) []card.Button {
	needs := []activity.Kind{activity.KindVisit, activity.KindCall, activity.KindMeeting}
	if !v.Mine || v.Result != "" || !slices.Contains(needs, v.Kind) {
		return nil
	}
	l := f.Lang
	var bs []card.Button
	for _, r := range activity.Results {
		b := card.Button{Label: r.Name(l), Action: SetLogResult{Activity: v.ID, Result: r}, Command: l.T("/活动 ", "/activity ") + v.ID.String() + " " + r.Name(l)}
		if r == activity.ResultProgress {
			b.Style = card.Primary
		}
		bs = append(bs, b)
	}
	return bs
}

func (f WorkFrame) activityButtons(v activity.Seen) []card.Button {
	l := f.Lang
	var bs []card.Button
	if v.Mine && v.Step != nil && v.Step.State == activity.StepOpen {
		bs = append(bs, f.finishButton(v.ID, ""), f.askMoveButton(v.ID, ""))
	}
	if v.Photos > 0 {
		bs = append(bs, card.Button{Label: l.T("看照片", "Photos"), Action: ShowPhotos{Activity: v.ID}, Command: l.T("/活动 "+v.ID.String()+" 照片", "/activity "+v.ID.String()+" photos")})
	}
	if b, ok := f.openRecord(v.Subject); ok {
		bs = append(bs, b)
	}
	if !v.UndoUntil.IsZero() {
		b := undoButton(l, v.ID.String())
		b.Style = card.Risky
		bs = append(bs, b)
	}
	return bs
}

// PhotoOffer asks which visit a photo belongs to.
func PhotoOffer(f WorkFrame, photo activity.Photo, visits []activity.Named, file FileFor) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("这张照片是哪次拜访的？", "Which visit is this photo of?"), Tone: card.Info, Subtitle: photo.Name}
	var bs []card.Button
	for _, v := range visits {
		c.About = append(c.About, v.Ref())
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: v.ID.String() + " " + v.Name, Bold: true}, {Text: " · " + f.moment(v.At), Tone: card.Muted}}})
		bs = append(bs, card.Button{Label: l.T("附到 ", "Add to ") + v.ID.String(), Action: AttachPhoto{Photo: photo.ID, Activity: v.ID},
			Command: fmt.Sprintf(l.T("/活动 %s 附照片 #%d", "/activity %s photo #%d"), v.ID, photo.ID)})
	}
	if file.Ref != (crm.Ref{}) {
		at := min(1, len(bs))
		if file.First {
			at = 0
			c.Title = l.T("这张照片加到哪里？", "Where does this photo go?")
		}
		bs = slices.Insert(bs, at, addFile(l, file.File, file.Ref))
	}
	if file.New {
		bs = append(bs, newLeadWithFile(l, file.File))
	}
	c.Blocks = append(c.Blocks, card.Buttons{Items: leading(bs)})
	return c
}

// Timeline lists what happened with a record, newest first.
func Timeline(f WorkFrame, ref crm.Ref, name string, lines []activity.Line) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("跟进历史 · ", "History · ") + name, Subtitle: ref.String(), Tone: card.Info, About: []crm.Ref{ref}}
	if len(lines) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("还没有任何记录。", "Nothing has been logged yet.")))
	}
	for i, x := range lines {
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		c.Blocks = append(c.Blocks, f.historyLine(x))
	}
	if ref.Kind != crm.KindContract {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{f.logButton(l.T("记录", "Log"), activity.KindFollowUp, ref)}})
	}
	return c
}

func (f WorkFrame) historyLine(x activity.Line) card.Text {
	l := f.Lang
	head := f.moment(x.At) + " · " + x.Kind.Name(l) + " · " + x.UserName
	spans := []card.Span{{Text: head, Bold: true}, {Text: " " + x.ID.String(), Tone: card.Muted}}
	if r := x.Result.Name(l); r != "" {
		spans = append(spans, card.Span{Text: " · " + r})
	}
	if !x.Valid {
		spans = append(spans, card.Span{Text: l.T(" · 未达有效", " · not valid"), Tone: card.Muted})
	}
	if x.Note != "" {
		spans = append(spans, card.Span{Text: "\n" + clipRunes(x.Note, 120)})
	}
	if x.Step != nil && x.Step.State == activity.StepOpen {
		spans = append(spans, card.Span{Text: "\n→ " + x.Step.Due.Format(l) + " " + x.Step.Text, Tone: card.Info})
	}
	return card.Text{Spans: spans}
}

// clipRunes is the text in at most n characters.
func clipRunes(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
