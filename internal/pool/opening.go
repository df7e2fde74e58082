package pool

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// Opening is what stands between somebody and a record of a pool: when, if at all,
// they may claim it. The zero value: at once.
type Opening struct {
	// From is when they may; zero: now. Rule says what makes them wait, the embargo
	// P-07 or their cool-down P-06.
	From time.Time
	Rule string
	// Nurtured: it rests in the nurture pool until From, and then comes back into a
	// pool (P-19).
	Nurtured bool
	// Closed: it lies in a pool that is not open to them. Review: its data is being
	// checked (P-17).
	Closed, Review bool
}

// Now reports that nothing stands between.
func (o Opening) Now() bool { return o == Opening{} }

// Text goes on with a sentence about the record: "已在公海，03-05 10:00 起可认领（P-07）".
func (o Opening) Text(zone *time.Location) crm.Text {
	at := o.From.In(zone).Format("01-02 15:04")
	switch {
	case o.Nurtured && !o.From.IsZero():
		day := o.From.In(zone).Format("01-02")
		return crm.Text{Zh: "在培育池，" + day + " 回到公海后可认领（P-19）", En: "rests in the nurture pool; it comes back on " + day + " and can be claimed after that (P-19)"}
	case o.Nurtured:
		return crm.Text{Zh: "在培育池，回到公海后可认领（P-19）", En: "rests in the nurture pool; it can be claimed once it is back (P-19)"}
	case o.Closed:
		return crm.Text{Zh: "已在公海，但不在您可认领的范围内", En: "is in a pool that is not open to you"}
	case o.Review:
		return crm.Text{Zh: "已在公海，资料正在核对，核对后可认领（P-17）", En: "is in the pool; its data is being reviewed and it can be claimed after that (P-17)"}
	case o.Rule == "P-06":
		return crm.Text{Zh: "已在公海；您在冷却期，" + at + " 起可认领（P-06）", En: "is in the pool; you are in cool-down and can claim it from " + at + " (P-06)"}
	case !o.From.IsZero():
		return crm.Text{Zh: "已在公海，" + at + " 起可认领（P-07）", En: "is in the pool and can be claimed from " + at + " (P-07)"}
	}
	return crm.Text{Zh: "已在公海，可以认领", En: "is in the pool and can be claimed"}
}

// Refusal answers who asks about a record that is already in a pool (DU-02).
func (o Opening) Refusal(ref crm.Ref, zone *time.Location) error {
	t, code := o.Text(zone), ref.String()
	e := crm.Conflict("DU-02", code+" "+t.Zh, code+" "+t.En)
	switch {
	case o.Now():
		return e.WithNext("/认领 "+code, "/claim "+code)
	case o.Closed || o.Rule == "P-06":
		return e.WithNext("也可请经理分配", "a manager may assign it")
	}
	return e
}

// OpeningOf is when the actor may claim a record that lies in a pool, whose embargo
// ends at claimable.
func (g *Gate) OpeningOf(ctx context.Context, a crm.Actor, ref crm.Ref, in crm.PoolID, claimable time.Time) (Opening, error) {
	var o Opening
	now := g.d.Clock.Now()
	if claimable.After(now) {
		o.From, o.Rule = claimable, "P-07"
	}
	if g.d.Nurture != nil {
		id, err := g.d.Nurture(ctx, ref.Kind)
		if err != nil {
			return o, err
		}
		if o.Nurtured = id != 0 && id == in; o.Nurtured {
			return o, nil
		}
	}
	visible, err := g.Visible(ctx, a, ref.Kind)
	if err != nil {
		return o, err
	}
	o.Closed = !slices.ContainsFunc(visible, func(p Pool) bool { return p.ID == in })
	if o.Closed || !a.Is(crm.Rep) {
		return o, nil
	}
	cooling, err := g.Cooling(ctx, a.ID, ref)
	if until := cooling[ref]; until.After(now) && until.After(o.From) {
		o.From, o.Rule = until, "P-06"
	}
	return o, err
}

// justNow is how long after a claim whoever is slower lost a race (P-05). After that
// they asked for a record that somebody has (DU-02).
const justNow = 10 * time.Minute

// SinceText is the day since when somebody has a record, for people to read; empty
// while whoever asks was only a moment slower.
func SinceText(owned, now time.Time, zone *time.Location) string {
	if now.Sub(owned) < justNow {
		return ""
	}
	owned, now = owned.In(zone), now.In(zone)
	if owned.Year() != now.Year() {
		return owned.Format("2006-01-02")
	}
	return owned.Format("01-02")
}
