package activity

import (
	"time"

	"crmbot/internal/crm"
)

// DraftID is the id of a draft.
type DraftID int64

// DraftState is what became of a draft.
type DraftState string

// The states of a draft.
const (
	DraftOpen    DraftState = "open"
	DraftSaved   DraftState = "saved"
	DraftDropped DraftState = "dropped"
)

// Draft is an activity that somebody wrote and has not yet confirmed. It makes
// confirming idempotent: it can be saved once.
type Draft struct {
	ID    DraftID
	User  crm.UserID
	State DraftState
	Entry Entry
	// Customer is the customer as typed, and Choices the records that it may be,
	// best first. Pooled are leads of that name that must be claimed first.
	Customer string
	Choices  []Choice
	Pooled   []Choice
	// Confidence of the parser; 1 for forms.
	Confidence float64
	Warnings   []crm.Text
	// Activity is what it became; zero while not saved.
	Activity  crm.ActivityID
	CreatedAt time.Time
}

// Choice is a record to choose.
type Choice struct {
	Ref  crm.Ref `json:"ref"`
	Name string  `json:"name"`
}

// Entry is what a person says about an activity.
type Entry struct {
	Kind    Kind    `json:"kind"`
	Subject crm.Ref `json:"subject"`
	// Contact is a record of the account, Met the name as said.
	Contact crm.ContactID `json:"contact,omitempty"`
	Met     string        `json:"met,omitempty"`
	// At is when it took place.
	At         time.Time     `json:"at"`
	Duration   time.Duration `json:"duration,omitempty"`
	Result     Result        `json:"result,omitempty"`
	Note       string        `json:"note,omitempty"`
	Amount     crm.Money     `json:"amount,omitempty"`
	Next       Due           `json:"next"`
	NextText   string        `json:"next_text,omitempty"`
	Companions []crm.UserID  `json:"companions,omitempty"`
}

// Empty reports whether nothing is told but kind and customer.
func (e Entry) Empty() bool {
	return e.Note == "" && e.Duration == 0 && e.Result == "" && e.Amount == 0 && e.Next.Day == "" && e.NextText == "" && len(e.Companions) == 0
}
