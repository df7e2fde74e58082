package pool

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// Reason is why a record changed hands (P-02). The set is closed.
type Reason string

// The reasons.
const (
	Create     Reason = "create"
	Import     Reason = "import"
	Claim      Reason = "claim"
	Assign     Reason = "assign"
	AutoAssign Reason = "auto_assign"
	Transfer   Reason = "transfer"
	Handover   Reason = "handover"
	Recycle    Reason = "recycle"
	Release    Reason = "release"
	Merge      Reason = "merge"
)

// Name is the reason's word in the language.
func (r Reason) Name(l crm.Lang) string {
	t, ok := reasonNames[r]
	if !ok {
		return string(r)
	}
	return t.In(l)
}

var reasonNames = map[Reason]crm.Text{
	Create: {Zh: "新建", En: "created"}, Import: {Zh: "导入", En: "imported"}, Claim: {Zh: "认领", En: "claimed"},
	Assign: {Zh: "分配", En: "assigned"}, AutoAssign: {Zh: "自动分配", En: "assigned automatically"},
	Transfer: {Zh: "转交", En: "transferred"}, Handover: {Zh: "交接", En: "handed over"},
	Recycle: {Zh: "自动回收", En: "recycled"}, Release: {Zh: "释放", En: "released"}, Merge: {Zh: "合并", En: "merged"},
}

// limited reports whether the reason is checked against the hold limit (P-03).
// Hand-over and merging may exceed it: nobody could do their work otherwise.
func (r Reason) limited() bool { return r != Handover && r != Merge }

// NoteBack is the note of an entry by which a former owner took back what a
// version of a rule had released by mistake (RC-04).
const NoteBack = "RC-04"

// Entry is one change of ownership. Entries are never changed or deleted.
type Entry struct {
	ID  int64
	At  time.Time
	Ref crm.Ref
	// From and To are the owners before and after; zero: the pool.
	From, To         crm.UserID
	FromTeam, ToTeam crm.TeamID
	// Pool is where the record was claimed from or went to.
	Pool   crm.PoolID
	Reason Reason
	// By is who did it; zero: the system.
	By crm.UserID
	// Why is the release reason's code, Note what was written beside it.
	Why, Note string
	// QuotaDay is the day whose claim quota the entry counts for: the day of a
	// claim, and for a refunded release the day of the claim that it undoes.
	QuotaDay crm.Day
	// Refund marks a release that gave the claim back to the quota (P-04).
	Refund bool
	// Uncounted marks a release for the record's own fault (P-17): it does not
	// count against the person and starts no cool-down.
	Uncounted bool
	// Override names the rule that a manager's assignment passed over, "P-06".
	Override string
	// RuleVersion is the version of the limit that was checked; zero: default.
	RuleVersion int64
}

// Standing is how a person stands against the limits at one moment.
type Standing struct {
	Held    int // open records of the kind that the person owns
	Claims  int // claims that count for the day, without refunds taken off
	Refunds int // of them given back
	Burst   int // claims within the burst window, refunded ones included
}

// Look is a question about a person who is to get a record, and its answer.
type Look struct {
	Kind                 crm.Kind
	User                 crm.UserID
	Day                  crm.Day
	DayStart, BurstSince time.Time
	// Ref is the record; zero for records that are made by the move. Most bounds
	// how many of its entries are read.
	Ref  crm.Ref
	Most int
	// Dealt counts accounts that have bought among what is held (P-03).
	Dealt bool

	// Done reports that the rest is the answer: how the person stands, and the
	// record's entries in no order; when there are Most of them, perhaps not all.
	Done     bool
	Standing Standing
	Past     []Entry
}

// Store keeps pools and the ledger.
type Store interface {
	// Pools are all pools in order of sort and id.
	Pools(ctx context.Context) ([]Pool, error)
	// SavePool creates (zero id) or changes a pool.
	SavePool(ctx context.Context, p *Pool) error
	// MoveHome puts up to n records of one pool into another and returns which.
	MoveHome(ctx context.Context, kind crm.Kind, from, to crm.PoolID, n int) ([]crm.Ref, error)
	// AddView notes that the person opened the record on the day, and reports
	// whether for the first time. Read Views after it: how many of the kind they
	// opened that day. Both come after LockQuota.
	AddView(ctx context.Context, user crm.UserID, day crm.Day, ref crm.Ref) (bool, error)
	Views(ctx context.Context, user crm.UserID, day crm.Day, kind crm.Kind) (int, error)
	// CountPool counts the records of a pool with and without an owner.
	CountPool(ctx context.Context, kind crm.Kind, id crm.PoolID) (Counts, error)
	// LockQuota takes the person's quota row for the rest of the transaction, so
	// that claims, assignments and imports for one person wait for each other.
	LockQuota(ctx context.Context, kind crm.Kind, user crm.UserID) error
	// Standing counts in one statement, with dealt accounts that have bought too.
	// Read it after LockQuota.
	Standing(ctx context.Context, kind crm.Kind, user crm.UserID, day crm.Day, dayStart, burstSince time.Time, dealt bool) (Standing, error)
	// Look answers the look now; LookAhead lets it travel with the next read of
	// the transaction, if that is one which can take it along.
	Look(ctx context.Context, l *Look) error
	LookAhead(ctx context.Context, l *Look)
	// HeldBy counts the records of each person that count for the hold limit (P-03),
	// with dealt accounts that have bought too,
	// ClaimedBy their claims of the day.
	HeldBy(ctx context.Context, kind crm.Kind, dealt bool) (map[crm.UserID]int, error)
	ClaimedBy(ctx context.Context, kind crm.Kind, day crm.Day, dayStart time.Time) (map[crm.UserID]int, error)
	// AddEntries appends to the ledger.
	AddEntries(ctx context.Context, es ...Entry) error
	// Losses are the entries since the moment by which the person lost one of
	// the records, newest first.
	Losses(ctx context.Context, user crm.UserID, since time.Time, refs ...crm.Ref) ([]Entry, error)
	// History is the ledger of a record, newest first, at most n.
	History(ctx context.Context, ref crm.Ref, n int) ([]Entry, error)
}
