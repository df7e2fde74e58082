package crm

import (
	"context"
	"time"
)

// Audit is one entry of the audit trail: who did what to which record, which
// rule decided and with which numbers. Append-only. Inputs and outputs hold
// ids, numbers and settings, never names, phones or message text.
type Audit struct {
	At     time.Time
	Actor  UserID // zero: the system
	Action string // "lead.claim"
	Ref    Ref
	Rule   string // "P-04"; empty when no rule decided
	// RuleVersion is the version of the setting that was in force; zero: default.
	RuleVersion int64
	// Detail is encoded as JSON: inputs and result.
	Detail map[string]any
}

// Auditor writes audit entries in the transaction of the context.
type Auditor interface {
	Audit(ctx context.Context, a Audit) error
}
