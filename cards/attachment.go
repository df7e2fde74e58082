package cards

import (
	"fmt"

	"crmbot/cards/card"
	"crmbot/internal/attachment"
	"crmbot/internal/crm"
)

// NewLeadWithFile opens the form for a new lead that keeps a file.
type NewLeadWithFile struct {
	File int64 `json:"f"`
}

// ActionName implements card.Action.
func (NewLeadWithFile) ActionName() string { return "attachment.new_lead" }

// newLeadWithFile is the button that makes a lead of a picture or a message.
func newLeadWithFile(l crm.Lang, id int64) card.Button {
	return card.Button{Label: l.T("新建线索并保留附件", "New lead with this file"), Action: NewLeadWithFile{File: id}, Command: l.T(fmt.Sprintf("/附件 新建 %d", id), fmt.Sprintf("/files new %d", id))}
}

// AddFile gives a file to a record.
type AddFile struct {
	File int64  `json:"f"`
	Ref  string `json:"r"`
}

// ActionName implements card.Action.
func (AddFile) ActionName() string { return "attachment.add" }

// addFile is the button that gives a file to a record.
func addFile(l crm.Lang, id int64, ref crm.Ref) card.Button {
	return card.Button{Label: l.T("加到 ", "Add to ") + ref.String(), Action: AddFile{File: id, Ref: ref.String()}, Command: l.T(fmt.Sprintf("/附件 %s %d", ref, id), fmt.Sprintf("/files %s %d", ref, id))}
}

// FileFor is what else a photo can be than one of a visit: a file of the record last
// talked about, before the visits if First, or what a new lead is made of.
type FileFor struct {
	File       int64
	Ref        crm.Ref
	First, New bool
}

// leading marks the first of some buttons as the likely one.
func leading(bs []card.Button) []card.Button {
	if len(bs) > 0 {
		bs[0].Style = card.Primary
	}
	return bs
}

// FileOffer asks what a picture, a document or a forwarded text is about; to is the
// record last talked about.
func FileOffer(l crm.Lang, f attachment.File, excerpt string, to crm.Ref) card.Card {
	c := card.Card{Lang: l, Title: l.T("收到附件，要做什么？", "What should be done with this file?"), Subtitle: f.Name, Tone: card.Info}
	if excerpt != "" {
		c.Title = l.T("收到一段文字，要做什么？", "What should be done with this text?")
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: shorten(excerpt, 120), Tone: card.Muted}}})
	}
	var bs []card.Button
	if to != (crm.Ref{}) {
		bs = append(bs, addFile(l, f.ID, to))
	}
	c.Blocks = append(c.Blocks, card.Buttons{Items: leading(append(bs, newLeadWithFile(l, f.ID)))},
		card.Note{Text: l.T(fmt.Sprintf("加到已有的线索或客户：/附件 L-12 %d。24 小时内没有归属会自动删除。", f.ID), fmt.Sprintf("To add it to a lead or an account: /files L-12 %d. Without a record it is deleted after 24 hours.", f.ID))})
	return c
}

// filesButton shows the files of a record; false when there are none.
func filesButton(l crm.Lang, ref crm.Ref, n int) (card.Button, bool) {
	return CommandButton(l.T(fmt.Sprintf("附件（%d）", n), fmt.Sprintf("Files (%d)", n)), l.T("/附件 ", "/files ")+ref.String()), n > 0
}
