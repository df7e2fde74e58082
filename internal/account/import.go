package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Row is one account of a file, with at most one contact.
type Row struct {
	Draft
	// Owner and Team hold the account; zero: nobody.
	Owner     crm.UserID
	Team      crm.TeamID
	Employees int64
	Revenue   crm.Money
	Founded   int
	Contact   ContactDraft
}

// Import takes rows that name companies: unknown ones are added; of known ones
// only what is empty is filled in, so that nothing that people wrote is lost and
// importing again changes nothing. Without commit it only says what would
// happen. One call is one transaction; a bad row does not stop the others.
func (s *Service) Import(ctx context.Context, a crm.Actor, rows []Row, commit bool) ([]bulk.Result, error) {
	if !a.Is(crm.Admin, crm.Marketing, crm.Manager) {
		return nil, crm.Forbid(a, crm.Admin, crm.Marketing, crm.Manager)
	}
	if a.Frozen {
		return nil, frozen()
	}
	var out []bulk.Result
	run := func(ctx context.Context) (err error) {
		out, err = s.importRows(ctx, a, rows, commit)
		return err
	}
	if !commit {
		return out, run(ctx)
	}
	err := s.Tx.InTx(ctx, run)
	return out, err
}

// seats takes the seats of all owners of the rows before anything is read, as
// pool.Gate.Seat wants it, and in order of the owners: two imports then never
// wait for each other.
func (s *Service) seats(ctx context.Context, rows []Row) (map[crm.UserID]pool.Seat, error) {
	out := map[crm.UserID]pool.Seat{}
	for _, r := range rows {
		if r.Owner != 0 {
			out[r.Owner] = pool.Seat{}
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(out)) {
		seat, err := s.Gate.Seat(ctx, crm.KindAccount, owner)
		if err != nil {
			return nil, err
		}
		out[owner] = seat
	}
	return out, nil
}

func (s *Service) importRows(ctx context.Context, a crm.Actor, rows []Row, commit bool) ([]bulk.Result, error) {
	out := make([]bulk.Result, len(rows))
	var seats map[crm.UserID]pool.Seat
	if commit {
		var err error
		if seats, err = s.seats(ctx, rows); err != nil {
			return nil, err
		}
	}
	keys, nos := make([]string, len(rows)), []string{}
	for i := range rows {
		r := &rows[i]
		d, key, err := s.check(r.Draft)
		if err == nil {
			err = s.checkRow(r)
		}
		if err == nil && r.Owner != 0 && !a.Is(crm.Admin, crm.Marketing) && !a.Leads(r.Team) {
			err = crm.Forbidden("负责人不在您的团队", "the owner is not in your teams")
		}
		if err != nil {
			out[i] = bulk.BadErr(err)
			continue
		}
		level := r.Level
		r.Draft, keys[i] = d, key
		r.Level = level // the default level fills nothing in
		if r.No != "" {
			nos = append(nos, r.No)
		}
	}
	byKey, err := s.Store.AccountsByKey(ctx, nonEmpty(keys))
	if err != nil {
		return nil, err
	}
	byNo, err := s.Store.AccountsByNo(ctx, nos)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	fresh := map[string]*Account{}
	var order []*Account
	for i, r := range rows {
		if keys[i] == "" {
			continue
		}
		out[i].Key = keys[i]
		old, known := byKey[keys[i]]
		if n, ok := byNo[r.No]; ok && r.No != "" {
			old, known = n, true
			out[i].Key = n.Key
		}
		if fresh[keys[i]] != nil && !known {
			out[i].Outcome, out[i].Reason = bulk.Same, crm.Text{Zh: "与本文件前面的一行是同一家公司", En: "the same company as an earlier row of this file"}
			continue
		}
		if !known {
			if s.Keys != nil {
				held, err := s.Keys.Holder(ctx, r.Name, r.USCC)
				if err != nil {
					return nil, err
				}
				if held.ID != 0 {
					out[i].Outcome, out[i].Ref = bulk.Same, held
					out[i].Reason = crm.Text{Zh: "公司已存在：" + held.String(), En: "the company exists: " + held.String()}
					continue
				}
			}
			x := r.account(keys[i])
			if x.CreatedAt.IsZero() {
				x.CreatedAt = now
			}
			x.UpdatedAt = now
			if x.Level == "" {
				x.Level = LevelC
			}
			fresh[keys[i]] = &x
			order = append(order, &x)
			out[i].Outcome = bulk.New
			continue
		}
		res, err := s.fill(ctx, a, old, r, seats[r.Owner], commit)
		if err != nil {
			return nil, err
		}
		res.Key = out[i].Key
		out[i] = res
		if res.Outcome == bulk.Update {
			// A later row about the same company builds on this one.
			next := merged(old, r)
			next.Version = res.Version
			if old.Owner == 0 {
				next.Owner, next.Team = r.Owner, r.Team
			}
			byKey[keys[i]] = next
		}
	}
	if !commit {
		return out, s.dryRoom(ctx, rows, keys, fresh, out)
	}
	if err := s.addImported(ctx, a, order, seats); err != nil {
		return nil, err
	}
	var contacts []*Contact
	var facts []crm.Fact
	for i := range out {
		x := fresh[keys[i]]
		if x == nil || out[i].Outcome != bulk.New && out[i].Outcome != bulk.Same {
			continue
		}
		if x.ID == 0 {
			out[i] = overLimit()
			continue
		}
		out[i].Ref = x.ID.Ref() // also of rows that repeat one of this file
		if out[i].Outcome == bulk.Same {
			continue
		}
		out[i].Version = x.Version
		if c := rows[i].Contact; c.Name != "" {
			contacts = append(contacts, &Contact{Account: x.ID, Name: c.Name, Mobile: c.Mobile, Email: c.Email, Title: c.Title, Role: c.Role, CreatedBy: a.ID, CreatedAt: x.CreatedAt})
		}
	}
	if err := s.Store.AddContacts(ctx, contacts); err != nil {
		return nil, err
	}
	for _, c := range contacts {
		facts = append(facts, s.contactFact(*c, a.Team, 1))
	}
	return out, s.Effects.Record(ctx, facts...)
}

func overLimit() bulk.Result {
	return bulk.BadRow("负责人的持有上限已满（P-03）", "its owner holds as many accounts as the limit allows (P-03)")
}

// dryRoom applies the hold limits to the new rows of a dry run.
func (s *Service) dryRoom(ctx context.Context, rows []Row, keys []string, fresh map[string]*Account, out []bulk.Result) error {
	room := map[crm.UserID]int{}
	for i := range out {
		owner := rows[i].Owner
		if out[i].Outcome != bulk.New || fresh[keys[i]] == nil || owner == 0 {
			continue
		}
		if _, known := room[owner]; !known {
			st, err := s.Gate.Status(ctx, owner, crm.KindAccount, pool.Pool{})
			if err != nil {
				return err
			}
			room[owner] = st.Hold - st.Held
		}
		if room[owner]--; room[owner] < 0 {
			out[i] = overLimit()
		}
	}
	return nil
}

// addImported stores new accounts owner by owner.
func (s *Service) addImported(ctx context.Context, a crm.Actor, xs []*Account, seats map[crm.UserID]pool.Seat) error {
	groups := map[crm.UserID][]*Account{}
	for _, x := range xs {
		groups[x.Owner] = append(groups[x.Owner], x)
	}
	for _, owner := range slices.Sorted(maps.Keys(groups)) {
		// The stamp of the gate says when the record changed hands; when it came to be
		// is the row's.
		_, err := s.add(ctx, a, seats[owner], pool.Import, groups[owner], true)
		var full *pool.HoldFull
		if err != nil && !errors.As(err, &full) && !errors.Is(err, pool.ErrLost) {
			return err
		}
	}
	return nil
}

func (s *Service) contactFact(c Contact, team crm.TeamID, qty int64) crm.Fact {
	return crm.Fact{At: c.CreatedAt, Day: s.Calendar.DayOf(c.CreatedAt), User: c.CreatedBy, Team: team, Key: FactNewContact, Qty: qty, Ref: c.ID.Ref()}
}

func (s *Service) checkRow(r *Row) error {
	if utf8.RuneCountInString(r.Region) > 60 || utf8.RuneCountInString(r.Industry) > 60 || utf8.RuneCountInString(r.No) > 60 || utf8.RuneCountInString(r.Parent) > MaxName {
		return crm.Invalid("城市、行业、编号最多 60 个字", "city, industry and number have at most 60 characters")
	}
	r.Contact.Name, r.Contact.Title = cutRunes(oneLine(r.Contact.Name), 40), cutRunes(oneLine(r.Contact.Title), 40)
	r.Contact.Email = strings.ToLower(oneLine(r.Contact.Email))
	if m := oneLine(r.Contact.Mobile); m != "" {
		n, err := crm.ParsePhone(m)
		if err != nil {
			return err
		}
		r.Contact.Mobile = n
		if r.Contact.Name == "" {
			r.Contact.Name = "联系人"
		}
	}
	return nil
}

func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func (r Row) account(key string) Account {
	return Account{Name: r.Name, Key: key, Level: r.Level, Region: r.Region, Industry: r.Industry, Owner: r.Owner, Team: r.Team, USCC: r.USCC, No: r.No,
		Parent: r.Parent, Employees: r.Employees, Revenue: r.Revenue, Founded: r.Founded, CreatedAt: r.At}
}

// fill writes what is empty in a known account and present in the row.
func (s *Service) fill(ctx context.Context, a crm.Actor, old Account, r Row, seat pool.Seat, commit bool) (bulk.Result, error) {
	same := bulk.Result{Outcome: bulk.Same, Ref: old.ID.Ref(), Version: old.Version,
		Reason: crm.Text{Zh: "已存在：" + old.ID.String(), En: "exists: " + old.ID.String()}}
	x := merged(old, r)
	taken := old.Owner == 0 && r.Owner != 0
	if x == old && !taken {
		return same, nil
	}
	if r, err := s.Rights(ctx, a, old); err != nil {
		return same, err
	} else if !r.See {
		same.Reason = crm.Text{Zh: "已存在，属于其他团队，未改动", En: "exists and belongs to another team; left alone"}
		return same, nil
	}
	before, err := json.Marshal(old)
	if err != nil {
		return same, fmt.Errorf("encode account before import: %w", err)
	}
	res := bulk.Result{Outcome: bulk.Update, Ref: old.ID.Ref(), Before: string(before), Version: old.Version + 1,
		Reason: crm.Text{Zh: "补充资料：" + old.ID.String(), En: "fills in " + old.ID.String()}}
	if !commit {
		return res, nil
	}
	x.UpdatedAt = s.Clock.Now()
	if taken {
		err := s.give(ctx, a, &x, seat)
		if crm.CodeOf(err) == crm.CodeRefused {
			return bulk.BadErr(err), nil
		}
		if err != nil {
			return same, err
		}
	} else if err := s.Store.UpdateAccount(ctx, &x); err != nil {
		return same, err
	}
	if err := s.Unsettle(ctx, x.ID); err != nil { // another level has another period (P-11)
		return same, err
	}
	if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "account.import_fill", Ref: x.ID.Ref(), Rule: "CH-05"}); err != nil {
		return same, err
	}
	return res, s.Effects.Refresh(ctx, x.ID.Ref())
}

// give stores a changed account of nobody with its first owner, through the gate.
func (s *Service) give(ctx context.Context, a crm.Actor, x *Account, seat pool.Seat) error {
	home, err := s.Gate.Pool(ctx, x.home())
	if err != nil {
		return err
	}
	_, err = s.Gate.Give(ctx, a, seat, pool.Move{Ref: x.ID.Ref(), Reason: pool.Import, Pool: home, Exempt: x.Dealt()}, 1, func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		x.stamp(st)
		return []crm.Ref{x.ID.Ref()}, s.Store.UpdateAccount(ctx, x)
	})
	return err
}

// merged is the account with its empty parts taken from the row.
func merged(x Account, r Row) Account {
	text := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	text(&x.Region, r.Region)
	text(&x.Industry, r.Industry)
	text(&x.USCC, r.USCC)
	text(&x.No, r.No)
	text(&x.Parent, r.Parent)
	if x.Level == "" {
		x.Level = r.Level
	}
	if x.Employees == 0 {
		x.Employees = r.Employees
	}
	if x.Revenue == 0 {
		x.Revenue = r.Revenue
	}
	if x.Founded == 0 {
		x.Founded = r.Founded
	}
	return x
}

// Undo takes an imported row back: a new account is removed, a filled-in one is
// restored. A record that somebody changed since, or that has contacts or
// work attached, stays; undone is false then. It takes part in the caller's
// transaction.
func (s *Service) Undo(ctx context.Context, a crm.Actor, r bulk.Result) (undone bool, err error) {
	x, err := s.Store.Account(ctx, crm.AccountID(r.Ref.ID))
	if crm.CodeOf(err) == crm.CodeNotFound {
		return false, nil
	}
	if err != nil || x.Version != r.Version {
		return false, err
	}
	if r.Outcome == bulk.Update {
		var before Account
		if err := json.Unmarshal([]byte(r.Before), &before); err != nil {
			return false, fmt.Errorf("decode account before import: %w", err)
		}
		before.Version, before.UpdatedAt = x.Version, s.Clock.Now()
		before.DealtAt, before.ActiveAt = x.DealtAt, x.ActiveAt
		if err := s.restore(ctx, a, x, before); err != nil {
			return false, err
		}
		return true, s.Effects.Refresh(ctx, x.ID.Ref())
	}
	if !x.ActiveAt.IsZero() || !x.DealtAt.IsZero() {
		return false, nil
	}
	contacts, err := s.Store.Contacts(ctx, x.ID)
	if err != nil {
		return false, err
	}
	facts := []crm.Fact{s.newFact(x, -1)}
	for _, c := range contacts {
		if c.Version != 1 || !c.CreatedAt.Equal(x.CreatedAt) {
			return false, nil
		}
		facts = append(facts, s.contactFact(c, a.Team, -1))
	}
	gone, err := s.Store.RemoveAccount(ctx, x.ID, x.Version)
	if err != nil || !gone {
		return false, err
	}
	if s.Keys != nil {
		if err := s.Keys.Drop(ctx, x.ID.Ref()); err != nil {
			return false, err
		}
	}
	if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "account.import_undo", Ref: x.ID.Ref(), Rule: "CH-05"}); err != nil {
		return false, err
	}
	return true, s.Effects.TakeBack(ctx, facts...)
}

// restore writes an account back as it was; an owner that the import gave it
// leaves through the gate.
func (s *Service) restore(ctx context.Context, a crm.Actor, now, before Account) error {
	if before.Owner == now.Owner {
		before.Team = now.Team // the owner may have changed teams since
	}
	if before.Owner != 0 || now.Owner == 0 {
		return s.Store.UpdateAccount(ctx, &before)
	}
	home, err := s.Gate.Pool(ctx, before.home())
	if err != nil {
		return err
	}
	_, err = s.Gate.Free(ctx, a, pool.Move{Ref: now.ID.Ref(), From: now.Owner, FromTeam: now.Team, Reason: pool.Import, Pool: home, Uncounted: true}, 1, func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		before.stamp(st)
		return []crm.Ref{now.ID.Ref()}, s.Store.UpdateAccount(ctx, &before)
	})
	return err
}

func nonEmpty(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
