package lead

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// RowStatus is what becomes of an imported row.
type RowStatus string

// The outcomes of a row.
const (
	RowNew       RowStatus = "new"
	RowDuplicate RowStatus = "duplicate"
	RowBad       RowStatus = "bad"
	// RowRefused is a good row that a rule kept out: its owner's hold limit.
	RowRefused RowStatus = "refused"
)

// RowResult is the outcome of one row.
type RowResult struct {
	Row    int
	Status RowStatus
	ID     crm.LeadID // of a created lead; zero in a dry run
	// Existing is the record, and SameRow the earlier row of the file, that the
	// row repeats.
	Existing crm.Ref
	SameRow  int
	// Similar is a record with a similar name; the row is created all the same.
	Similar crm.Ref
	// Reason says why the row was not created, or what to look at.
	Reason crm.Text
}

// ImportOptions say how to import.
type ImportOptions struct {
	// ID marks the leads of this import so that it can be undone. Not zero.
	ID int64
	// DryRun reports what would happen and changes nothing.
	DryRun bool
}

// importBatch is how many rows go into one transaction.
const importBatch = 500

// Import makes leads from rows, a batch per transaction, and reports one result
// per row in order. Rows that name an owner obey the owner's hold limit (P-03);
// the others go to their home pool (P-01). It notifies nobody.
func (s *Service) Import(ctx context.Context, a crm.Actor, rows []NewLead, o ImportOptions) ([]RowResult, error) {
	if err := mayAct(a); err != nil {
		return nil, err
	}
	if !a.Is(crm.Manager, crm.Director, crm.Marketing, crm.Admin) {
		return nil, crm.Forbid(a, crm.Manager, crm.Marketing, crm.Admin)
	}
	im := &importer{s: s, a: a, o: o, seen: map[string]int{}, room: map[crm.UserID]int{}}
	var err error
	if im.scale, err = s.scale(ctx); err != nil {
		return nil, err
	}
	im.least = float64(Similarity.Of(ctx, s.d.Rules)) / 100
	out := make([]RowResult, 0, len(rows))
	for chunk := range slices.Chunk(rows, importBatch) {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		res, err := im.batch(ctx, chunk)
		out = append(out, res...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// mayGive refuses owners outside the teams of a manager who imports (PM-01);
// marketing and administrators import for the company.
func (s *Service) mayGive(ctx context.Context, a crm.Actor, owner crm.UserID) error {
	if owner == 0 || a.Is(crm.Marketing, crm.Admin) {
		return nil
	}
	u, err := s.d.People.User(ctx, owner)
	if err != nil {
		return err
	}
	if !a.Leads(u.Team) {
		return crm.Forbidden("负责人不在您的团队", "the owner is not in your teams")
	}
	return nil
}

type importer struct {
	s      *Service
	a      crm.Actor
	o      ImportOptions
	scale  Scale
	least  float64
	seen   map[string]int      // keys of earlier rows of the file, with their row
	room   map[crm.UserID]int  // dry run: how many each owner can still take
	cities map[[2]string]int64 // home pools already chosen, by city and region
}

// plan is a row that is good to be inserted.
type plan struct {
	at   int // index in the batch
	lead Lead
	keys []Key
}

func (im *importer) batch(ctx context.Context, rows []NewLead) ([]RowResult, error) {
	res := make([]RowResult, len(rows))
	done, err := im.done(ctx, rows)
	if err != nil {
		return res[:0], err
	}
	var plans []plan
	var keys []Key
	for i, r := range rows {
		if id, ok := done[r.Row]; ok {
			res[i] = RowResult{Row: r.Row, Status: RowNew, ID: id}
			continue
		}
		res[i] = RowResult{Row: r.Row, Status: RowBad}
		if err := r.Info.Clean(); err != nil {
			res[i].Reason = textOf(err)
			continue
		}
		if err := im.s.mayGive(ctx, im.a, r.Owner); err != nil {
			if crm.CodeOf(err) == crm.CodeInternal {
				return res[:0], err
			}
			res[i].Reason = textOf(err)
			continue
		}
		home, err := im.home(ctx, r)
		if err != nil {
			return res[:0], err
		}
		p := plan{at: i, lead: buildLead(r, im.scale, im.a.ID, home, im.s.d.Clock.Now()), keys: r.identity().Keys()}
		p.lead.Import, p.lead.ImportRow = im.o.ID, r.Row
		plans, keys = append(plans, p), append(keys, p.keys...)
	}
	found, err := im.s.d.Duplicates.index.FindKeys(ctx, keys...)
	if err != nil {
		return res[:0], err
	}
	plans = im.dropDuplicates(plans, found, res)
	if err := im.markSimilar(ctx, plans, res); err != nil {
		return res[:0], err
	}
	im.tell(ctx, res)
	if im.o.DryRun {
		return res, im.dryRoom(ctx, plans, res)
	}
	return res, im.insertByOwner(ctx, plans, res)
}

// maxTold bounds of how many existing records one batch's reader is told: more
// than a card of the result names.
const maxTold = 50

// tell notes which existing records the rows led the importer to (DU-02).
func (im *importer) tell(ctx context.Context, res []RowResult) {
	n := 0
	for _, r := range res {
		for _, ref := range []crm.Ref{r.Existing, r.Similar} {
			if ref.ID != 0 && n < maxTold && im.s.d.Told != nil {
				n++
				im.s.d.Told.Tell(ctx, im.a.ID, ref)
			}
		}
	}
}

// done are the rows of the batch that this import has made leads of before: it
// was interrupted after storing them and is now taken up again. They are its own
// and no duplicates.
func (im *importer) done(ctx context.Context, rows []NewLead) (map[int]crm.LeadID, error) {
	if im.o.DryRun || im.o.ID == 0 || len(rows) == 0 {
		return nil, nil
	}
	first := rows[0].Row
	for _, r := range rows {
		first = min(first, r.Row)
	}
	have, err := im.s.d.Store.ImportedLeads(ctx, im.o.ID, false, first-1, len(rows))
	if err != nil {
		return nil, err
	}
	out := make(map[int]crm.LeadID, len(have))
	for _, h := range have {
		out[h.Row] = h.ID
	}
	return out, nil
}

// dropDuplicates marks rows that repeat a stored record or an earlier row.
func (im *importer) dropDuplicates(plans []plan, found []Key, res []RowResult) []plan {
	stored := make(map[string]crm.Ref, len(found))
	for _, k := range found {
		stored[string(k.Kind)+"\x00"+k.Value] = k.Ref
	}
	good := plans[:0]
	for _, p := range plans {
		r := &res[p.at]
		for _, k := range p.keys {
			name := string(k.Kind) + "\x00" + k.Value
			if ref, ok := stored[name]; ok {
				r.Status, r.Existing = RowDuplicate, ref
				r.Reason = crm.Text{Zh: "与 " + ref.String() + " 重复：" + k.Kind.Name(crm.Chinese), En: "same as " + ref.String() + ": " + k.Kind.Name(crm.English)}
				break
			}
			if row, ok := im.seen[name]; ok {
				r.Status, r.SameRow = RowDuplicate, row
				r.Reason = crm.Text{Zh: fmt.Sprintf("与文件第 %d 行重复：%s", row, k.Kind.Name(crm.Chinese)), En: fmt.Sprintf("same as row %d of the file: %s", row, k.Kind.Name(crm.English))}
				break
			}
		}
		if r.Status == RowDuplicate {
			continue
		}
		for _, k := range p.keys {
			im.seen[string(k.Kind)+"\x00"+k.Value] = r.Row
		}
		r.Status = RowNew
		good = append(good, p)
	}
	return good
}

// markSimilar notes stored records with similar names, with one look-up for the
// batch.
func (im *importer) markSimilar(ctx context.Context, plans []plan, res []RowResult) error {
	queries := make([]*nameQuery, len(plans))
	var grams []string
	lo, hi := 1<<30, 0
	for i, p := range plans {
		q := newNameQuery(p.lead.Company, im.least)
		if q == nil {
			continue
		}
		queries[i] = q
		grams = append(grams, q.prefix...)
		lo, hi = min(lo, q.min), max(hi, q.max)
	}
	if len(grams) == 0 {
		return nil
	}
	slices.Sort(grams)
	rows, err := im.s.d.Duplicates.index.FindGrams(ctx, slices.Compact(grams), lo, hi, 20*importBatch)
	if err != nil {
		return err
	}
	byGram := map[string][]Gram{}
	for _, g := range rows {
		byGram[g.Gram] = append(byGram[g.Gram], g)
	}
	for i, q := range queries {
		if q == nil {
			continue
		}
		var near []Gram
		for _, g := range q.prefix {
			near = append(near, byGram[g]...)
		}
		if m := q.matches(near, 1); len(m) > 0 {
			r := &res[plans[i].at]
			r.Similar = m[0].Ref
			r.Reason = crm.Text{Zh: fmt.Sprintf("名称与 %s 相近（%d%%），请核对", m[0].Ref, int(m[0].Similarity*100)), En: fmt.Sprintf("its name is like that of %s (%d %%); please check", m[0].Ref, int(m[0].Similarity*100))}
		}
	}
	return nil
}

func (im *importer) home(ctx context.Context, r NewLead) (crm.PoolID, error) {
	if r.Owner == 0 && r.Pool == 0 {
		if id, ok := im.cities[[2]string{r.City, r.Region}]; ok {
			return crm.PoolID(id), nil
		}
	}
	p, err := im.s.home(ctx, im.a, r)
	if err != nil {
		return 0, err
	}
	if r.Owner == 0 && r.Pool == 0 {
		if im.cities == nil {
			im.cities = map[[2]string]int64{}
		}
		im.cities[[2]string{r.City, r.Region}] = int64(p.ID)
	}
	return p.ID, nil
}

// dryRoom applies the hold limits without changing anything.
func (im *importer) dryRoom(ctx context.Context, plans []plan, res []RowResult) error {
	for _, p := range plans {
		owner := p.lead.Owner
		if owner == 0 {
			continue
		}
		left, known := im.room[owner]
		if !known {
			st, err := im.s.d.Gate.Status(ctx, owner, crm.KindLead, pool.Pool{})
			if err != nil {
				return err
			}
			left = st.Hold - st.Held
		}
		if left <= 0 {
			im.overLimit(ctx, owner, &res[p.at])
		}
		im.room[owner] = left - 1
	}
	return nil
}

func (im *importer) overLimit(ctx context.Context, owner crm.UserID, r *RowResult) {
	name := im.s.d.People.Name(ctx, owner)
	r.Status = RowRefused
	r.Reason = crm.Text{Zh: name + " 的持有上限已满（P-03）", En: name + " holds as many leads as the limit allows (P-03)"}
}

// insertByOwner inserts the batch: everything for the pool in one transaction,
// and one for each named owner, whose quota row it holds.
func (im *importer) insertByOwner(ctx context.Context, plans []plan, res []RowResult) error {
	type group struct {
		owner crm.UserID
		pool  crm.PoolID
	}
	groups := map[group][]plan{}
	var order []group
	for _, p := range plans {
		g := group{p.lead.Owner, p.lead.Pool}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], p)
	}
	for _, g := range order {
		if err := im.insert(ctx, g.owner, g.pool, groups[g], res); err != nil {
			if errors.Is(err, ErrKeyTaken) {
				err = im.oneByOne(ctx, g.owner, g.pool, groups[g], res)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// oneByOne finds out which row of a group somebody else was faster with.
func (im *importer) oneByOne(ctx context.Context, owner crm.UserID, home crm.PoolID, plans []plan, res []RowResult) error {
	for _, p := range plans {
		err := im.insert(ctx, owner, home, []plan{p}, res)
		if errors.Is(err, ErrKeyTaken) {
			r := &res[p.at]
			r.Status = RowDuplicate
			r.Reason = crm.Text{Zh: "导入过程中已被别人新建", En: "somebody else created it meanwhile"}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) insert(ctx context.Context, owner crm.UserID, homeID crm.PoolID, plans []plan, res []RowResult) error {
	s := im.s
	made := make([]*Lead, 0, len(plans))
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		made = made[:0]
		var seat pool.Seat
		if owner != 0 {
			var err error
			if seat, err = s.d.Gate.Seat(ctx, crm.KindLead, owner); err != nil {
				return err
			}
		}
		home, err := s.d.Gate.Pool(ctx, homeID)
		if err != nil {
			return err
		}
		add := func(ctx context.Context, st pool.Stamp, n int) ([]crm.Ref, error) {
			for _, p := range plans[:n] {
				l := p.lead
				l.stamp(st)
				made = append(made, &l)
			}
			if err := s.d.Store.InsertLeads(ctx, made); err != nil {
				return nil, err
			}
			refs := make([]crm.Ref, len(made))
			for i, l := range made {
				refs[i] = l.Ref()
			}
			return refs, nil
		}
		m := pool.Move{Reason: pool.Import, Pool: home}
		if owner != 0 {
			_, err = s.d.Gate.Give(ctx, im.a, seat, m, len(plans), add)
			var full *pool.HoldFull
			if errors.As(err, &full) {
				return nil
			}
		} else {
			_, err = s.d.Gate.Free(ctx, im.a, m, len(plans), add)
		}
		if err != nil || len(made) == 0 {
			return err
		}
		return im.index(ctx, made)
	})
	if err != nil {
		return err
	}
	for i, p := range plans {
		r := &res[p.at]
		if i < len(made) {
			r.ID = made[i].ID
			continue
		}
		im.overLimit(ctx, owner, r)
	}
	return nil
}

// index stores keys, pairs, terms and facts of new leads.
func (im *importer) index(ctx context.Context, made []*Lead) error {
	var keys []Key
	var grams []Gram
	terms := make(map[crm.Ref][]string, len(made))
	refs := make([]crm.Ref, len(made))
	for i, l := range made {
		k, g := indexRows(l.Ref(), l.identity())
		keys, grams = append(keys, k...), append(grams, g...)
		terms[l.Ref()], refs[i] = SearchTerms(l.Company, l.Contact), l.Ref()
	}
	if err := im.s.d.Index.AddKeys(ctx, keys...); err != nil {
		return err
	}
	if err := im.s.d.Index.AddGrams(ctx, grams...); err != nil {
		return err
	}
	if err := im.s.d.Index.AddTerms(ctx, terms); err != nil {
		return err
	}
	if err := im.s.record(ctx, FactNew, made[0].CreatedAt, im.a.ID, im.a.Team, refs...); err != nil {
		return err
	}
	var converted []crm.Ref
	for _, l := range made {
		if l.Status == Converted {
			converted = append(converted, l.Ref())
		}
	}
	if err := im.s.record(ctx, FactConverted, made[0].CreatedAt, im.a.ID, im.a.Team, converted...); err != nil {
		return err
	}
	return im.s.distribute(ctx, made...)
}

func textOf(err error) crm.Text {
	var e *crm.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return crm.Internal(err).Text
}
