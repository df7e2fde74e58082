package rule

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// Change is one entry of the audit trail of settings: who changed what from
// when on, or took it back.
type Change struct {
	At    time.Time
	Actor crm.UserID
	// Approver is the second administrator of an urgent change; zero: none.
	Approver crm.UserID
	Key      string
	Scope    Scope
	Version  int64
	// TakenBack is set for the roll-back of the version (RC-04).
	TakenBack bool
	// Before and After are what held, and holds, for the scope from Effective on.
	Before, After string
	Effective     time.Time
}

// The actions of the audit trail.
const (
	actionChange   = "rule.change"
	actionRollBack = "rule.rollback"
)

// AuditRef is under what the audit rows of a version are found.
func AuditRef(version int64) crm.Ref { return crm.Ref{Kind: "RULE", ID: version} }

// Audit is the entry as the audit trail keeps it. The reason stays with the
// version: it is text that somebody typed.
func (c Change) Audit() crm.Audit {
	a := crm.Audit{At: c.At, Actor: c.Actor, Action: actionChange, Ref: AuditRef(c.Version), Rule: "RC-01", RuleVersion: c.Version,
		Detail: map[string]any{"key": c.Key, "scope": string(c.Scope), "before": c.Before, "after": c.After, "effective": c.Effective.UTC().Format(time.RFC3339)}}
	if c.Approver != 0 {
		a.Detail["approver"] = int64(c.Approver)
	}
	if c.TakenBack {
		a.Action, a.Rule = actionRollBack, "RC-04"
	}
	return a
}

// ChangeOf reads an entry back; ok is false for entries about something else.
func ChangeOf(a crm.Audit) (c Change, ok bool) {
	if a.Action != actionChange && a.Action != actionRollBack {
		return Change{}, false
	}
	text := func(k string) string { s, _ := a.Detail[k].(string); return s }
	c = Change{At: a.At, Actor: a.Actor, Key: text("key"), Scope: Scope(text("scope")), Version: a.RuleVersion, TakenBack: a.Action == actionRollBack, Before: text("before"), After: text("after")}
	if n, ok := a.Detail["approver"].(float64); ok {
		c.Approver = crm.UserID(n)
	}
	c.Effective, _ = time.Parse(time.RFC3339, text("effective"))
	return c, true
}

// Changes is the audit trail of one setting, or of all with an empty key, for
// administrators: newest first, at most n entries.
func (b *Book) Changes(ctx context.Context, a crm.Actor, key string, n int) ([]Change, error) {
	if !a.Is(crm.Admin) {
		return nil, crm.Forbid(a, crm.Admin)
	}
	all, err := b.store.RuleVersions(ctx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, v := range slices.Backward(all) {
		if key == "" || v.Key == key {
			ids = append(ids, v.ID)
		}
	}
	return b.store.RuleChanges(ctx, ids, n)
}

// valueAt is what holds for exactly the scope at the moment, one version left
// out: the scope's own value, else the organisation's, else the default.
func (b *Book) valueAt(versions []Version, key string, scope Scope, at time.Time, except int64) string {
	for _, s := range []Scope{scope, ""} {
		value, found := "", false
		for _, v := range versions {
			if v.Scope == s && v.ID != except && v.RolledBackAt.IsZero() && !v.EffectiveAt.After(at) {
				value, found = v.Value, true
			}
		}
		if found {
			return value
		}
	}
	return b.defs[key].Default
}
