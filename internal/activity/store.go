package activity

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// Clocks are the times that the standing activities of a record say. Zero: none.
type Clocks struct {
	FirstValid, Last, LastValid time.Time
	// Before is when an account was last active before its last valid activity,
	// through other work than activities.
	Before time.Time
}

// Expected asks what an activity may answer: the people's open plans for the
// customer and day, and at most so many open steps on the subject, the nearest
// first.
type Expected struct {
	Users             []crm.UserID
	Customer, Subject crm.Ref
	Day               crm.Day
	Most              int

	// Done reports that the rest is the answer.
	Done  bool
	Plans []Plan
	Steps []Step
}

// Store keeps activities, next steps, drafts, photos and plans. Methods that
// find one row answer crm.CodeNotFound when there is none.
type Store interface {
	// AddActivity stores a new activity with its people and sets its id.
	AddActivity(ctx context.Context, a *Activity) error
	// SaveActivity stores what may change of an activity (result, photos, verdict,
	// people, undone) if its version is still the given one, and counts the
	// version up; otherwise crm.CodeStale.
	SaveActivity(ctx context.Context, a *Activity) error
	// Activity reads one with people and next step.
	Activity(ctx context.Context, id crm.ActivityID) (Activity, error)
	// ActivitiesOn are the standing activities on the subject or customer, newest
	// first, at most n.
	ActivitiesOn(ctx context.Context, ref crm.Ref, n int) ([]Activity, error)
	// ActivitiesOf are the standing activities at which one of the people was
	// present on the day, in order of time.
	ActivitiesOf(ctx context.Context, users []crm.UserID, day crm.Day) ([]Activity, error)
	// RecentNotes are the notes of the person's last n standing logs on the
	// subject before the activity (zero: all).
	RecentNotes(ctx context.Context, user crm.UserID, subject crm.Ref, before crm.ActivityID, n int) ([]string, error)
	// RecentCustomers are the subjects of the person's last activities, the most
	// recent first, at most n.
	RecentCustomers(ctx context.Context, user crm.UserID, n int) ([]crm.Ref, error)
	// VisitsAt are the standing qualified visits at the customer on the day at
	// which the person was present, oldest first.
	VisitsAt(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day) ([]Activity, error)
	// ClocksOf are the times that the standing activities on the record say.
	ClocksOf(ctx context.Context, customer crm.Ref) (Clocks, error)
	// FirstValidOn is the earliest standing valid activity of the customer.
	FirstValidOn(ctx context.Context, customer crm.Ref) (Activity, bool, error)

	// TakeCredit gives the activity the person's one valid visit at the customer
	// on the day; false when another one has it.
	TakeCredit(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day, id crm.ActivityID) (bool, error)
	// DropCredit gives it back.
	DropCredit(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day, id crm.ActivityID) error

	// AccountActive is when the account was last active.
	AccountActive(ctx context.Context, id crm.AccountID) (time.Time, error)
	// ResetActive sets the last activity of an account or contact back to the time
	// if it still is from, so that other work since stays.
	ResetActive(ctx context.Context, ref crm.Ref, from, to time.Time) error
	// ContactLast is the last standing valid activity with the contact; zero: none.
	ContactLast(ctx context.Context, id crm.ContactID) (time.Time, error)
	// RecordNames are the names of leads, accounts and deals; missing ones are
	// absent.
	RecordNames(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error)

	AddStep(ctx context.Context, s Step) error
	// Step reads the next step that the activity set.
	Step(ctx context.Context, id crm.ActivityID) (Step, error)
	// SaveStep stores state and date if the state and rev still are the given
	// ones, and reports whether they were.
	SaveStep(ctx context.Context, s Step, was StepState, rev int) (bool, error)
	// StepsClosedBy are the steps that the activity closed.
	StepsClosedBy(ctx context.Context, by crm.ActivityID) ([]Step, error)
	// OpenSteps are the person's open steps due on or before the day, the oldest
	// first, at most n.
	OpenSteps(ctx context.Context, user crm.UserID, until crm.Day, n int) ([]Step, error)
	// Holders tells who owns the leads and accounts among the records, and whether
	// the person collaborates on them; others are absent.
	Holders(ctx context.Context, user crm.UserID, refs []crm.Ref) (map[crm.Ref]Holder, error)
	// StepsDue are the open steps of people due on the day.
	StepsDue(ctx context.Context, users []crm.UserID, day crm.Day) ([]Step, error)
	// Expect answers what was expected of a visit now; ExpectAhead lets the
	// question travel with the next read of the transaction, if that is one which
	// can take it along.
	Expect(ctx context.Context, e *Expected) error
	ExpectAhead(ctx context.Context, e *Expected)
	// OpenStepsOn are the open steps on the subject, the nearest first.
	OpenStepsOn(ctx context.Context, subject crm.Ref, n int) ([]Step, error)

	AddDraft(ctx context.Context, d *Draft) error
	Draft(ctx context.Context, id DraftID) (Draft, error)
	// LockDraft is Draft in a transaction, and nobody else changes it until that
	// ends.
	LockDraft(ctx context.Context, id DraftID) (Draft, error)
	// SaveDraft stores the draft if its state still is the given one, and reports
	// whether it was.
	SaveDraft(ctx context.Context, d Draft, was DraftState) (bool, error)

	AddPhoto(ctx context.Context, p *Photo, data []byte) error
	Photo(ctx context.Context, id int64) (Photo, error)
	// AttachPhoto ties a photo to an activity if it is not tied yet, and reports
	// whether it did.
	AttachPhoto(ctx context.Context, id int64, to crm.ActivityID) (bool, error)
	// PhotosOf are the photos of an activity.
	PhotosOf(ctx context.Context, id crm.ActivityID) ([]Photo, error)
	// PhotoData is the picture itself; nil when it is gone.
	PhotoData(ctx context.Context, id int64) ([]byte, error)
	// SamePhoto finds another activity that has the same picture; zero: none.
	SamePhoto(ctx context.Context, hash string, not crm.ActivityID) (crm.ActivityID, error)
	// VisitsSince are the person's standing visits logged since the moment, the
	// newest first, at most n.
	VisitsSince(ctx context.Context, user crm.UserID, since time.Time, n int) ([]Activity, error)
	// PruneActivity removes drafts and untied photos older than the moment.
	PruneActivity(ctx context.Context, before time.Time) error

	// AddPlan stores a new plan; a second open or done one of the person for the
	// customer and day is crm.CodeConflict.
	AddPlan(ctx context.Context, p *Plan) error
	Plan(ctx context.Context, id PlanID) (Plan, error)
	// SavePlan is like SaveActivity.
	SavePlan(ctx context.Context, p *Plan) error
	// Plans are the plans of people for the day in order of time, those that were
	// moved away left out.
	Plans(ctx context.Context, users []crm.UserID, day crm.Day) ([]Plan, error)
	// OpenPlan finds the person's open plan for the customer and day.
	OpenPlan(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day) (Plan, bool, error)
	// OpenPlans are the person's open plans from the day on, the nearest first.
	OpenPlans(ctx context.Context, user crm.UserID, from crm.Day, n int) ([]Plan, error)
}
