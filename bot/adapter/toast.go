package adapter

import (
	"crmbot/bot"
	"crmbot/cards/card"
)

// Headed is a card whose first line is the pop-up that a command would have if
// platforms had pop-ups outside the answer to a press.
func Headed(c card.Card, toast, tone string) card.Card {
	ink := card.Info
	switch tone {
	case bot.ToastSuccess:
		ink = card.Success
	case bot.ToastError:
		ink = card.Danger
	}
	c.Blocks = append([]card.Block{card.Text{Spans: []card.Span{{Text: toast, Tone: ink, Bold: true}}}}, c.Blocks...)
	return c
}
