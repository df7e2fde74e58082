package deal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/account"
	"crmbot/internal/bulk"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Row is one deal of a file.
type Row struct {
	// No identifies the deal; without it the content does.
	No, Title string
	// Account and Product are names; empty: none. Names that are not known make
	// the row bad.
	Account, Product string
	Owner            crm.UserID
	Team             crm.TeamID
	// Stage is a stage's key or name; empty: the first.
	Stage  string
	Status Status // empty: open
	Amount crm.Money
	// ListPrice takes the product's list price where there is no amount.
	ListPrice                         bool
	ExpectedClose, OpenedOn, ClosedOn crm.Day
	Reason                            Reason
	Note                              string
}

// Import takes deals with their history: an unknown one is added with its
// opened, won or lost fact on the day on which it happened, for its owner and
// the owner's team. A known one that is still open is moved on or closed as the
// row says; anything else about it is left alone, so that importing again
// changes nothing. Without commit it only says what would happen. One call is
// one transaction; a bad row does not stop the others.
func (s *Service) Import(ctx context.Context, a crm.Actor, rows []Row, commit bool) ([]bulk.Result, error) {
	if !a.Is(crm.Admin, crm.Marketing, crm.Manager) {
		return nil, crm.Forbid(a, crm.Admin, crm.Marketing, crm.Manager)
	}
	if a.Frozen {
		return nil, frozen()
	}
	var out []bulk.Result
	run := func(ctx context.Context) error {
		im, err := s.prepare(ctx, a, rows, commit)
		if err != nil {
			return err
		}
		out, err = im.run(ctx)
		return err
	}
	if !commit {
		return out, run(ctx)
	}
	err := s.Tx.InTx(ctx, run)
	return out, err
}

// importing is one batch on its way in.
type importing struct {
	s        *Service
	a        crm.Actor
	rows     []Row
	commit   bool
	now      time.Time
	today    crm.Day
	stages   []Stage
	accounts map[string]account.Account
	products map[string]Product
	known    map[string]Deal
}

func (s *Service) prepare(ctx context.Context, a crm.Actor, rows []Row, commit bool) (*importing, error) {
	im := &importing{s: s, a: a, rows: rows, commit: commit, now: s.Clock.Now(), stages: s.Stages(ctx), products: map[string]Product{}}
	im.today = s.Calendar.DayOf(im.now)
	keys, nos := map[string]bool{}, make([]string, len(rows))
	for i := range rows {
		r := &rows[i]
		if k := crm.CompanyKey(r.Account); r.Account != "" && k != "" {
			keys[k] = true
		}
		if r.No == "" {
			r.No = r.fingerprint()
		}
		nos[i] = r.No
	}
	list := make([]string, 0, len(keys))
	for k := range keys {
		list = append(list, k)
	}
	var err error
	if im.accounts, err = s.AccountStore.AccountsByKey(ctx, list); err != nil {
		return nil, err
	}
	if im.known, err = s.Store.DealsByNo(ctx, nos); err != nil {
		return nil, err
	}
	ps, err := s.Store.Products(ctx)
	for _, p := range ps {
		im.products[productKey(p.Name)] = p
	}
	return im, err
}

// fingerprint names a deal that has no number by what cannot change about it.
func (r Row) fingerprint() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d\x00%s\x00%d", r.Title, r.Account, r.Product, r.Owner, r.OpenedOn, r.Amount))
	return "~" + hex.EncodeToString(h[:12])
}

func (im *importing) run(ctx context.Context) ([]bulk.Result, error) {
	out := make([]bulk.Result, len(im.rows))
	fresh := map[string]*Deal{}
	var order []*Deal
	for i, r := range im.rows {
		d, err := im.deal(r)
		if err != nil {
			out[i] = bulk.BadErr(err)
			continue
		}
		if old, ok := im.known[d.No]; ok {
			if out[i], err = im.update(ctx, old, d); err != nil {
				return nil, err
			}
			out[i].Key = d.No
			continue
		}
		out[i].Key = d.No
		if fresh[d.No] != nil {
			out[i].Outcome, out[i].Reason = bulk.Same, crm.Text{Zh: "与本文件前面的一行重复", En: "the same deal as an earlier row of this file"}
			continue
		}
		out[i].Outcome = bulk.New
		fresh[d.No] = &d
		order = append(order, &d)
	}
	if !im.commit {
		return out, nil
	}
	if err := im.add(ctx, order); err != nil {
		return nil, err
	}
	for i := range out {
		if d := fresh[out[i].Key]; d != nil && out[i].Key != "" {
			out[i].Ref = d.ID.Ref()
			if out[i].Outcome == bulk.New {
				out[i].Version = d.Version
			}
		}
	}
	return out, nil
}

// deal checks a row and makes the deal that it describes.
func (im *importing) deal(r Row) (Deal, error) {
	d := Deal{No: r.No, Title: crm.Normalize(strings.ReplaceAll(r.Title, "\n", " ")), Owner: r.Owner, Team: r.Team, Status: r.Status, Amount: r.Amount,
		ExpectedClose: r.ExpectedClose, OpenedOn: r.OpenedOn, ClosedOn: r.ClosedOn, Reason: r.Reason, Note: r.Note, UpdatedAt: im.now}
	if d.Status == "" {
		d.Status = Open
	}
	if !im.a.System && !im.a.Is(crm.Admin, crm.Marketing) && !im.a.Leads(r.Team) {
		return d, crm.Forbidden("负责人不在您的团队", "the owner is not in your teams")
	}
	if r.Account != "" {
		x, ok := im.accounts[crm.CompanyKey(r.Account)]
		if !ok {
			return d, crm.NotFound("没有客户“"+r.Account+"”", "there is no account “"+r.Account+"”").WithNext("请先导入客户", "import the accounts first")
		}
		d.Account = x.ID
	}
	if r.Product != "" {
		p, ok := im.products[productKey(r.Product)]
		if !ok {
			return d, crm.NotFound("没有产品“"+r.Product+"”", "there is no product “"+r.Product+"”").WithNext("请先导入产品", "import the products first")
		}
		d.Product = p.ID
		if d.Amount == 0 && r.ListPrice {
			d.Amount = p.Price
		}
	}
	d.Stage = im.stages[0].Key
	if r.Stage != "" {
		st, ok := ParseStage(im.stages, r.Stage)
		if !ok {
			return d, crm.Invalid("没有阶段“"+r.Stage+"”", "there is no stage “"+r.Stage+"”")
		}
		d.Stage = st.Key
	} else if d.Status == Won {
		d.Stage = im.stages[len(im.stages)-1].Key
	}
	switch {
	case d.Title == "":
		return d, crm.Invalid("没有商机名称、客户或产品", "there is no title, account or product")
	case utf8.RuneCountInString(d.Title) > MaxTitle || utf8.RuneCountInString(d.No) > 60 || utf8.RuneCountInString(d.Note) > 300:
		return d, crm.Invalid("名称最多 120 字，编号最多 60 字，说明最多 300 字", "a title has at most 120 characters, a number 60, a note 300")
	case d.Owner == 0:
		return d, crm.Invalid("没有负责人", "there is no owner")
	case d.Amount < 0 || d.Amount > crm.MaxMoney:
		return d, crm.Invalid("金额超出范围", "the amount is out of range")
	case d.Status != Open && d.ClosedOn == "":
		return d, crm.Invalid("已结束的商机需要结束日期", "a closed deal needs the day on which it closed")
	case d.Status == Open && d.ClosedOn != "":
		return d, crm.Invalid("进行中的商机不能有结束日期", "an open deal has no closing day")
	case d.OpenedOn != "" && d.ClosedOn != "" && d.ClosedOn < d.OpenedOn:
		return d, crm.Invalid("结束日期早于开始日期", "it closes before it opens")
	case d.OpenedOn > im.today || d.ClosedOn > im.today:
		return d, crm.Invalid("日期在将来", "the date is in the future")
	}
	d.CreatedAt, d.StageAt = im.now, im.now
	if d.OpenedOn != "" {
		d.CreatedAt = im.s.Calendar.At(d.OpenedOn, calendar.Clock(9, 0))
		d.StageAt = d.CreatedAt
	}
	if d.ClosedOn != "" {
		d.StageAt = im.s.moment(d.ClosedOn, im.now)
	}
	return d, nil
}

// add stores new deals with their stage log and facts.
func (im *importing) add(ctx context.Context, ds []*Deal) error {
	if len(ds) == 0 {
		return nil
	}
	if err := im.s.Store.AddDeals(ctx, ds); err != nil {
		return err
	}
	var moves []Move
	var facts []crm.Fact
	dealt := map[crm.AccountID]time.Time{}
	for _, d := range ds {
		moves = append(moves, Move{Deal: d.ID, To: d.Stage, At: d.CreatedAt, By: d.Owner})
		if d.Status != Open {
			moves = append(moves, Move{Deal: d.ID, From: d.Stage, To: string(d.Status), At: d.StageAt, By: d.Owner})
		}
		if t, ok := dealt[d.Account]; d.Status == Won && d.Account != 0 && (!ok || d.StageAt.Before(t)) {
			dealt[d.Account] = d.StageAt
		}
		facts = append(facts, im.s.facts(*d, im.now, 1)...)
	}
	if err := im.s.Store.AddMoves(ctx, moves); err != nil {
		return err
	}
	if err := im.s.Accounts.Dealt(ctx, dealt); err != nil {
		return err
	}
	if err := im.s.Effects.Audit(ctx, crm.Audit{Actor: im.a.ID, Action: "deal.import", Rule: "CH-05",
		Detail: map[string]any{"rows": len(ds), "first": int64(ds[0].ID), "last": int64(ds[len(ds)-1].ID)}}); err != nil {
		return err
	}
	return im.s.Effects.Record(ctx, facts...)
}

// update moves a known open deal on as the row says.
func (im *importing) update(ctx context.Context, old, row Deal) (bulk.Result, error) {
	same := bulk.Result{Outcome: bulk.Same, Ref: old.ID.Ref(), Version: old.Version, Reason: crm.Text{Zh: "已存在：" + old.ID.String(), En: "exists: " + old.ID.String()}}
	_, was := StageAt(im.stages, old.Stage)
	_, is := StageAt(im.stages, row.Stage)
	if old.Status != Open || row.Status == Open && is <= was {
		return same, nil
	}
	if !CanChange(im.a, old) && !im.a.Is(crm.Admin, crm.Marketing) {
		same.Reason = crm.Text{Zh: "已存在，属于其他团队，未改动", En: "exists and belongs to another team; left alone"}
		return same, nil
	}
	d := old
	d.Stage, d.UpdatedAt, d.StageAt = row.Stage, im.now, im.now
	if is <= was {
		d.Stage = old.Stage
	}
	to := d.Stage
	if row.Status != Open {
		d.Status, d.ClosedOn, d.Reason, d.Note, d.StageAt, to = row.Status, row.ClosedOn, row.Reason, row.Note, row.StageAt, string(row.Status)
		if row.Amount != 0 {
			d.Amount = row.Amount
		}
	}
	before, err := json.Marshal(old)
	if err != nil {
		return same, fmt.Errorf("encode deal before import: %w", err)
	}
	res := bulk.Result{Outcome: bulk.Update, Ref: old.ID.Ref(), Before: string(before), Version: old.Version + 1,
		Reason: crm.Text{Zh: "更新 " + old.ID.String(), En: "updates " + old.ID.String()}}
	if !im.commit {
		return res, nil
	}
	if err := im.s.Store.UpdateDeal(ctx, &d); err != nil {
		return same, err
	}
	im.known[d.No] = d
	if err := im.s.Store.AddMoves(ctx, []Move{{Deal: d.ID, From: old.Stage, To: to, At: d.StageAt, By: im.a.ID}}); err != nil {
		return same, err
	}
	if d.Status == Won && d.Account != 0 {
		if err := im.s.Accounts.Dealt(ctx, map[crm.AccountID]time.Time{d.Account: d.StageAt}); err != nil {
			return same, err
		}
	}
	if err := im.s.Effects.Audit(ctx, crm.Audit{Actor: im.a.ID, Action: "deal.import_update", Ref: d.ID.Ref(), Rule: "CH-05", Detail: map[string]any{"from": old.Stage, "to": to}}); err != nil {
		return same, err
	}
	if err := im.s.Effects.Record(ctx, im.s.closing(d, im.now, 1)...); err != nil {
		return same, err
	}
	return res, im.s.Effects.Refresh(ctx, d.ID.Ref(), d.Account.Ref())
}

// closing are the won or lost facts alone.
func (s *Service) closing(d Deal, now time.Time, sign int64) []crm.Fact {
	d.OpenedOn = ""
	return s.facts(d, now, sign)
}

// Undo takes an imported row back with negative facts: a new deal is removed, an
// updated one restored. A deal that somebody changed since stays; undone is
// false then. It takes part in the caller's transaction.
func (s *Service) Undo(ctx context.Context, a crm.Actor, r bulk.Result) (undone bool, err error) {
	d, err := s.Store.Deal(ctx, crm.DealID(r.Ref.ID))
	if crm.CodeOf(err) == crm.CodeNotFound {
		return false, nil
	}
	if err != nil || d.Version != r.Version {
		return false, err
	}
	now := s.Clock.Now()
	if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "deal.import_undo", Ref: d.ID.Ref(), Rule: "CH-05"}); err != nil {
		return false, err
	}
	if r.Outcome != bulk.Update {
		gone, err := s.Store.RemoveDeal(ctx, d.ID, d.Version)
		if err != nil || !gone {
			return false, err
		}
		return true, s.Effects.TakeBack(ctx, s.facts(d, now, -1)...)
	}
	var before Deal
	if err := json.Unmarshal([]byte(r.Before), &before); err != nil {
		return false, fmt.Errorf("decode deal before import: %w", err)
	}
	before.Version, before.UpdatedAt = d.Version, now
	if before.Owner == d.Owner {
		before.Team = d.Team // the owner may have changed teams since
	}
	if err := s.Store.UpdateDeal(ctx, &before); err != nil {
		return false, err
	}
	from := d.Stage
	if d.Status != Open {
		from = string(d.Status)
	}
	if err := s.Store.AddMoves(ctx, []Move{{Deal: d.ID, From: from, To: before.Stage, At: now, By: a.ID}}); err != nil {
		return false, err
	}
	if err := s.Effects.TakeBack(ctx, s.closing(d, now, -1)...); err != nil {
		return false, err
	}
	return true, s.Effects.Refresh(ctx, d.ID.Ref(), d.Account.Ref())
}
