package lead

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// NewLead is what somebody enters or imports.
type NewLead struct {
	Info
	// Grade, if given, is kept instead of the score's.
	Grade Grade
	// Owner gets the lead; zero: the pool.
	Owner crm.UserID
	// Pool names the home pool; zero: chosen by P-01.
	Pool crm.PoolID
	// Converted marks one that became a customer before it was imported.
	Converted bool
	// Row is the row number in the imported file; for imports.
	Row int
}

// DuplicateOf is the cause of a refusal because the record exists (DU-01).
type DuplicateOf struct {
	Existing
	// OwnerName is masked unless Open, which reports that the actor may see the
	// record itself.
	OwnerName string
	Open      bool
	// Mine reports that the actor owns it.
	Mine bool
	// Opening is when the actor may claim it; of a record in a pool.
	Opening pool.Opening
	// Twin is the lead that got the same key and exists too: the two can be merged.
	// Zero: there is only one.
	Twin crm.LeadID
}

// Error is the code of the record that exists, for logs.
func (d *DuplicateOf) Error() string { return "same as " + d.Match.Ref.String() }

// SimilarTo is the cause of a question because names are alike (DU-01).
type SimilarTo struct{ Found []DuplicateOf }

// Error is the number of similar records, for logs.
func (s *SimilarTo) Error() string { return fmt.Sprintf("%d similar records", len(s.Found)) }

// Create makes a lead for the actor or, with no owner, for the pool. A record
// with the same key is a refusal by DU-02 with cause DuplicateOf; similar names
// are a refusal by DU-01 with cause SimilarTo unless anyway is set.
func (s *Service) Create(ctx context.Context, a crm.Actor, in NewLead, anyway bool) (Seen, error) {
	if err := mayAct(a); err != nil {
		return Seen{}, err
	}
	if in.Owner != 0 && in.Owner != a.ID {
		u, err := s.d.People.User(ctx, in.Owner)
		if err != nil {
			return Seen{}, err
		}
		if !a.Leads(u.Team) {
			return Seen{}, crm.Forbidden("只能把新线索放到自己名下或公海", "a new lead goes to yourself or into the pool").WithNext("之后可以用 /转交", "pass it on with /transfer afterwards")
		}
		if err := canReceive(u, Lead{}); err != nil {
			return Seen{}, err
		}
	}
	if err := in.Info.Clean(); err != nil {
		return Seen{}, err
	}
	if err := s.Check(ctx, a, in.Info, anyway); err != nil {
		return Seen{}, err
	}
	id := in.identity()
	home, err := s.home(ctx, a, in)
	if err != nil {
		return Seen{}, err
	}
	p, err := s.scale(ctx)
	if err != nil {
		return Seen{}, err
	}
	l := buildLead(in, p, a.ID, home.ID, s.d.Clock.Now())
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.insert(ctx, a, &l, home) })
	if errors.Is(err, ErrKeyTaken) {
		m, ok, findErr := s.d.Duplicates.Exact(ctx, id)
		if findErr != nil {
			return Seen{}, findErr
		}
		if ok {
			return Seen{}, s.duplicate(ctx, a, m)
		}
	}
	if err != nil {
		return Seen{}, s.withCandidates(ctx, in.Owner, err)
	}
	acc, err := s.access(ctx, a, l)
	if err != nil {
		return Seen{}, err
	}
	return s.seen(ctx, a, l, max(acc, accessMasked))
}

// Check looks for records that what was typed would repeat, and refuses as
// Create does; what is not typed yet is not looked for.
func (s *Service) Check(ctx context.Context, a crm.Actor, in Info, anyway bool) error {
	m, ok, err := s.d.Duplicates.Exact(ctx, in.identity())
	if err != nil {
		return err
	}
	if ok {
		return s.duplicate(ctx, a, m)
	}
	if anyway {
		return nil
	}
	ms, err := s.d.Duplicates.Similar(ctx, in.Company, candidates)
	if err != nil || len(ms) == 0 {
		return err
	}
	return s.similar(ctx, a, ms)
}

func (in Info) identity() Identity {
	return Identity{Company: in.Company, Phone: in.Phone, Email: in.Email, USCC: in.USCC}
}

// insert stores one new lead with its keys, ledger row and fact, all in the
// transaction of the context.
func (s *Service) insert(ctx context.Context, a crm.Actor, l *Lead, home pool.Pool) error {
	add := func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		l.ID, l.Pool = 0, home.ID
		l.stamp(st)
		if err := s.d.Store.InsertLeads(ctx, []*Lead{l}); err != nil {
			return nil, err
		}
		return []crm.Ref{l.Ref()}, nil
	}
	m := pool.Move{Reason: pool.Create, Pool: home}
	owner := l.Owner
	var err error
	if owner != 0 {
		var seat pool.Seat
		if seat, err = s.d.Gate.Seat(ctx, crm.KindLead, owner); err == nil {
			_, err = s.d.Gate.Give(ctx, a, seat, m, 1, add)
		}
	} else {
		_, err = s.d.Gate.Free(ctx, a, m, 1, add)
	}
	if err != nil {
		return err
	}
	if err := s.d.Duplicates.Add(ctx, l.Ref(), l.identity()); err != nil {
		return err
	}
	if err := s.d.Index.AddTerms(ctx, map[crm.Ref][]string{l.Ref(): SearchTerms(l.Company, l.Contact)}); err != nil {
		return err
	}
	if err := s.record(ctx, FactNew, l.CreatedAt, a.ID, a.Team, l.Ref()); err != nil {
		return err
	}
	return s.distribute(ctx, l)
}

// stamp is what a new lead gets from the gate.
func (l *Lead) stamp(st pool.Stamp) {
	l.Owner, l.Team, l.ClaimableAt = st.Owner, st.Team, st.Claimable
	l.OwnedAt, l.PooledAt = time.Time{}, time.Time{}
	if st.Owner != 0 {
		l.OwnedAt = st.At
	} else {
		l.PooledAt = st.At
	}
	l.CreatedAt, l.UpdatedAt, l.Version = st.At, st.At, 1
}

// buildLead makes the entity with its score and grade.
func buildLead(in NewLead, p Scale, by crm.UserID, home crm.PoolID, now time.Time) Lead {
	if src, ok := FindSource(p.Sources, in.Source); ok {
		in.Source = src.Zh
	}
	l := Lead{Info: in.Info, Status: Open, Owner: in.Owner, Pool: home, CreatedBy: by, CreatedAt: now}
	if in.Converted {
		l.Status = Converted
	}
	if in.Grade.Valid() {
		l.Given = Given{Grade: in.Grade, By: by, At: now, Until: now.AddDate(0, 0, p.GivenDays)}
	}
	return Rated(l, Actions{}, p, now, "")
}

func (s *Service) home(ctx context.Context, a crm.Actor, in NewLead) (pool.Pool, error) {
	user := in.Owner
	if user == 0 {
		user = a.ID
	}
	return s.d.Gate.Home(ctx, crm.KindLead, in.Pool, user, in.City, in.Region)
}

// Clean normalises what was typed and reports the first thing that is wrong.
func (in *Info) Clean() error {
	for _, f := range []struct {
		v    *string
		max  int
		what crm.Text
	}{
		{&in.Company, 100, crm.Text{Zh: "公司", En: "company"}}, {&in.Contact, 50, crm.Text{Zh: "联系人", En: "contact"}}, {&in.Title, 50, crm.Text{Zh: "职位", En: "position"}},
		{&in.Phone, 60, crm.Text{Zh: "电话", En: "phone"}}, {&in.Email, 100, crm.Text{Zh: "邮箱", En: "e-mail"}}, {&in.Address, 200, crm.Text{Zh: "地址", En: "address"}},
		{&in.City, 30, crm.Text{Zh: "城市", En: "city"}}, {&in.Region, 30, crm.Text{Zh: "区域", En: "region"}}, {&in.Industry, 30, crm.Text{Zh: "行业", En: "industry"}},
		{&in.Source, 30, crm.Text{Zh: "来源", En: "source"}}, {&in.Need, 1000, crm.Text{Zh: "需求", En: "need"}}, {&in.Budget, 50, crm.Text{Zh: "预算", En: "budget"}},
		{&in.Note, 1000, crm.Text{Zh: "备注", En: "note"}}, {&in.USCC, 30, crm.Text{Zh: "统一社会信用代码", En: "credit code"}}, {&in.Size, 30, crm.Text{Zh: "规模", En: "size"}},
		{&in.Campaign, 60, crm.Text{Zh: "活动", En: "campaign"}},
	} {
		*f.v = crm.Normalize(*f.v)
		if n := len([]rune(*f.v)); n > f.max {
			return crm.Invalid(fmt.Sprintf("%s太长：%d 个字，最多 %d 个", f.what.Zh, n, f.max), fmt.Sprintf("the %s is too long: %d characters, at most %d", f.what.En, n, f.max))
		}
	}
	switch {
	case in.Company == "" && in.Contact == "":
		return crm.Invalid("缺少公司和联系人，至少需要一个", "company and contact are both missing; one of them is needed")
	case in.Company != "" && crm.CompanyKey(in.Company) == "":
		return crm.Invalid("公司名称里没有文字", "the company's name has no letters")
	case in.Phone == "" && in.Email == "" && in.Company == "":
		return crm.Invalid("缺少公司、电话和邮箱，无法联系", "company, phone and e-mail are all missing; nobody could be reached")
	}
	if in.Phone != "" {
		if _, err := crm.ParsePhone(in.Phone); err != nil {
			return err
		}
	}
	if in.Email != "" && !crm.IsEmail(in.Email) {
		return crm.Invalid("邮箱格式不对", "this is no e-mail address").WithNext("例如 li@example.com", "for example li@example.com")
	}
	return nil
}

func (s *Service) existing(ctx context.Context, a crm.Actor, m Match) (DuplicateOf, error) {
	e, err := s.Describe(ctx, m.Ref)
	if err != nil {
		return DuplicateOf{}, err
	}
	e.Match = m
	d := DuplicateOf{Existing: e, OwnerName: s.d.People.Name(ctx, e.Owner), Mine: e.Owner != 0 && e.Owner == a.ID}
	d.Open = e.Owner != 0 && a.CanSee(e.Owner, e.Team)
	if e.InPool {
		if d.Opening, err = s.opening(ctx, a, e); err != nil {
			return d, err
		}
	}
	if e.InPool && m.Ref.Kind == crm.KindLead {
		l, err := s.d.Store.Lead(ctx, crm.LeadID(m.Ref.ID))
		if err != nil {
			return d, err
		}
		acc, err := s.access(ctx, a, l)
		if err != nil {
			return d, err
		}
		if d.Open = acc != accessNone; acc == accessMasked {
			p, err := s.d.Gate.Pool(ctx, l.Pool)
			if err != nil {
				return d, err
			}
			d.Title = l.Masked(p.Hides).Name() // a number leads to no name that the pool hides
		}
	}
	if e.InPool && m.Ref.Kind != crm.KindLead {
		p, sees, manages, err := s.d.Gate.Sees(ctx, a, e.Pool)
		if err != nil {
			return d, err
		}
		if d.Open = sees; !manages && p.Hides("company") {
			d.Title = ""
		}
	}
	if !d.Open {
		d.OwnerName = crm.MaskName(d.OwnerName)
	}
	return d, nil
}

// opening is when the actor may claim a record that lies in a pool.
func (s *Service) opening(ctx context.Context, a crm.Actor, e Existing) (pool.Opening, error) {
	o, err := s.d.Gate.OpeningOf(ctx, a, e.Match.Ref, e.Pool, e.Claimable)
	o.Review = e.Review
	return o, err
}

// Line is the answer of DU-02: "已存在 · 负责人 李* · 状态 跟进中 · 释放日 07-08".
func (d DuplicateOf) Line(l crm.Lang) string {
	s := l.T("已存在", "it exists")
	if d.Open {
		s += " · " + d.Match.Ref.String() + " " + d.Title
	}
	if d.OwnerName != "" {
		s += l.T(" · 负责人 ", " · owner ") + d.OwnerName
	}
	s += l.T(" · 状态 ", " · state ") + d.Status.In(l)
	if d.Release != "" {
		s += l.T(" · 释放日 ", " · release day ") + string(d.Release)[5:]
	}
	return s
}

// told notes that the actor, who named its company, was told of somebody's record.
func (s *Service) told(ctx context.Context, a crm.Actor, d DuplicateOf) {
	if s.d.Told != nil && !d.Open && d.Owner != 0 {
		s.d.Told.Tell(ctx, a.ID, d.Match.Ref)
	}
}

func (s *Service) duplicate(ctx context.Context, a crm.Actor, m Match) error {
	d, err := s.existing(ctx, a, m)
	if err != nil {
		return err
	}
	s.told(ctx, a, d)
	e := crm.Refused("DU-02", d.Line(crm.Chinese)+"("+m.Kind.Name(crm.Chinese)+")", d.Line(crm.English)+" ("+m.Kind.Name(crm.English)+")").WithCause(&d)
	switch {
	case d.Mine && m.Ref.Kind == crm.KindAccount:
		return e.WithNext("就在您名下：/客户 "+m.Ref.String(), "it is yours: /account "+m.Ref.String())
	case d.Mine:
		return e.WithNext("就在您名下：/线索 "+m.Ref.String(), "it is yours: /lead "+m.Ref.String())
	case d.InPool && d.Open:
		return e.WithNext("可直接认领：/认领 "+m.Ref.String(), "claim it: /claim "+m.Ref.String())
	}
	return e.WithNext("可申请协作，或到期提醒", "ask to collaborate, or be reminded at its release")
}

func (s *Service) similar(ctx context.Context, a crm.Actor, ms []Match) error {
	cause := &SimilarTo{}
	for _, m := range ms {
		d, err := s.existing(ctx, a, m)
		if crm.CodeOf(err) == crm.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		s.told(ctx, a, d)
		cause.Found = append(cause.Found, d)
	}
	n := len(cause.Found)
	return crm.Refused("DU-01", fmt.Sprintf("有 %d 条名称相近的记录，请确认不是同一家", n), fmt.Sprintf("%d records have a similar name; please check that it is another company", n)).
		WithNext("确认不同后点“仍然新建”", "if it is another one, press “create anyway”").WithCause(cause)
}
