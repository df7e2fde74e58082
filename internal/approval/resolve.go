package approval

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// People is what the engine asks about the company.
type People interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
	Superior(ctx context.Context, id crm.UserID) (crm.UserID, error)
	WithRole(ctx context.Context, r crm.Role) ([]org.User, error)
	One(ctx context.Context, text string) (org.User, error)
}

// assignee is an approver found for a step.
type assignee struct {
	user, instead crm.UserID // instead: who should have been asked; zero: user
	why           string
	// rule input for the audit: "self", "party", "leave", "left", "nobody"
	reason string
}

// resolver finds approvers for one submission (AP-03).
type resolver struct {
	people    People
	submitter crm.UserID
	// parties have a share in the subject besides the submitter.
	parties []crm.UserID
	today   crm.Day
}

// barred reports whether the person must not approve: approving one's own
// business is self approval, whoever handed it in (AP-03).
func (r resolver) barred(id crm.UserID) bool {
	return id == r.submitter || slices.Contains(r.parties, id)
}

// step finds the approvers of a step. When nobody is left the administrators
// are asked; when there is none either, the submission is refused.
func (r resolver) step(ctx context.Context, s Step) ([]assignee, error) {
	var out []assignee
	add := func(a assignee) {
		if a.user != 0 && !slices.ContainsFunc(out, func(b assignee) bool { return b.user == a.user }) {
			out = append(out, a)
		}
	}
	for _, w := range s.Who {
		found, err := r.who(ctx, w)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			add(a)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	admins, err := r.people.WithRole(ctx, crm.Admin)
	if err != nil {
		return nil, err
	}
	for _, u := range admins {
		if !r.barred(u.ID) && u.Active && !u.Frozen && !u.OnLeave(r.today) {
			add(assignee{user: u.ID, why: WhyAdmin, reason: "nobody"})
		}
	}
	if len(out) == 0 {
		l := s.label()
		return nil, crm.Refused("AP-03", "“"+l.Zh+"”这一步没有可用的审批人（不能自己审批自己）", "nobody can approve the step “"+l.En+"” (nobody approves their own request)").
			WithNext("请管理员设置上级、代理人或审批流程", "an administrator can set a superior, a deputy or the flow")
	}
	return out, nil
}

func (r resolver) who(ctx context.Context, w string) ([]assignee, error) {
	if w == WhyManager {
		up, err := r.people.Superior(ctx, r.submitter)
		if err != nil || up == 0 {
			return nil, err
		}
		a, err := r.present(ctx, up, WhyManager)
		return []assignee{a}, err
	}
	if name, ok := strings.CutPrefix(w, userPrefix); ok {
		u, err := r.people.One(ctx, name)
		if crm.CodeOf(err) == crm.CodeNotFound {
			return nil, nil // a named person who left: others or the administrators decide
		}
		if err != nil {
			return nil, err
		}
		a, err := r.present(ctx, u.ID, WhyUser)
		return []assignee{a}, err
	}
	users, err := r.people.WithRole(ctx, crm.Role(strings.TrimPrefix(w, rolePrefix)))
	if err != nil {
		return nil, err
	}
	// Colleagues of the same role come first; only when none is there does
	// somebody stand in.
	var out []assignee
	for _, u := range users {
		if !r.barred(u.ID) && !u.Frozen && !u.OnLeave(r.today) {
			out = append(out, assignee{user: u.ID, why: w})
		}
	}
	for _, u := range users {
		if len(out) > 0 && (r.barred(u.ID) || u.Frozen || u.Deputy == 0) || slices.ContainsFunc(out, func(a assignee) bool { return a.user == u.ID }) {
			continue
		}
		a, err := r.present(ctx, u.ID, w)
		if err != nil {
			return nil, err
		}
		if a.user != 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

// present is the person, or who acts in the person's place: the next superior
// for the submitter, other parties and people who left, the deputy for people on leave.
// A zero user means that nobody is above.
func (r resolver) present(ctx context.Context, id crm.UserID, why string) (assignee, error) {
	a := assignee{user: id, why: why}
	seen := map[crm.UserID]bool{}
	for id != 0 && !seen[id] {
		seen[id] = true
		u, err := r.people.User(ctx, id)
		if err != nil {
			return a, err
		}
		next := crm.UserID(0)
		switch {
		case u.ID == r.submitter:
			a.reason = "self"
		case r.barred(u.ID):
			a.reason = "party"
		case !u.Active || u.Frozen:
			a.reason = "left"
		case u.OnLeave(r.today):
			a.reason = "leave"
			if !r.barred(u.Deputy) {
				next = u.Deputy
			}
		default:
			if id != a.user {
				a.user, a.instead = id, a.user
			}
			return a, nil
		}
		if next == 0 {
			if next, err = r.people.Superior(ctx, id); err != nil {
				return a, err
			}
		}
		id = next
	}
	return assignee{}, nil
}
