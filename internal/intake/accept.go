package intake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/oklog/ulid/v2"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// Submission is one request of a source that was found good.
type Submission struct {
	Info lead.Info
	// Idempotency is the sender's key for the request; empty: none.
	Idempotency string
	// Signature is what it was signed with; empty: it was not.
	Signature string
	Body      []byte
}

// ViewAgain is what the owner of a company reads when it asks again; its argument
// is the inquiry's receipt.
const ViewAgain = "intake.again"

var (
	// errAgain means that another request was faster with the same thing: what it
	// did can be seen now.
	errAgain = errors.New("another request was faster")
	// errReused is an idempotency key that came with another body.
	errReused = errors.New("the idempotency key was used for something else")
	// errReplayed is a signature that came before.
	errReplayed = errors.New("the signature was used before")
)

// tries bounds how often a request may lose against others like it.
const tries = 5

// Accept makes a lead of the submission or, where the company is known, tells who
// has it. The same idempotency key with the same body is answered as the first
// time and does nothing.
func (s *Service) Accept(ctx context.Context, src Source, in Submission) (Inquiry, error) {
	var q Inquiry
	var err error
	for range tries {
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			var err error
			q, err = s.accept(ctx, src, in)
			return err
		})
		if !errors.Is(err, errAgain) {
			break
		}
	}
	return q, err
}

func (s *Service) accept(ctx context.Context, src Source, in Submission) (Inquiry, error) {
	now := s.d.Clock.Now()
	q := Inquiry{Receipt: ulid.Make().String(), Source: src.ID, Channel: src.Channel, Campaign: in.Info.Campaign, Company: in.Info.Company, Contact: in.Info.Contact,
		Phone: in.Info.Phone, Email: in.Info.Email, City: in.Info.City, Need: in.Info.Need, Note: in.Info.Note, At: now}
	body := hashOf(string(in.Body))
	if in.Signature != "" {
		ok, err := s.d.Store.AddToken(ctx, Token{Source: src.ID, Hash: hashOf("signature", strings.ToLower(strings.TrimPrefix(in.Signature, "sha256="))), Body: body, Receipt: q.Receipt, At: now})
		if err != nil {
			return q, err
		}
		if !ok {
			return q, errReplayed
		}
	}
	if in.Idempotency != "" {
		first, done, err := s.repeated(ctx, Token{Source: src.ID, Hash: hashOf("key", in.Idempotency), Body: body, Receipt: q.Receipt, At: now})
		if err != nil || done {
			return first, err
		}
	}
	system := crm.SystemActor()
	err := s.d.Leads.Check(ctx, system, in.Info, true)
	var known *lead.DuplicateOf
	switch {
	case errors.As(err, &known):
		q.Record = known.Match.Ref
		if err := s.tell(ctx, src, q, known.Existing); err != nil {
			return q, err
		}
	case err != nil:
		return q, err
	default:
		l, err := s.d.Leads.Create(ctx, system, lead.NewLead{Info: in.Info}, true)
		if errors.Is(err, lead.ErrKeyTaken) || errors.As(err, &known) {
			return q, errAgain // what was written so far goes with the transaction
		}
		if err != nil {
			return q, err
		}
		q.Record, q.Fresh = l.Ref(), true
	}
	if err := s.d.Store.AddInquiry(ctx, &q); err != nil {
		return q, err
	}
	return q, s.d.Effects.Audit(ctx, crm.Audit{At: now, Action: "intake.accept", Ref: q.Record, Rule: "DU-01",
		Detail: map[string]any{"source": int64(src.ID), "receipt": q.Receipt, "new": q.Fresh}})
}

// repeated takes the idempotency key, or finds what was answered to it before.
func (s *Service) repeated(ctx context.Context, t Token) (Inquiry, bool, error) {
	have, ok, err := s.d.Store.Token(ctx, t.Source, t.Hash)
	if err != nil {
		return Inquiry{}, false, err
	}
	if ok && t.At.Sub(have.At) < keepTokens {
		if have.Body != t.Body {
			return Inquiry{}, false, errReused
		}
		q, err := s.d.Store.Inquiry(ctx, have.Receipt)
		return q, true, err
	}
	if ok {
		if err := s.d.Store.DropToken(ctx, t.Source, t.Hash); err != nil {
			return Inquiry{}, false, err
		}
	}
	if ok, err = s.d.Store.AddToken(ctx, t); err == nil && !ok {
		err = errAgain
	}
	return Inquiry{}, false, err
}

// tell tells the owner of the company that it asked again (AS-01, DU-02). Where
// the owner is gone, or nobody owns it, who leads the team answers for it; a lead
// that nobody owns goes the way of the rules, and who made the source knows.
func (s *Service) tell(ctx context.Context, src Source, q Inquiry, e lead.Existing) error {
	to, err := s.answers(ctx, src, q, e)
	if err != nil {
		return err
	}
	for _, u := range to {
		if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewAgain, Ref: q.Receipt}}); err != nil {
			return err
		}
	}
	return s.d.Effects.Refresh(ctx, q.Record)
}

// answers are who is told of an inquiry.
func (s *Service) answers(ctx context.Context, src Source, q Inquiry, e lead.Existing) ([]crm.UserID, error) {
	if s.router == nil {
		if e.Owner != 0 {
			return []crm.UserID{e.Owner}, nil
		}
		return maker(src), nil
	}
	if e.Owner != 0 && s.router.Works(ctx, e.Owner) {
		return []crm.UserID{e.Owner}, nil
	}
	if e.Owner == 0 && q.Record.Kind == crm.KindLead {
		routed, err := s.router.Again(ctx, crm.LeadID(q.Record.ID))
		if err != nil {
			return nil, err
		}
		if routed { // whoever gets the lead is told with it
			return maker(src), nil
		}
	}
	heads, err := s.router.Heads(ctx, e.Team)
	if err != nil {
		return nil, err
	}
	for _, m := range maker(src) {
		if e.Owner == 0 && !slices.Contains(heads, m) {
			heads = append(heads, m)
		}
	}
	return heads, nil
}

// maker is who made the source; nobody where no person did.
func maker(src Source) []crm.UserID {
	if src.CreatedBy == 0 {
		return nil
	}
	return []crm.UserID{src.CreatedBy}
}

// Again is an inquiry of a known company and what the company is.
type Again struct {
	Inquiry
	Existing lead.Existing
}

// answering are who may read an inquiry about a company that nobody owns: who
// may see sources, and who may give the company to somebody.
var answering = append([]crm.Role{crm.Manager, crm.Director, crm.Boss}, readers...)

// Inquiry is what somebody may read who has the company now, and who may see
// sources or give it out where nobody has it.
func (s *Service) Inquiry(ctx context.Context, a crm.Actor, receipt string) (Again, error) {
	gone := crm.NotFound("没有这条询盘，或您无权查看", "there is no such inquiry, or you may not see it")
	q, err := s.d.Store.Inquiry(ctx, receipt)
	if err != nil {
		return Again{}, err
	}
	e, err := s.d.Leads.Describe(ctx, q.Record)
	if err != nil {
		return Again{}, err
	}
	if e.Owner != 0 && !a.CanSee(e.Owner, e.Team) || e.Owner == 0 && !a.Is(answering...) {
		return Again{}, gone
	}
	return Again{q, e}, nil
}
