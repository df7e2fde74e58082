package cards

import (
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/undo"
)

// TakeBack takes back a deed of the presser.
type TakeBack struct {
	Ref string `json:"r"`
}

// ActionName implements card.Action.
func (TakeBack) ActionName() string { return "undo.take" }

// undoButton takes back the deed that the ref names.
func undoButton(l crm.Lang, ref string) card.Button {
	return card.Button{Label: l.T("撤销", "Undo"), Action: TakeBack{Ref: ref}, Command: l.T("/撤销 ", "/undo ") + ref}
}

// TakenBack tells what was taken back.
func TakenBack(l crm.Lang, e undo.Entry) card.Card {
	c := card.Card{Lang: l, Title: l.T("已撤销 · ", "Taken back · ") + e.Title.In(l), Subtitle: e.Ref, Tone: card.Muted}
	c.Blocks = append(c.Blocks, card.P(l.T("它带来的数字、提醒和状态都已恢复。", "Its numbers, reminders and states are as they were before.")))
	return c
}
