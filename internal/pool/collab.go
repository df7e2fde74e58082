package pool

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// The states of a collaboration.
const (
	CollabAsked    = "asked"
	CollabAccepted = "accepted"
	CollabDeclined = "declined"
	CollabEnded    = "ended" // the record changed hands
)

// Collaboration is somebody's wish, or right, to work along on a record that
// somebody else owns (PM-01).
type Collaboration struct {
	Ref   crm.Ref
	User  crm.UserID
	State string // empty: there is none
	// By is who answered; zero while it is only asked.
	By      crm.UserID
	AskedAt time.Time
	// ExpiresAt ends an accepted collaboration.
	ExpiresAt time.Time
}

// Active reports whether the person may read the record now.
func (c Collaboration) Active(now time.Time) bool {
	return c.State == CollabAccepted && c.ExpiresAt.After(now)
}

// Collaborations keeps who works along on which record.
type Collaborations interface {
	// Collaboration is the person's collaboration on the record; a zero value when
	// there is none.
	Collaboration(ctx context.Context, ref crm.Ref, user crm.UserID) (Collaboration, error)
	// LockCollaborations are all that are asked or accepted on the record, by
	// person, as they are at this moment whatever the transaction read before; and
	// nobody else changes them until it ends.
	LockCollaborations(ctx context.Context, ref crm.Ref) ([]Collaboration, error)
	// SaveCollaboration creates or changes it.
	SaveCollaboration(ctx context.Context, c Collaboration) error
}

// CollabRef is the argument of the views about a collaboration: "L-12/5".
func CollabRef(ref crm.Ref, user crm.UserID) string { return fmt.Sprintf("%s/%d", ref, user) }

// ParseCollabRef reads it back.
func ParseCollabRef(text string) (crm.Ref, crm.UserID, error) {
	code, rest, _ := strings.Cut(text, "/")
	ref, err := crm.ParseRef(code)
	var user int64
	if err == nil {
		_, err = fmt.Sscanf(rest, "%d", &user)
	}
	if err != nil {
		return crm.Ref{}, 0, crm.NotFound("没有这个协作申请", "there is no such request")
	}
	return ref, crm.UserID(user), nil
}

// AfterMove is what becomes of a collaboration when its record goes to another
// owner; zero: the pool (PM-01, P-08). The right to read along was given by an
// owner and does not outlive the ownership:
//
//   - Back to the pool (release, recycle) it ends: the record is masked for
//     everybody again until somebody claims it, and the next owner starts alone.
//   - When the collaborator becomes the owner it ends: nothing is left to share.
//   - Under a new owner (transfer, assign, hand-over) it is asked again, and
//     rests until that owner agrees: work in common goes on with one tap, but
//     nobody reads along without the owner knowing.
//
// Requests without an answer pass to the new owner as they are; what was
// declined, has ended or expired stays so.
func (c Collaboration) AfterMove(to crm.UserID, now time.Time) Collaboration {
	switch {
	case c.State != CollabAsked && !c.Active(now):
	case to == 0 || to == c.User:
		c.State, c.ExpiresAt = CollabEnded, time.Time{}
	case c.State == CollabAccepted:
		c.State, c.By, c.AskedAt, c.ExpiresAt = CollabAsked, 0, now, time.Time{}
	}
	return c
}

// CollabDays is how long an accepted collaboration lasts.
var CollabDays = rule.Int{Key: "PM-01.collaboration_days", Title: crm.Text{Zh: "协作有效期", En: "how long a collaboration lasts"}, Unit: crm.Text{Zh: "天", En: "days"}, Default: 90, Min: 1, Max: 3650}

// joinAgain is how soon the owner of a record may be asked again by the same
// person.
const joinAgain = 24 * time.Hour

// Collabs asks, answers and looks again at the collaborations of one noun. Its
// methods take part in the caller's transaction, which holds the record.
type Collabs struct {
	Store   Collaborations
	Effects crm.Effects
	// Action begins the names of audit rows: "lead". Asked and Answer are the
	// views for the owner and for who asked.
	Action, Asked, Answer string
}

// Ask notes that the actor asks the owner, once a day.
func (c Collabs) Ask(ctx context.Context, a crm.Actor, ref crm.Ref, owner crm.UserID, now time.Time) error {
	x, err := c.Store.Collaboration(ctx, ref, a.ID)
	if err != nil {
		return err
	}
	if x.State == CollabAsked && now.Sub(x.AskedAt) < joinAgain {
		return nil
	}
	if x.Active(now) {
		return crm.Conflict("PM-01", "您已经是 "+ref.String()+" 的协作人", "you already collaborate on "+ref.String()).WithNext("直接查看即可", "just open it")
	}
	if err := c.Store.SaveCollaboration(ctx, Collaboration{Ref: ref, User: a.ID, State: CollabAsked, AskedAt: now}); err != nil {
		return err
	}
	if err := c.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: c.Action + ".collab_asked", Ref: ref, Rule: "DU-02"}); err != nil {
		return err
	}
	return c.Effects.Notify(ctx, c.ask(ref, a.ID, owner))
}

func (c Collabs) ask(ref crm.Ref, user, owner crm.UserID) crm.Notice {
	about := CollabRef(ref, user)
	return crm.Notice{To: crm.ToUser(owner), View: crm.View{Name: c.Asked, Ref: about}, Topic: c.Asked + ":" + about}
}

// Decide is the answer to a request.
func (c Collabs) Decide(ctx context.Context, a crm.Actor, ref crm.Ref, user crm.UserID, accept bool, days int, now time.Time) error {
	x, err := c.Store.Collaboration(ctx, ref, user)
	if err != nil {
		return err
	}
	if x.State != CollabAsked {
		return crm.Conflict("PM-01", "这个协作申请已处理或已失效", "this request was already answered or is gone")
	}
	x.State, x.By = CollabDeclined, a.ID
	if accept {
		x.State, x.ExpiresAt = CollabAccepted, now.AddDate(0, 0, days)
	}
	if err := c.Store.SaveCollaboration(ctx, x); err != nil {
		return err
	}
	if err := c.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: c.Action + ".collab_" + x.State, Ref: ref, Rule: "PM-01", Detail: map[string]any{"user": user}}); err != nil {
		return err
	}
	if err := c.Effects.Refresh(ctx, ref); err != nil {
		return err
	}
	return c.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(user), View: crm.View{Name: c.Answer, Ref: CollabRef(ref, user)}})
}

// Joined looks at every collaboration on a record that becomes part of another
// one, before they move there. Where that has another owner they rest until that
// owner agrees, as after every change of hands.
func (c Collabs) Joined(ctx context.Context, a crm.Actor, part, into crm.Ref, from, to crm.UserID, now time.Time) error {
	if from == 0 || from == to {
		return nil
	}
	list, err := c.Store.LockCollaborations(ctx, part)
	if err != nil {
		return err
	}
	for _, before := range list {
		x := before.AfterMove(to, now)
		if x != before {
			if err := c.Store.SaveCollaboration(ctx, x); err != nil {
				return err
			}
			if err := c.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: c.Action + ".collab_" + x.State, Ref: into, Rule: "PM-01",
				Detail: map[string]any{"user": x.User, "was": before.State, "from": from, "to": to, "part": part.String()}}); err != nil {
				return err
			}
		}
		if x.State == CollabAsked {
			if err := c.Effects.Notify(ctx, c.ask(into, x.User, to)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Review looks at every collaboration on a record that goes from one owner to
// another, and tells who is concerned. A record that comes from the pool has
// none: they ended on its way there. An answer that was given while the move
// waited for the record is older than the move, and counts as such.
func (c Collabs) Review(ctx context.Context, a crm.Actor, ref crm.Ref, from, to crm.UserID, now time.Time) error {
	if from == 0 {
		return nil
	}
	list, err := c.Store.LockCollaborations(ctx, ref)
	if err != nil {
		return err
	}
	for _, before := range list {
		x := before.AfterMove(to, now)
		if x != before {
			if err := c.Store.SaveCollaboration(ctx, x); err != nil {
				return err
			}
			if err := c.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: c.Action + ".collab_" + x.State, Ref: ref, Rule: "PM-01",
				Detail: map[string]any{"user": x.User, "was": before.State, "from": from, "to": to}}); err != nil {
				return err
			}
		}
		var ns []crm.Notice
		if before.Active(now) && x.User != a.ID && x.User != to {
			ns = append(ns, crm.Notice{To: crm.ToUser(x.User), View: crm.View{Name: c.Answer, Ref: CollabRef(ref, x.User)}})
		}
		if x.State == CollabAsked {
			ns = append(ns, c.ask(ref, x.User, to))
		}
		if err := c.Effects.Notify(ctx, ns...); err != nil {
			return err
		}
	}
	return nil
}
