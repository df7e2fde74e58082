package lead

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Around are the grades that the grade of the score may be overridden with:
// itself and its neighbours (L-04).
func Around(g Grade) []Grade {
	i := slices.Index(Grades, g)
	if i < 0 {
		return nil
	}
	return Grades[max(0, i-1):min(len(Grades), i+2)]
}

// CheckOverride refuses a grade that may not take the place of the lead's
// (L-04), with the numbers.
func CheckOverride(l Lead, g Grade) error {
	base := Capped(l.Standing.Grade, l.Info, l.Quality)
	switch id := l.ID.String(); {
	case l.Quality != "":
		return crm.Refused("L-02", id+" 的资料有误，等级由核对结果决定", "the data of "+id+" is wrong; its grade follows from the review").WithNext("先核对：/核对 "+id+" 可用", "review it first: /review "+id+" usable")
	case !g.Valid():
		return crm.Invalid("等级是 A、B、C、D 之一", "a grade is one of A, B, C and D").WithNext("例如 /评级 "+id+" B 客户已立项", "for example /grade "+id+" B project approved")
	case Capped(g, l.Info, l.Quality) != g:
		return crm.Refused("L-02", id+" 没有可用的电话或邮箱，最高 C 级", id+" has no phone number or e-mail address and is at most C").WithNext("先补充：/补充 "+id+" 电话=…", "complete it first: /complete "+id+" phone=…")
	case !slices.Contains(Around(base), g):
		return crm.Refused("L-04", fmt.Sprintf("%s 按 %d 分是 %s 级，人工只能上下调一级：%s", id, l.Score.Total(), base, gradeList(Around(base), "、")),
			fmt.Sprintf("%s is %s by its %d points; by hand it moves one grade only: %s", id, base, l.Score.Total(), gradeList(Around(base), ", "))).
			WithNext("请选其中一级，或补充资料后等评分更新", "choose one of these, or complete its data and let the score follow")
	}
	return nil
}

func gradeList(list []Grade, sep string) string {
	words := make([]string, len(list))
	for i, g := range list {
		words[i] = string(g)
	}
	return strings.Join(words, sep)
}

// Override sets a grade in place of the score's for some days (L-04). Who leads
// the lead's owner may do that, and supervisors for leads in the pool. The
// score's own grade takes the override away.
func (s *Service) Override(ctx context.Context, a crm.Actor, id crm.LeadID, g Grade, why string) (Seen, error) {
	if err := mayAct(a); err != nil {
		return Seen{}, err
	}
	v, err := s.Peek(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	switch {
	case v.Status != Open && v.Status != Review:
		return Seen{}, crm.Conflict("", id.String()+" "+v.Status.Name(crm.Chinese), id.String()+" is "+v.Status.Name(crm.English))
	case !v.Manages:
		e := crm.Forbidden("只有 "+id.String()+" 负责人的经理可以人工评级", "only the manager of its owner may grade "+id.String()+" by hand")
		e.Rule = "L-04"
		return Seen{}, e.WithNext("请把理由告诉您的经理", "tell your manager why")
	}
	why = crm.Normalize(why)
	if n := utf8.RuneCountInString(why); n < 2 || n > pool.MaxNote {
		e := crm.Invalid(fmt.Sprintf("人工评级需要 2 到 %d 字的原因", pool.MaxNote), fmt.Sprintf("a grade by hand needs a reason of 2 to %d characters", pool.MaxNote))
		e.Rule = "L-04"
		return Seen{}, e.WithNext("例如 /评级 "+id.String()+" B 客户已立项", "for example /grade "+id.String()+" B project approved")
	}
	p, err := s.scale(ctx)
	if err != nil {
		return Seen{}, err
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		now := s.d.Clock.Now()
		l, did, err := s.d.Store.Scoring(ctx, id, now.AddDate(0, 0, -p.Actions.Days))
		if err != nil {
			return err
		}
		if l.Owner != v.Owner {
			return s.moved(id)
		}
		next := Rated(l, did, p, now, "")
		if err := CheckOverride(next, g); err != nil {
			return err
		}
		next.Given = Given{}
		if Capped(next.Standing.Grade, next.Info, next.Quality) != g {
			next.Given = Given{Grade: g, By: a.ID, At: now, Until: now.AddDate(0, 0, p.GivenDays), Why: why}
		}
		next = Rated(next, did, p, now, "")
		if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "lead.override", Ref: id.Ref(), Rule: "L-04",
			Detail: map[string]any{"from": l.Grade, "to": g, "score": next.Score.Total(), "until": next.Given.Until, "why": why}}); err != nil {
			return err
		}
		return s.saveRating(ctx, l, next, now)
	})
	if err != nil {
		return Seen{}, err
	}
	return s.Peek(ctx, a, id)
}
