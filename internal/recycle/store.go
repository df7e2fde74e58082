package recycle

import (
	"context"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// Run is one day's run of releases.
type Run struct {
	Day   crm.Day
	State RunState
	// After is how far the collecting came.
	After Cursor
	// Total is how many records are to go, of Owned owned ones; Alarm is why it asks.
	Total, Owned int
	Alarm        Alarm
	AskedAt      time.Time
	DecidedBy    crm.UserID
	DecidedAt    time.Time
}

// KindRun is the kind of a run's ref. It is no code that people type.
const KindRun crm.Kind = "RELEASES"

// Ref names the run, for the cards about it.
func (r Run) Ref() crm.Ref {
	n, _ := strconv.ParseInt(strings.ReplaceAll(string(r.Day), "-", ""), 10, 64) // of a valid day
	return crm.Ref{Kind: KindRun, ID: n}
}

// RunState is how far a run is.
type RunState string

// The states, in order.
const (
	RunCollecting RunState = "collecting"
	RunAsked      RunState = "asked"     // waits for an administrator (P-16)
	RunReleasing  RunState = "releasing" // also after an administrator agreed
	RunDone       RunState = "done"
	RunDeclined   RunState = "declined"
	RunLapsed     RunState = "lapsed" // a later day's run took its place
)

// Cursor is a place in the order of the days by which records are looked at.
type Cursor struct {
	Check crm.Day
	Ref   crm.Ref
}

// Item is one record of a run.
type Item struct {
	Ref     crm.Ref
	Owner   crm.UserID
	Release crm.Day
	State   ItemState
}

// ItemState is what became of it.
type ItemState int

// The states.
const (
	ItemWaits ItemState = iota
	ItemReleased
	ItemKept // it was not due any more
)

// Request is the wish for an extension (P-13).
type Request struct {
	ID      int64
	Ref     crm.Ref
	Owner   crm.UserID
	Reason  string
	State   RequestState
	Release crm.Day // the day when it was asked
	Days    int
	AskedAt time.Time
	// By and DecidedAt are who decided it and when.
	By        crm.UserID
	DecidedAt time.Time
}

// RequestState is what became of a request.
type RequestState string

// The states.
const (
	Asked    RequestState = "asked"
	Approved RequestState = "approved"
	Declined RequestState = "declined"
	// Kept is no request: the owner kept the record with a reason (AD-01).
	Kept RequestState = "kept"
)

// Words are what settings say about facts: the sources of leads that are
// enquiries, and the keys of the stages of deals in order.
type Words struct {
	Enquiries, Stages []string
	Zone              *time.Location // of days
}

// Line is a warning or another line of a card, with the card that it is on.
type Line = Warning

// The steps of lines that are no warnings of an owner.
const (
	StepReview = 0  // a manager reviews it (KA)
	StepTrial  = -1 // it would be released today (AD-01)
	StepLate   = -2 // its warning did not arrive in time (P-15)
)

// Store keeps what keeping and losing needs.
type Store interface {
	// Keeps are the rows of owned records; records without one are absent.
	Keeps(ctx context.Context, refs []crm.Ref) (map[crm.Ref]Keep, error)
	// KeepsOf are the rows of a person's records of the kind.
	KeepsOf(ctx context.Context, kind crm.Kind, owner crm.UserID) (map[crm.Ref]Keep, error)
	// KeepsDue are those of them that are to be looked at by the day.
	KeepsDue(ctx context.Context, kind crm.Kind, owner crm.UserID, until crm.Day) ([]Keep, error)
	// BeginKeep makes the rows of records that got a new owner, all to be looked at;
	// EndKeep removes those of records in a pool.
	BeginKeep(ctx context.Context, owner crm.UserID, refs []crm.Ref) error
	EndKeep(ctx context.Context, refs []crm.Ref) error
	// DropKeeps removes the rows of records that are over, unless they got another
	// owner meanwhile.
	DropKeeps(ctx context.Context, keeps []Keep) error
	// Nurture makes the row of a record in the nurture pool, which comes back on the
	// day.
	Nurture(ctx context.Context, ref crm.Ref, back crm.Day) error
	// Unsettle lets the next run look at the records.
	Unsettle(ctx context.Context, refs []crm.Ref) error
	// UnsettleAll lets it look at up to n rows behind the record, in order, and
	// returns the last of them; the zero Ref: there are no more.
	UnsettleAll(ctx context.Context, after crm.Ref, n int) (crm.Ref, error)
	// SaveDays stores the days and slips of rows whose owner and Check are still
	// what was.
	SaveDays(ctx context.Context, now, was []Keep) error
	// SaveKeep stores lock, extensions and the rest of a row whose record is locked.
	SaveKeep(ctx context.Context, k Keep) error
	// Due are the rows to be looked at by the day, in order of Check and record,
	// behind the cursor, at most n.
	Due(ctx context.Context, until crm.Day, after Cursor, n int) ([]Keep, error)
	// AllKeeps are the rows behind the record in order of it, at most n.
	AllKeeps(ctx context.Context, after crm.Ref, n int) ([]Keep, error)
	// Facts are the facts of owned records, without Keep and Holds.
	Facts(ctx context.Context, refs []crm.Ref, w Words) (map[crm.Ref]Facts, error)
	// LockFacts is Facts of one record, and nobody else changes that until the
	// transaction ends.
	LockFacts(ctx context.Context, ref crm.Ref, w Words) (Facts, error)
	// Owned counts the rows of each person.
	Owned(ctx context.Context) (map[crm.UserID]int, error)
	// Locked counts the person's records that are locked at the moment.
	Locked(ctx context.Context, owner crm.UserID, now time.Time) (int, error)

	// AddLines stores lines; one about the same record, owner, day and step stays.
	AddLines(ctx context.Context, ls []Line) error
	// LinesAbout are the warnings about the records, with what the outbox knows
	// about their cards; the newest first.
	LinesAbout(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]Line, error)
	// LinesOn are the lines of a card.
	LinesOn(ctx context.Context, card string) ([]Line, error)
	// CardsOf counts the cards of warnings that a person got on the day.
	CardsOf(ctx context.Context, owner crm.UserID, day crm.Day) (int, error)
	// OpenLines are warnings without an outcome whose day is before the day, behind
	// the id, at most n; CloseLine notes the outcome where there is none and reports
	// whether it did. Delivered notes when cards arrived, as the outbox knows it.
	OpenLines(ctx context.Context, before crm.Day, after int64, n int) ([]Line, error)
	CloseLine(ctx context.Context, id int64, o Outcome) (bool, error)
	CloseLines(ctx context.Context, ref crm.Ref, owner crm.UserID, o Outcome) error
	NoteDelivered(ctx context.Context, before time.Time, n int) (int, error)

	// Run is a day's run; a zero value when there is none. RunsIn are the latest in
	// a state. SaveRun creates or changes it if it still has the state, and reports
	// whether it did.
	Run(ctx context.Context, day crm.Day) (Run, error)
	RunsIn(ctx context.Context, state RunState, n int) ([]Run, error)
	SaveRun(ctx context.Context, r Run, was RunState) (bool, error)
	// AddItems adds records to a run; those that are in it stay.
	AddItems(ctx context.Context, day crm.Day, items []Item) error
	// Items are a run's records behind the record, in order of it, in the state.
	Items(ctx context.Context, day crm.Day, state ItemState, after crm.Ref, n int) ([]Item, error)
	// ItemsOf are a run's records of one owner in the state.
	ItemsOf(ctx context.Context, day crm.Day, owner crm.UserID, state ItemState, n int) ([]Item, error)
	// ItemCounts counts a run's records by owner and state.
	ItemCounts(ctx context.Context, day crm.Day) (map[crm.UserID]map[ItemState]int, error)
	// TakeItem gives a waiting record its state and reports whether it still waited.
	TakeItem(ctx context.Context, day crm.Day, ref crm.Ref, s ItemState) (bool, error)
	// SetItem changes the state of a record that the transaction took.
	SetItem(ctx context.Context, day crm.Day, ref crm.Ref, s ItemState) error

	AddRequest(ctx context.Context, r *Request) error
	// Request finds one; crm.CodeNotFound when there is none.
	Request(ctx context.Context, id int64) (Request, error)
	// LastRequest is the newest about the record; false when there is none.
	LastRequest(ctx context.Context, ref crm.Ref) (Request, bool, error)
	// OpenRequests are those that wait for an answer, the oldest first, at most n.
	OpenRequests(ctx context.Context, n int) ([]Request, error)
	// DecideRequest stores the decision if it is still open, and reports whether
	// it was.
	DecideRequest(ctx context.Context, r Request) (bool, error)

	// ReleasedWith are the records' last releases between the moments, with the facts
	// by which they were decided; those that do not say them are absent.
	ReleasedWith(ctx context.Context, refs []crm.Ref, from, until time.Time) (map[crm.Ref]Lost, error)
	// Embargo keeps a record in a pool from being claimed until the moment, or longer.
	Embargo(ctx context.Context, ref crm.Ref, until time.Time) error

	// Marks are small texts by name, such as how far a job came; empty: none.
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, value string) error
}
