package cards

import (
	"fmt"
	"strconv"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/approval"
	"crmbot/internal/crm"
)

// ApproveRequest agrees to a request; the form's comment travels with it.
type ApproveRequest struct {
	Request crm.RequestID `json:"r"`
	Task    int64         `json:"t,omitempty"`
	Hash    string        `json:"h,omitempty"` // the beginning of the content's hash
}

// ActionName implements card.Action.
func (ApproveRequest) ActionName() string { return "approval.approve" }

// RejectRequest refuses a request; the comment is its reason.
type RejectRequest struct {
	Request crm.RequestID `json:"r"`
	Task    int64         `json:"t,omitempty"`
	Hash    string        `json:"h,omitempty"`
}

// ActionName implements card.Action.
func (RejectRequest) ActionName() string { return "approval.reject" }

// ReturnRequest sends a request back; the comment names the conditions.
type ReturnRequest struct {
	Request crm.RequestID `json:"r"`
	Task    int64         `json:"t,omitempty"`
	Hash    string        `json:"h,omitempty"`
}

// ActionName implements card.Action.
func (ReturnRequest) ActionName() string { return "approval.return" }

// WithdrawRequest takes a request back.
type WithdrawRequest struct {
	Request crm.RequestID `json:"r"`
}

// ActionName implements card.Action.
func (WithdrawRequest) ActionName() string { return "approval.withdraw" }

// CommentInput is the name of the comment in an approval's form.
const CommentInput = "comment"

// ApprovalView is an approval as one person sees it.
type ApprovalView struct {
	Chain     approval.Chain
	Brief     approval.Brief
	Decisions []approval.Decision
	// Name is a person's name.
	Name func(crm.UserID) string
	// Mine is the task that the viewer may decide now; nil: none.
	Mine *approval.Task
	// Own says that the viewer submitted the request.
	Own bool
	// Waited is the working time since the viewer was asked.
	Waited time.Duration
	// Remind makes the card a reminder.
	Remind bool
	Zone   *time.Location
}

// kindWords are the names of what is approved.
var kindWords = map[string]crm.Text{"contract": {Zh: "合同审批", En: "Contract approval"}, "quote": {Zh: "报价审批", En: "Quote approval"}}

func kindWord(kind string, l crm.Lang) string {
	if t, ok := kindWords[kind]; ok {
		return t.In(l)
	}
	return l.T("审批", "Approval")
}

func approvalTone(s approval.State) card.Tone {
	switch s {
	case approval.Open:
		return card.Info
	case approval.Approved:
		return card.Success
	case approval.Rejected, approval.Returned:
		return card.Danger
	}
	return card.Muted
}

// Approval is the card of a request: what matters for deciding on a phone, how
// far it is, and the controls that this person has.
func Approval(l crm.Lang, v ApprovalView) card.Card {
	r := v.Chain.Request
	c := card.Card{Lang: l, Title: kindWord(r.Kind, l) + " " + r.ID.String() + " · " + r.Amount.Short(l), Subtitle: r.Title, Tone: approvalTone(r.State),
		Tags: []card.Tag{{Text: r.State.Name(l), Tone: approvalTone(r.State)}}, About: []crm.Ref{r.ID.Ref(), r.Ref}}
	if r.Urgent {
		c.Tags = append(c.Tags, card.Tag{Text: l.T("加急", "urgent"), Tone: card.Danger})
	}
	if r.Round > 1 {
		c.Tags = append(c.Tags, card.Tag{Text: l.T(fmt.Sprintf("第 %d 次提交", r.Round), fmt.Sprintf("submission %d", r.Round)), Tone: card.Warning})
	}
	c.Summary = c.Title + " " + v.Name(r.Submitter)
	if v.Remind && v.Mine != nil {
		c.Tone = card.Warning
		c.Summary = l.T("等您审批 ", "Waits for you: ") + c.Title
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: waitedText(l, v.Waited), Bold: true, Tone: card.Warning}}})
	}
	c.Blocks = append(c.Blocks, resultBlocks(l, v)...)
	c.Blocks = append(c.Blocks, briefBlocks(l, v)...)
	c.Blocks = append(c.Blocks, card.Heading{Text: l.T("审批进度", "Progress"), Level: 3}, ChainText(l, v.Chain, v.Decisions, v.Name, v.Zone))
	if v.Mine != nil {
		c.Blocks = append(c.Blocks, decisionForm(l, r, v.Mine))
	}
	return withApprovalButtons(l, c, v)
}

func withApprovalButtons(l crm.Lang, c card.Card, v ApprovalView) card.Card {
	r := v.Chain.Request
	var bs []card.Button
	if r.Ref.Kind == crm.KindContract {
		bs = append(bs, CommandButton(l.T("查看合同", "Open contract"), l.T("/合同 ", "/contract ")+r.Ref.String()))
	}
	if v.Own && r.State == approval.Open {
		bs = append(bs, card.Button{Label: l.T("撤回", "Withdraw"), Action: WithdrawRequest{r.ID}, Command: l.T("/撤回 ", "/withdraw ") + r.ID.String(),
			Confirm: &card.Confirm{Title: l.T("撤回审批？", "Withdraw the request?"), Text: l.T("撤回后可以修改并重新提交。", "You can change and submit it again.")}})
	}
	if len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	return c
}

func waitedText(l crm.Lang, d time.Duration) string {
	h := strconv.FormatFloat(d.Hours(), 'f', 1, 64)
	return l.T("已等您 "+h+" 个工作小时，请尽快处理。", "This has waited "+h+" working hours for you.")
}

// waitedShort is the working time for a narrow place.
func waitedShort(l crm.Lang, d time.Duration) string {
	switch m := int(d.Minutes()); {
	case m < 1:
		return l.T("刚刚", "just now")
	case m < 60:
		return l.T(strconv.Itoa(m)+" 分钟", strconv.Itoa(m)+" min")
	}
	h := strconv.FormatFloat(d.Hours(), 'f', 1, 64)
	return l.T(h+" 小时", h+" h")
}

// resultBlocks say first what became of a request that has ended.
func resultBlocks(l crm.Lang, v ApprovalView) []card.Block {
	r := v.Chain.Request
	var text string
	by := v.Name(r.EndedBy)
	switch r.State {
	case approval.Approved:
		text = l.T("全部审批人已同意。", "Everybody has approved.")
	case approval.Rejected:
		text = l.T(by+" 驳回："+r.Comment, by+" rejected: "+r.Comment)
	case approval.Returned:
		text = l.T(by+" 退回，条件："+r.Comment, by+" sent it back, conditions: "+r.Comment)
	case approval.Withdrawn:
		text = l.T("提交人已撤回。", "Its submitter withdrew it.")
	case approval.Void:
		text = l.T("内容已变更，这次审批已失效。重新提交后会收到新的审批卡。", "The content has changed and this request is void. A new card comes when it is submitted again.")
	default:
		if r.Note == "" {
			return nil
		}
		return []card.Block{card.P(l.T("提交说明：", "Note: ") + r.Note)}
	}
	return []card.Block{card.Text{Spans: []card.Span{{Text: text, Bold: true, Tone: approvalTone(r.State)}}}}
}

func briefBlocks(l crm.Lang, v ApprovalView) []card.Block {
	r := v.Chain.Request
	items := fieldsOf(l, v.Brief.Facts)
	items = append(items, card.Field{Label: l.T("提交人", "Submitted by"), Value: v.Name(r.Submitter)},
		card.Field{Label: l.T("提交时间", "Submitted"), Value: clockText(r.SubmittedAt, v.Zone)})
	out := []card.Block{card.Fields{Items: items}}
	if len(v.Brief.Changes) > 0 {
		out = append(out, card.Heading{Text: l.T("与上次提交相比", "Changed since the last submission"), Level: 3})
		t := card.Text{}
		for i, x := range v.Brief.Changes {
			if i > 0 {
				t.Spans = append(t.Spans, card.Span{Text: "\n"})
			}
			t.Spans = append(t.Spans, card.Span{Text: x.Label.In(l) + l.T("：", ": ")}, card.Span{Text: x.Before.In(l), Strike: true, Tone: card.Muted}, card.Span{Text: " → "},
				card.Span{Text: x.After.In(l), Bold: true, Tone: card.Warning})
		}
		out = append(out, t)
	}
	if len(v.Brief.History) > 0 {
		out = append(out, card.Fields{Items: fieldsOf(l, v.Brief.History)})
	}
	return out
}

func fieldsOf(l crm.Lang, lines []approval.Line) []card.Field {
	out := make([]card.Field, 0, len(lines)+2)
	for _, x := range lines {
		f := card.Field{Label: x.Label.In(l), Value: x.Value.In(l), Wide: x.Wide}
		if x.Alert {
			f.Tone = card.Warning
		}
		out = append(out, f)
	}
	return out
}

func decisionForm(l crm.Lang, r approval.Request, t *approval.Task) card.Form {
	hash := r.Hash[:min(16, len(r.Hash))]
	id := r.ID.String()
	return card.Form{Name: "decide", Inputs: []card.Input{{Kind: card.MultilineInput, Name: CommentInput, Label: l.T("意见", "Comment"),
		Placeholder: l.T("同意可不填；驳回请写原因", "optional to approve; a reason to reject"), MaxLen: 500}},
		Submit: card.Button{Label: l.T("同意", "Approve"), Style: card.Primary, Action: ApproveRequest{r.ID, t.ID, hash}, Command: l.T("/同意 ", "/approve ") + id},
		Extra: []card.Button{
			{Label: l.T("驳回", "Reject"), Style: card.Risky, Action: RejectRequest{r.ID, t.ID, hash}, Command: l.T("/驳回 "+id+" 原因", "/reject "+id+" reason")},
			{Label: l.T("退回修改", "Send back"), Action: ReturnRequest{r.ID, t.ID, hash}, Command: l.T("/退回 "+id+" 条件", "/counter "+id+" conditions")},
		},
		Example: l.T("/驳回 "+id+" 付款条件超出范围", "/reject "+id+" payment terms out of range")}
}

// ChainText shows how far a request is, one line an approver.
func ChainText(l crm.Lang, c approval.Chain, ds []approval.Decision, name func(crm.UserID) string, zone *time.Location) card.Text {
	comments := map[int64]string{}
	for _, d := range ds {
		if d.Action != approval.ActDelegate && d.Action != approval.ActAdd {
			comments[d.Task] = d.Comment
		}
	}
	var t card.Text
	line := func(spans ...card.Span) {
		if len(t.Spans) > 0 {
			t.Spans = append(t.Spans, card.Span{Text: "\n"})
		}
		t.Spans = append(t.Spans, spans...)
	}
	for _, n := range c.Nodes {
		for _, x := range n.Tasks {
			who := name(x.User)
			if x.DecidedBy != 0 && x.DecidedBy != x.User {
				who = name(x.DecidedBy) + l.T("（代 "+name(x.User)+"）", " (for "+name(x.User)+")")
			} else if x.For != 0 && x.For != x.User {
				who += l.T("（代 "+name(x.For)+"）", " (for "+name(x.For)+")")
			}
			mark, word, tone := taskWord(l, x, n)
			text := n.Label.In(l) + " · " + who + " " + word
			if !x.DecidedAt.IsZero() && x.State != approval.Counted {
				text += " " + clockText(x.DecidedAt, zone)
			}
			if q := comments[x.ID]; q != "" && (x.State == approval.Passed || x.State == approval.Refused) {
				text += l.T(" “"+q+"”", " “"+q+"”")
			}
			line(card.Span{Text: mark + " ", Tone: tone}, card.Span{Text: text, Tone: tone, Bold: x.State == approval.Asked})
			if x.Upper != 0 && x.State == approval.Asked {
				line(card.Span{Text: l.T("    已升级给 ", "    escalated to ") + name(x.Upper), Tone: card.Warning})
			} else if x.Deputy != 0 && x.State == approval.Asked {
				line(card.Span{Text: l.T("    代理人可处理：", "    deputy may act: ") + name(x.Deputy), Tone: card.Warning})
			}
		}
	}
	if len(t.Spans) == 0 {
		t.Spans = []card.Span{{Text: l.T("没有审批人", "no approvers")}}
	}
	return t
}

func taskWord(l crm.Lang, t approval.Task, n approval.Node) (mark, word string, tone card.Tone) {
	switch t.State {
	case approval.Passed:
		return "✓", l.T("已同意", "approved"), card.Success
	case approval.Refused:
		return "✗", l.T("未同意", "refused"), card.Danger
	case approval.Counted:
		return "✓", l.T("前面已同意", "approved before"), card.Success
	case approval.Asked:
		return "●", l.T("待处理", "to decide"), card.Info
	case approval.Closed:
		if n.State == approval.Passed {
			return "–", l.T("无需处理", "not needed"), card.Muted
		}
		return "–", l.T("已关闭", "closed"), card.Muted
	}
	return "○", l.T("未开始", "not yet"), card.Muted
}

func clockText(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if zone != nil {
		t = t.In(zone)
	}
	return t.Format("01-02 15:04")
}
