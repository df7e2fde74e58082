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
	return card.Button{Label: l.T("新建线索并保留附件", "New lead with this file"), Style: card.Primary, Action: NewLeadWithFile{File: id}, Command: l.T(fmt.Sprintf("/附件 新建 %d", id), fmt.Sprintf("/files new %d", id))}
}

// FileOffer asks what a picture, a document or a forwarded text is about.
func FileOffer(l crm.Lang, f attachment.File, excerpt string) card.Card {
	c := card.Card{Lang: l, Title: l.T("收到附件，要做什么？", "What should be done with this file?"), Subtitle: f.Name, Tone: card.Info}
	if excerpt != "" {
		c.Title = l.T("收到一段文字，要做什么？", "What should be done with this text?")
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: shorten(excerpt, 120), Tone: card.Muted}}})
	}
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{newLeadWithFile(l, f.ID)}},
		card.Note{Text: l.T(fmt.Sprintf("加到已有的线索或客户：/附件 L-12 %d。24 小时内没有归属会自动删除。", f.ID), fmt.Sprintf("To add it to a lead or an account: /files L-12 %d. Without a record it is deleted after 24 hours.", f.ID))})
	return c
}

// filesButton shows the files of a record; false when there are none.
func filesButton(l crm.Lang, ref crm.Ref, n int) (card.Button, bool) {
	return CommandButton(l.T(fmt.Sprintf("附件（%d）", n), fmt.Sprintf("Files (%d)", n)), l.T("/附件 ", "/files ")+ref.String()), n > 0
}
