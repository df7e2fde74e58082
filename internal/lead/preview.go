package lead

import (
	"context"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// previewPages bounds what a preview of grades looks at, in pages.
const previewPages = 20

// GradePreview is what a change of a setting would do to grades (RC-02).
type GradePreview struct {
	// Looked is how many open leads were worked out; More that there are others.
	Looked int
	More   bool
	// Up and Down count those whose grade would be another, Moves by the grades
	// before and after, "BA"; Scores those whose sum would be another.
	Up, Down, Scores int
	Moves            map[string]int
}

// Scores reports whether a change of the setting moves scores or grades.
func Scores(key string) bool {
	return strings.HasPrefix(key, "L-01.") || key == LineRule.Key
}

// PreviewGrades works out what open leads would be graded by the book once the
// nightly runs are through, against what they would be without the change. It
// reads page by page and stores nothing.
func (s *Service) PreviewGrades(ctx context.Context, b *rule.Book) (GradePreview, error) {
	out := GradePreview{Moves: map[string]int{}}
	now := s.d.Clock.Now()
	p, err := s.scale(ctx)
	if err != nil {
		return out, err
	}
	q, err := s.scaleBy(ctx, b)
	if err != nil {
		return out, err
	}
	var after crm.LeadID
	for range previewPages {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		days := max(p.Actions.Days, q.Actions.Days)
		list, did, err := s.d.Store.ScorePage(ctx, after, now.AddDate(0, 0, -days), scorePage)
		if err != nil {
			return out, err
		}
		for _, l := range list {
			after = l.ID
			out.Looked++
			silent := l.CreatedAt
			if l.LastValidAt.After(silent) {
				silent = l.LastValidAt
			}
			x, y := ScoreOf(l.Info, did[l.ID], silent, p, now).Total(), ScoreOf(l.Info, did[l.ID], silent, q, now).Total()
			if x != y {
				out.Scores++
			}
			if l.Given.Holds(now) { // a given grade stays
				continue
			}
			was, will := Capped(p.Lines.Of(x), l.Info, l.Quality), Capped(q.Lines.Of(y), l.Info, l.Quality)
			switch {
			case will < was:
				out.Up++
			case will > was:
				out.Down++
			default:
				continue
			}
			out.Moves[string(was)+string(will)]++
		}
		if len(list) < scorePage {
			return out, nil
		}
	}
	out.More = true
	return out, nil
}
