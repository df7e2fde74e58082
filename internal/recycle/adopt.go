package recycle

import (
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// The adoption modes of a team (AD-01).
const (
	Observe = "observe" // nothing is sent or released; the manager is told what would be
	Remind  = "remind"  // warnings only
	Soft    = "soft"    // releases, but the owner can keep a record with a reason
	Hard    = "hard"
	Auto    = "auto" // week by week from observing to hard
)

// Mode is the adoption mode of a team (AD-01). A team that nobody has set is
// observed: an update of the program takes no record from anybody.
var Mode = rule.Choice{Key: "AD-01.mode", Title: crm.Text{Zh: "回收规则的启用方式（可按团队设置）", En: "how recycling is in force (may be set for a team)"}, Default: Observe, Options: []rule.Option{
	{Value: Observe, Name: crm.Text{Zh: "观察", En: "observe"}}, {Value: Remind, Name: crm.Text{Zh: "提醒", En: "remind"}},
	{Value: Soft, Name: crm.Text{Zh: "可保留", En: "soft"}}, {Value: Hard, Name: crm.Text{Zh: "强制", En: "hard"}}, {Value: Auto, Name: crm.Text{Zh: "逐周", En: "auto"}},
}}

const week = 7 * 24 * time.Hour

// Plan is how recycling is in force at a moment.
type Plan struct {
	// Mode is observe, remind, soft or hard.
	Mode    string
	Version int64
	// Since is when the setting began to hold, from which no idle time is counted
	// back (RC-03); Released is when it began to release. Zero: ever, or not yet.
	Since, Released time.Time
}

// Warns and Releases report what the mode does; Keeps that owners may keep a
// record with a reason.
func (p Plan) Warns() bool { return p.Mode != Observe && p.Mode != "" }

// Releases reports whether records are released.
func (p Plan) Releases() bool { return p.Mode == Soft || p.Mode == Hard }

// Keeps reports whether an owner may keep a record with a reason.
func (p Plan) Keeps() bool { return p.Mode == Soft }

// sameMode reports whether two values of the setting mean the same for the
// clock: from soft to hard and back nothing begins anew.
func sameMode(x, y string) bool {
	x, _ = Mode.Parse(x)
	y, _ = Mode.Parse(y)
	fixed := func(m string) bool { return m == Soft || m == Hard }
	return x == y || fixed(x) && fixed(y)
}

// PlanOf is the plan of a setting that has held since the moment.
func PlanOf(mode string, version int64, since, now time.Time) Plan {
	p := Plan{Mode: mode, Version: version, Since: since}
	switch mode {
	case Soft, Hard:
		p.Released = since
	case Observe, Remind:
		p.Since = time.Time{} // it takes nothing from anybody, so the days shown may tell of the past
	case Auto:
		p.Released = since.Add(2 * week)
		switch n := now.Sub(since) / week; {
		case n < 1:
			p.Mode = Observe
		case n < 2:
			p.Mode = Remind
		case n < 3:
			p.Mode = Soft
		default:
			p.Mode = Hard
		}
		if !p.Releases() {
			p.Released = time.Time{}
		}
	}
	return p
}
