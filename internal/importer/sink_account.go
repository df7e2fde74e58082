package importer

import (
	"context"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/bulk"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

type accountSink struct {
	s      *Service
	m      Mapping
	people people
}

func (k *accountSink) joins() bool { return true }

func (k *accountSink) put(ctx context.Context, a crm.Actor, rows []row, commit bool) ([]bulk.Result, error) {
	out := make([]bulk.Result, len(rows))
	good, at := split(rows, out, k.row)
	res, err := k.s.Nouns.Accounts.Import(ctx, a, good, commit)
	if err != nil {
		return nil, err
	}
	merge(out, at, res)
	return out, nil
}

func (k *accountSink) undo(ctx context.Context, a crm.Actor, r bulk.Result) (bool, error) {
	return k.s.Nouns.Accounts.Undo(ctx, a, r)
}

func (k *accountSink) row(r row) (account.Row, error) {
	v := r.values
	x := account.Row{Draft: account.Draft{Name: v["name"], Region: v["region"], Industry: v["industry"], USCC: v["uscc"], No: v["no"], Parent: v["parent"]},
		Contact: account.ContactDraft{Name: v["contact"], Mobile: v["mobile"], Email: v["email"], Title: v["title"]}}
	if v["level"] != "" {
		l, ok := account.ParseLevel(v["level"])
		if !ok {
			return x, crm.Invalid("没有级别“"+cutRunes(v["level"], 20)+"”，应为 KA、A、B、C", "there is no level “"+cutRunes(v["level"], 20)+"”; it is KA, A, B or C")
		}
		x.Level = l
	}
	u, err := k.people.find(v["owner"])
	if err != nil {
		return x, err
	}
	x.Owner, x.Team = u.ID, u.Team
	if x.Employees, err = parseCount(v["employees"]); err != nil {
		return x, err
	}
	if x.Revenue, err = parseAmount(v["revenue"], k.m.Fields["revenue"].Times); err != nil {
		return x, err
	}
	if v["founded"] != "" {
		n, err := parseCount(v["founded"])
		if err != nil || n < 1000 || n > 2200 {
			d, derr := parseDay(v["founded"], k.m.Fields["founded"].Date)
			if derr != nil {
				return x, crm.Invalid("成立年份“"+cutRunes(v["founded"], 20)+"”不对", "the year “"+cutRunes(v["founded"], 20)+"” is wrong")
			}
			n = int64(d.Year())
		}
		x.Founded = int(n)
	}
	day, err := parseDay(v["created"], k.m.Fields["created"].Date)
	if err != nil {
		return x, err
	}
	x.At, err = k.s.past(day)
	return x, err
}

// past is the morning of a day that has come; the zero time for no day.
func (s *Service) past(d crm.Day) (time.Time, error) {
	if d == "" {
		return time.Time{}, nil
	}
	now := s.Clock.Now()
	today := s.Calendar.DayOf(now)
	if d > today {
		return time.Time{}, crm.Invalid("日期 "+string(d)+" 在将来", "the date "+string(d)+" is in the future")
	}
	if at := s.Calendar.At(d, calendar.Clock(9, 0)); at.Before(now) {
		return at, nil
	}
	return now, nil
}
