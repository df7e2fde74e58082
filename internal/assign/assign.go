// Package assign decides who gets a lead that nobody owns: the owner of the
// same company, else what the named rules say, else the way of its pool. A step
// of a rule gives it by turns or by weights, offers it to one person after the
// other with a timer, leaves it to be claimed, or asks a manager. Ownership
// itself goes through the gate, by package lead.
package assign

import (
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// The keys of the facts that distribution writes, besides lead.FactAssigned.
const (
	FactOffered  = "lead.offered"     // a lead was offered to the person
	FactAccepted = "lead.accepted"    // they accepted it
	FactBounced  = "lead.bounced"     // they declined it or let the time pass
	FactMinutes  = "lead.accept_time" // working minutes from offer to acceptance
)

// Cause is why a lead is distributed.
type Cause string

// The causes.
const (
	New      Cause = "new"      // it was just made or imported
	Inquiry  Cause = "inquiry"  // its company asked again while nobody owned it
	Asked    Cause = "asked"    // somebody asked for it to be given by the rules
	Reassign Cause = "reassign" // its owner did not contact it in time (AS-04)
)

// State is where a run stands.
type State string

// The states. Only waiting and offered runs have something left to do.
const (
	Waiting State = "waiting" // its next step is due at Due
	Offered State = "offered" // an offer is open until Due
	Done    State = "done"
)

// Result is how a run ended.
type Result string

// The results.
const (
	ToPerson  Result = "person"  // somebody got it
	ToPool    Result = "pool"    // it stays in the pool; those who may claim were told
	ToManager Result = "manager" // a manager was asked
	Nobody    Result = "nobody"  // no step found anybody; it stays in the pool
	Void      Result = "void"    // the lead went another way meanwhile
)

// Run is one distribution of one lead.
type Run struct {
	ID    int64
	Lead  crm.LeadID
	State State
	// Due is when it goes on: the next step, or the end of the open offer.
	Due time.Time
	// Step is the next step of Plan, which is kept as it was when the run began:
	// a rule that changes meanwhile changes nothing for it.
	Step int
	Plan []Step
	// Bounces is how many offers of the present step came back, Asked of all.
	Bounces int
	Rule    RuleName
	Cause   Cause
	// By is who asked for it; zero: the system.
	By crm.UserID
	// From is the owner whom a reassignment takes it from; zero: the pool.
	From   crm.UserID
	Result Result
	To     crm.UserID
	// Why says why the person got it.
	Why       Why
	CreatedAt time.Time
	DoneAt    time.Time
	// Rev counts changes; a change on an older one is refused.
	Rev int64
}

// RuleName is the rule that a run follows, as it was called then. A zero ID is
// the way of a pool.
type RuleName struct {
	ID      int64  `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	Version int64  `json:"version,omitempty"`
}

// Why are the inputs by which somebody was chosen (AS-02).
type Why struct {
	Method Method `json:"method,omitempty"`
	// Rivals is how many could have had it, the person included.
	Rivals   int `json:"rivals,omitempty"`
	Received int `json:"received,omitempty"`
	Quota    int `json:"quota,omitempty"`
	Weight   int `json:"weight,omitempty"`
	Held     int `json:"held,omitempty"`
	Hold     int `json:"hold,omitempty"`
	// Last is when the person last got one; zero: never.
	Last time.Time `json:"last,omitzero"`
	// Bounces is how many offers came back before.
	Bounces int `json:"bounces,omitempty"`
}

// OfferState is what became of an offer.
type OfferState string

// The states of an offer.
const (
	OfferOpen     OfferState = "open"
	OfferAccepted OfferState = "accepted"
	OfferDeclined OfferState = "declined"
	OfferExpired  OfferState = "expired"
	OfferVoid     OfferState = "void" // the lead went another way meanwhile
)

// Offer asks one person to take one lead until a moment (AS-03). At most one
// offer of a lead is open.
type Offer struct {
	ID    int64
	Run   int64
	Lead  crm.LeadID
	User  crm.UserID
	Grade lead.Grade
	State OfferState
	// Expires is when it goes to the next person.
	Expires time.Time
	// Reason is the code of why it was declined, Note what was written beside it.
	Reason, Note string
	CreatedAt    time.Time
	DoneAt       time.Time
}

// Bounced reports that the person did not take it.
func (o Offer) Bounced() bool { return o.State == OfferDeclined || o.State == OfferExpired }

// Profile is how one person takes part.
type Profile struct {
	User crm.UserID
	// Weight is their share beside others; zero: 1.
	Weight int
	// Cap is how many leads they get in a month; zero: the setting.
	Cap int
	// Off means that they want none for now, with their words in Note.
	Off  bool
	Note string
	// Days are the days of the week on duty, 1 is Monday; empty: every working day.
	Days []int
	// Last is when they last got a lead by the rules; zero: never.
	Last      time.Time
	By        crm.UserID
	UpdatedAt time.Time
}

// Share is the weight in force.
func (p Profile) Share() int { return max(1, p.Weight) }

// Load is what a person has, counted at one moment.
type Load struct {
	Held int // open leads
	// Received are the leads that were given to them today and the offers that are
	// open.
	Received int
	// Hot are their open A leads, for counting those that are overdue.
	Hot []lead.Lead
}
