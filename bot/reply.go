package bot

import "crmbot/cards/card"

// Tone of a toast.
const (
	ToastInfo    = "info"
	ToastSuccess = "success"
	ToastError   = "error"
)

// Reply is the answer to one event. The zero value answers nothing.
type Reply struct {
	// Text is a plain answer, used when there is no card.
	Text string
	Card *card.Card
	// View is what Card shows, so that it can be updated later. Zero: one-off.
	View View
	// Update replaces the pressed card by Card instead of sending a new one.
	Update bool
	// Toast is the short pop-up that answers a press; on platforms or events
	// without pop-ups it is sent as text unless there is a card.
	Toast     string
	ToastTone string
	// Private keeps the details out of a group: there they go to the person's
	// 1:1 chat and the group gets a line that says so (PM-03).
	Private bool
	// Files are sent after the card.
	Files []File
	// Also are further answers, in order.
	Also []Reply

	// transient marks a failure that a redelivery of the event could mend.
	transient bool
	// unfinished marks an answer that came before the event took effect.
	unfinished bool
	err        error
}

// Unfinished reports whether the event is still being handled, here or by
// another replica: a platform that delivers again what was not acknowledged
// should not be told yet that it was, or a crash would lose the event.
func (r Reply) Unfinished() bool { return r.unfinished }

// Err is why the request was refused or failed; nil for every other answer.
func (r Reply) Err() error { return r.err }

// Refusing marks a card as a refusal with the reason: what was asked for was
// not done, and the card shows what can be done instead.
func (r Reply) Refusing(err error) Reply {
	r.err = err
	return r
}

// Retry reports that a redelivery of the event could still do its work: it
// failed for a reason that passes, or another process is handling it at this
// moment. Adapters of platforms that redeliver do not acknowledge such an
// event when there is nothing to show.
func (r Reply) Retry() bool { return r.transient }

// Say is a plain text answer.
func Say(text string) Reply { return Reply{Text: text} }

// Show is a card answer.
func Show(c card.Card, v View) Reply { return Reply{Card: &c, View: v} }

// Replace updates the pressed card.
func Replace(c card.Card, v View, toast string) Reply {
	return Reply{Card: &c, View: v, Update: true, Toast: toast, ToastTone: ToastSuccess}
}

// Empty reports whether there is nothing to send.
func (r Reply) Empty() bool {
	return r.Text == "" && r.Card == nil && r.Toast == "" && len(r.Files) == 0 && len(r.Also) == 0
}
