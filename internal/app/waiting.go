package app

import (
	"context"
	"fmt"
	"strings"

	"crmbot/handlers"
	"crmbot/internal/activity"
	"crmbot/internal/crm"
)

// waiting tells the daily list what waits for a person's decision.
type waiting struct{ *handlers.Services }

// WaitingFor implements activity.Approvals: approvals, then extensions, stopped
// releases and hand-overs.
func (w waiting) WaitingFor(ctx context.Context, a crm.Actor) ([]activity.Waiting, error) {
	items, err := w.Approvals.Pending(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []activity.Waiting
	for _, x := range items {
		out = append(out, activity.Waiting{Request: x.Request.ID, Title: x.Request.Title, Since: x.Task.OpenedAt, Urgent: x.Request.Urgent})
	}
	l := a.Lang
	asked, stopped, err := w.Recycle.Undecided(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, r := range asked {
		code := r.Ref.String()
		out = append(out, activity.Waiting{Title: l.T("延期 ", "Extension of ") + strings.TrimSpace(code+" "+r.Name) + l.T(" · "+r.OwnerName+"："+r.Reason, " · "+r.OwnerName+": "+r.Reason), Since: r.AskedAt,
			Acts: []activity.Act{{Label: l.T("同意 ", "Approve ") + code, Line: l.T("/同意延期 ", "/approveextend ") + code}, {Label: l.T("不同意 ", "Decline ") + code, Line: l.T("/婉拒延期 ", "/declineextend ") + code}}})
	}
	for _, r := range stopped {
		out = append(out, activity.Waiting{Title: l.T(fmt.Sprintf("%s 的回收已暂停：%d 条", r.Day, r.Total), fmt.Sprintf("The releases of %s have stopped: %d records", r.Day, r.Total)), Since: r.AskedAt, Urgent: true,
			Acts: []activity.Act{{Label: l.T("释放这些", "Release them"), Line: l.T("/同意回收 ", "/approverecycle ") + string(r.Day)}, {Label: l.T("今天不释放", "Not today"), Line: l.T("/取消回收 ", "/cancelrecycle ") + string(r.Day)}}})
	}
	open, err := w.Handovers.Mine(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, h := range open {
		name := w.Directory.Name(ctx, h.User)
		out = append(out, activity.Waiting{Title: l.T(name+" 的交接", "The hand-over of "+name), Since: h.AskedAt, Acts: []activity.Act{{Label: l.T("打开交接", "Open it"), Line: l.T("/交接 ", "/handover ") + name}}})
	}
	return out, nil
}
