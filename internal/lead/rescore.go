package lead

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// ViewRose tells an owner that a lead rose to A (L-03): "L-12".
const ViewRose = "lead.rose"

// learnedFor is how long the learned points are taken from memory.
const learnedFor = time.Minute

// scale is how leads are scored now.
func (s *Service) scale(ctx context.Context) (Scale, error) { return s.scaleBy(ctx, s.d.Rules) }

// scaleBy is how leads are scored by the book.
func (s *Service) scaleBy(ctx context.Context, b *rule.Book) (Scale, error) {
	p := Scale{Unknown: int(UnknownSource.Of(ctx, b)), GivenDays: int(GivenDays.Of(ctx, b))}
	p.Sources, _ = Sources.Read(ctx, b)
	p.Complete, _ = CompleteRule.Read(ctx, b)
	p.Actions, _ = ActionRule.Read(ctx, b)
	p.Fit, _ = FitRule.Read(ctx, b)
	p.Decay, _ = DecayRule.Read(ctx, b)
	p.Lines, _ = LineRule.Read(ctx, b)
	p.Slack, _ = SlackRule.Read(ctx, b)
	var err error
	p.Learned, err = s.learned.Get(ctx, s.d.Store.LearnedPoints)
	return p, err
}

// Ratings is the part of the store that keeps scores, grades and verdicts.
type Ratings interface {
	// Scoring is a lead with its key actions since the moment, in a transaction:
	// nobody else changes the lead until it ends.
	Scoring(ctx context.Context, id crm.LeadID, since time.Time) (Lead, Actions, error)
	// SaveRating stores score, grade, standing and given grade of a lead that the
	// transaction has locked.
	SaveRating(ctx context.Context, l Lead) error
	// EditLead stores the data of a lead that the transaction has locked.
	EditLead(ctx context.Context, l Lead, now time.Time) error
	// ScorePage are open leads after the one with the id, in order, at most n, and
	// their key actions since the moment. It locks nothing.
	ScorePage(ctx context.Context, after crm.LeadID, since time.Time, n int) ([]Lead, map[crm.LeadID]Actions, error)
	// SaveRatings stores the ratings of leads on which nothing happened since they
	// were read; the others keep theirs.
	SaveRatings(ctx context.Context, ls []Lead) error
	// ScoreRun is how far the last nightly run came; SaveScoreRun notes it.
	ScoreRun(ctx context.Context) (Run, error)
	SaveScoreRun(ctx context.Context, r Run) error

	// ToJudge are leads of a stage that were made before the moment, the oldest
	// first, at most n, and nobody else judges them until the transaction ends.
	ToJudge(ctx context.Context, stage int, before time.Time, n int) ([]Judged, error)
	// SaveJudged stores first grade and next stage.
	SaveJudged(ctx context.Context, list []Judged, stage int) error
	// DealDays are the days on which deals of the accounts were opened.
	DealDays(ctx context.Context, ids []crm.AccountID) (map[crm.AccountID][]crm.Day, error)
	// AddOutcomes adds to the counts by month, channel and grade.
	AddOutcomes(ctx context.Context, list []Outcome) error
	// Outcomes are the counts of the months from and before the given ones; empty:
	// without that bound.
	Outcomes(ctx context.Context, from, before string) ([]Outcome, error)
	// LearnedPoints are the points of the channels that were learned; never nil.
	LearnedPoints(ctx context.Context) (map[string]int, error)
	SaveLearned(ctx context.Context, points map[string]int) error
}

// Rescore brings score and grade of a lead up to date in the transaction of the
// context, after something that counts has changed (L-06).
func (s *Service) Rescore(ctx context.Context, ref crm.Ref) error {
	if ref.Kind != crm.KindLead {
		return nil
	}
	p, err := s.scale(ctx)
	if err != nil {
		return err
	}
	_, err = s.rescore(ctx, p, crm.LeadID(ref.ID), "")
	return err
}

// rescore is Rescore with the scale at hand, and for a daily run on its day.
func (s *Service) rescore(ctx context.Context, p Scale, id crm.LeadID, day crm.Day) (Lead, error) {
	now := s.d.Clock.Now()
	l, did, err := s.d.Store.Scoring(ctx, id, now.AddDate(0, 0, -p.Actions.Days))
	if err != nil {
		return l, err
	}
	next := Rated(l, did, p, now, day)
	return next, s.saveRating(ctx, l, next, now)
}

// saveRating stores a new score and grade with what follows from them: the
// audit row of a new grade, and the card for the owner of a lead that rose to A
// (L-03).
func (s *Service) saveRating(ctx context.Context, was, l Lead, now time.Time) error {
	if sameRating(was, l) {
		return nil
	}
	if err := s.d.Store.SaveRating(ctx, l); err != nil {
		return err
	}
	if err := s.d.Effects.Refresh(ctx, l.Ref()); err != nil || was.Grade == l.Grade {
		return err
	}
	if l.Owner != 0 { // another grade has another period (P-11)
		if err := s.unsettle(ctx, l.Ref()); err != nil {
			return err
		}
	}
	rule := "L-03"
	switch {
	case was.Quality != l.Quality || l.Quality != "":
		rule = "L-02"
	case was.GradeGiven || l.GradeGiven:
		rule = "L-04"
	}
	if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Action: "lead.grade", Ref: l.Ref(), Rule: rule, Detail: map[string]any{"from": was.Grade, "to": l.Grade, "score": l.Score.Total()}}); err != nil {
		return err
	}
	if l.Grade != "A" || l.Owner == 0 {
		return nil
	}
	// Nobody is woken: at night the card waits for the morning.
	return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(l.Owner), View: crm.View{Name: ViewRose, Ref: l.Ref().String()}, Topic: ViewRose + ":" + l.Ref().String(),
		After: s.d.Calendar.NextLoud(now), Always: true})
}

func sameRating(a, b Lead) bool {
	return a.Grade == b.Grade && a.GradeGiven == b.GradeGiven && a.Score == b.Score && a.Standing == b.Standing && a.Given == b.Given
}
