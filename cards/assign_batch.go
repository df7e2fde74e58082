package cards

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// AssignBatch gives several leads to one person, or out by the rules with a zero
// one. The ids are in base 36, separated by commas.
type AssignBatch struct {
	Leads string     `json:"l"`
	To    crm.UserID `json:"u,omitempty"`
}

// ActionName implements card.Action.
func (AssignBatch) ActionName() string { return "assign.batch" }

// NewAssignBatch is the payload for the leads.
func NewAssignBatch(ids []crm.LeadID, to crm.UserID) AssignBatch {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(int64(id), 36)
	}
	return AssignBatch{Leads: strings.Join(words, ","), To: to}
}

// IDs are the leads of the payload.
func (b AssignBatch) IDs() []crm.LeadID {
	var out []crm.LeadID
	for _, w := range strings.Split(b.Leads, ",") {
		if n, err := strconv.ParseInt(w, 36, 64); err == nil {
			out = append(out, crm.LeadID(n))
		}
	}
	return out
}

func sortedNames(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// batchRows bounds the rows that a card of a batch shows.
const batchRows = 30

// AssignConfirm asks before many leads move. line is the command that does it.
func AssignConfirm(f LeadFrame, ids []crm.LeadID, to crm.UserID, name string, r assign.Room, line string) card.Card {
	l := f.Lang
	n := len(r.Leads)
	c := card.Card{Lang: l, Tone: card.Warning, Title: l.T(fmt.Sprintf("分配 %d 条线索？", n), fmt.Sprintf("Assign %d leads?", n))}
	if to != 0 {
		c.Title = l.T(fmt.Sprintf("把 %d 条线索分配给 %s？", n, name), fmt.Sprintf("Assign %d leads to %s?", n, name))
		free := max(0, r.Hold-r.Held)
		text := l.T(fmt.Sprintf("%s 现在持有 %d/%d，还可接收 %d 条（P-03）。", name, r.Held, r.Hold, free), fmt.Sprintf("%s holds %d of %d and can take %d more (P-03).", name, r.Held, r.Hold, free))
		if free < n {
			text += l.T(fmt.Sprintf("超出的 %d 条不会分配。", n-free), fmt.Sprintf(" The other %d will not be assigned.", n-free))
		}
		c.Blocks = append(c.Blocks, card.P(text))
	} else {
		var parts []string
		for _, rule := range sortedNames(r.Plans) {
			what := l.T("规则“"+rule+"”", "rule “"+rule+"”")
			switch rule {
			case "":
				what = l.T("没有适用的规则", "no rule")
			case "*":
				what = l.T("公海的默认方式", "the way of the pool")
			}
			parts = append(parts, l.T(fmt.Sprintf("%s %d 条", what, r.Plans[rule]), fmt.Sprintf("%s: %d", what, r.Plans[rule])))
		}
		c.Blocks = append(c.Blocks, card.P(l.T("按规则分配：", "By the rules: ")+strings.Join(parts, l.T("、", ", "))))
	}
	lines := make([]string, 0, batchRows)
	for _, x := range r.Leads[:min(n, batchRows)] {
		lines = append(lines, leadLine(l, x))
	}
	if n > batchRows {
		lines = append(lines, l.T(fmt.Sprintf("……还有 %d 条", n-batchRows), fmt.Sprintf("… and %d more", n-batchRows)))
	}
	if n == 0 {
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.P(l.T("没有可以分配的线索。", "There is no lead that could be assigned.")))
		return c
	}
	c.Blocks = append(c.Blocks, card.Collapsible{Title: l.T("线索", "Leads"), Open: n <= 10, Blocks: []card.Block{card.P(strings.Join(lines, "\n"))}},
		card.Buttons{Items: []card.Button{{Label: l.T("确认分配", "Assign them"), Style: card.Primary, Action: NewAssignBatch(ids, to), Command: line}}},
		card.Note{Text: l.T("分配后短时间内可以撤销。", "For a while it can be taken back.")})
	return c
}

func leadLine(l crm.Lang, x lead.Lead) string {
	s := strings.TrimSpace(x.ID.String() + " " + x.Name())
	if x.Grade != "" {
		s += l.T(" · "+string(x.Grade)+" 级", " · grade "+string(x.Grade))
	}
	return joinDots(s, x.City)
}

// AssignResult tells what became of each lead of a batch.
func AssignResult(f LeadFrame, g assign.Given, n AssignNames) card.Card {
	l := f.Lang
	good := g.Good()
	c := card.Card{Lang: l, Tone: card.Success, Title: l.T(fmt.Sprintf("分配：成功 %d 条，未成功 %d 条", good, len(g.Items)-good), fmt.Sprintf("Assigned: %d done, %d not", good, len(g.Items)-good))}
	if good < len(g.Items) {
		c.Tone = card.Warning
	}
	rows := make([][]card.Cell, len(g.Items))
	for i, x := range g.Items {
		cell := card.Cell{Tone: card.Success}
		switch {
		case x.Err != nil:
			cell = card.Cell{Text: crm.MessageOf(x.Err, l), Tone: card.Danger}
		case !x.Until.IsZero():
			cell.Text = l.T("已派给 "+n.Person(x.To)+"，"+f.minute(x.Until)+" 前确认", "offered to "+n.Person(x.To)+" until "+f.minute(x.Until))
		case !x.Later.IsZero():
			cell = card.Cell{Text: l.T(f.minute(x.Later)+" 工作时间再派", "goes on at "+f.minute(x.Later)), Tone: card.Info}
		case x.To != 0:
			cell.Text = l.T("交给 "+n.Person(x.To), "given to "+n.Person(x.To))
		case x.Result == assign.ToPool:
			cell = card.Cell{Text: l.T("留在公海待认领", "left in the pool to be claimed"), Tone: card.Info}
		case x.Result == assign.ToManager:
			cell = card.Cell{Text: l.T("已转经理", "a manager was asked"), Tone: card.Info}
		}
		rows[i] = []card.Cell{{Text: strings.TrimSpace(x.ID.String() + " " + x.Name)}, {Text: string(x.Grade), Tone: leadGradeTone(x.Grade)}, cell}
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("线索", "Lead")}, {Title: l.T("等级", "Grade")}, {Title: l.T("结果", "Result")}}, Rows: rows}}
	if g.Batch != 0 && f.Now.Before(g.Until) {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{undoButton(l, assign.BatchRef(g.Batch))}},
			card.Note{Text: l.T(f.minute(g.Until)+" 前可以撤销：从公海分出、还没有跟进的线索放回公海。", "Until "+f.minute(g.Until)+" it can be taken back: what came from the pool and was not worked on goes back there.")})
	}
	return c
}

// AssignReceived tells somebody in one card which leads a manager gave them.
func AssignReceived(f LeadFrame, by string, ls []lead.Lead, me crm.UserID) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Tone: card.Info, Title: l.T(fmt.Sprintf("%s 分配给您 %d 条线索", by, len(ls)), fmt.Sprintf("%s assigned %d leads to you", by, len(ls)))}
	c.Summary = c.Title
	rows := make([][]card.Cell, len(ls))
	for i, x := range ls {
		open := f.openButton(x.ID, l.T("打开", "Open"))
		row := []card.Cell{{Text: strings.TrimSpace(x.ID.String() + " " + x.Name())}, {Text: string(x.Grade), Tone: leadGradeTone(x.Grade)}, {Text: open.Label, Action: &open}}
		if x.Owner != me {
			row = []card.Cell{{Text: x.ID.String()}, {}, {Text: l.T("已不在您名下", "not yours any more"), Tone: card.Muted}}
		}
		rows[i] = row
		if i < maxAbout {
			c.About = append(c.About, x.Ref())
		}
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("线索", "Lead")}, {Title: l.T("等级", "Grade")}, {Title: ""}}, Rows: rows},
		card.Buttons{Items: []card.Button{CommandButton(l.T("我的线索", "My leads"), l.T("/我的线索", "/leads"))}}}
	return c
}

// AssignUndone tells somebody in one card that what they got in a batch was put
// back into the pool.
func AssignUndone(f LeadFrame, by string, ids []crm.LeadID) card.Card {
	l, n := f.Lang, len(ids)
	c := card.Card{Lang: l, Tone: card.Muted, Title: l.T(fmt.Sprintf("%s 撤销了分配：%d 条已退回公海", by, n), fmt.Sprintf("%s took an assignment back: %d leads are in the pool again", by, n))}
	c.Summary = c.Title
	codes := make([]string, 0, batchRows)
	for _, id := range ids[:min(n, batchRows)] {
		codes = append(codes, id.String())
	}
	text := strings.Join(codes, l.T("、", ", "))
	if n > batchRows {
		text += l.T(fmt.Sprintf("……还有 %d 条", n-batchRows), fmt.Sprintf(" … and %d more", n-batchRows))
	}
	c.Blocks = []card.Block{card.P(text), card.Note{Text: l.T("不用再联系它们；不计入您的释放。", "You need not contact them; it does not count as a release of yours.")},
		card.Buttons{Items: []card.Button{CommandButton(l.T("我的线索", "My leads"), l.T("/我的线索", "/leads"))}}}
	return c
}

// lateRows bounds the rows of a card about late leads.
const lateRows = 20

// AssignLate lists the viewer's own leads without contact (AS-04).
func AssignLate(f LeadFrame, list []assign.LateLead) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Tone: card.Danger, Title: l.T("首次联系已超时", "First contact is late")}
	if len(list) == 0 {
		c.Tone = card.Success
		c.Blocks = []card.Block{card.P(l.T("都已联系，没有超时的线索。", "All were contacted; nothing is late."))}
		return c
	}
	c.Subtitle = l.T(fmt.Sprintf("%d 条，请今天联系", len(list)), fmt.Sprintf("%d leads, please contact them today", len(list)))
	c.Summary = l.T(fmt.Sprintf("%d 条线索首次联系已超时", len(list)), fmt.Sprintf("the first contact of %d leads is late", len(list)))
	rows := make([][]card.Cell, min(len(list), lateRows))
	for i, x := range list[:len(rows)] {
		log := CommandButton(l.T("记跟进", "Log"), f.command("跟进", "log", x.ID.String()))
		rows[i] = []card.Cell{{Text: strings.TrimSpace(x.ID.String() + " " + x.Name())}, {Text: string(x.Grade), Tone: leadGradeTone(x.Grade)}, {Text: f.minute(x.Due), Tone: card.Danger}, {Text: log.Label, Action: &log}}
		c.About = append(c.About, x.Ref())
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("线索", "Lead")}, {Title: l.T("等级", "Grade")}, {Title: l.T("应在", "Was due")}, {Title: ""}}, Rows: rows},
		card.Note{Text: l.T("仍未联系会告知经理，之后建议改派（AS-04）。", "Without contact the manager is told next, and then it is to be reassigned (AS-04).")}}
	return c
}

// AssignTeamLate lists for a manager the leads of their teams without contact,
// and lets them reassign those that waited longest (AS-04).
func AssignTeamLate(f LeadFrame, list []assign.LateLead, n AssignNames) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Tone: card.Danger, Title: l.T("团队里一直没有联系的线索", "Leads of your team without contact")}
	if len(list) == 0 {
		c.Tone = card.Success
		c.Blocks = []card.Block{card.P(l.T("都已联系。", "All were contacted."))}
		return c
	}
	c.Summary = l.T(fmt.Sprintf("团队有 %d 条线索一直没有联系", len(list)), fmt.Sprintf("%d leads of your team were not contacted", len(list)))
	rows := make([][]card.Cell, min(len(list), lateRows))
	for i, x := range list[:len(rows)] {
		pass := card.Button{Label: l.T("改派", "Reassign"), Action: AskPass{Lead: x.ID}, Command: f.command("分配", "assign", x.ID.String())}
		tone := card.Warning
		if x.Stage == assign.Again {
			tone = card.Danger
		}
		rows[i] = []card.Cell{{Text: strings.TrimSpace(x.ID.String() + " " + x.Name())}, {Text: string(x.Grade), Tone: leadGradeTone(x.Grade)}, {Text: n.Person(x.Owner)}, {Text: l.T("应在 ", "due ") + f.minute(x.Due) + " · " + x.Stage.Name(l), Tone: tone}, {Text: pass.Label, Action: &pass}}
		c.About = append(c.About, x.Ref())
	}
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("线索", "Lead")}, {Title: l.T("等级", "Grade")}, {Title: l.T("负责人", "Owner")}, {Title: l.T("状态", "State")}, {Title: ""}}, Rows: rows},
		card.Note{Text: l.T("打开 AS-04.auto_reassign 后，到了建议改派的时间会自动改派。", "With AS-04.auto_reassign on, what is to be reassigned goes to somebody else by itself.")}}
	return c
}
