package deal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
)

// productKey is the form in which product names are compared.
func productKey(name string) string {
	return strings.ToLower(crm.Normalize(strings.ReplaceAll(name, "\n", " ")))
}

// ProductNames are the names of all products by id.
func (s *Service) ProductNames(ctx context.Context) (map[ProductID]string, error) {
	ps, err := s.Store.Products(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[ProductID]string, len(ps))
	for _, p := range ps {
		out[p.ID] = p.Name
	}
	return out, nil
}

// Products are all products in order of name.
func (s *Service) Products(ctx context.Context) ([]Product, error) { return s.Store.Products(ctx) }

// ImportProducts takes products by name: unknown ones are added, known ones get
// the row's price, series and number where they differ. Without commit it only
// says what would happen.
func (s *Service) ImportProducts(ctx context.Context, a crm.Actor, rows []Product, commit bool) ([]bulk.Result, error) {
	if !a.Is(crm.Admin, crm.Marketing, crm.Manager) {
		return nil, crm.Forbid(a, crm.Admin, crm.Marketing, crm.Manager)
	}
	if a.Frozen {
		return nil, frozen()
	}
	var out []bulk.Result
	run := func(ctx context.Context) (err error) {
		out, err = s.importProducts(ctx, a, rows, commit)
		return err
	}
	if !commit {
		return out, run(ctx)
	}
	err := s.Tx.InTx(ctx, run)
	return out, err
}

func (s *Service) importProducts(ctx context.Context, a crm.Actor, rows []Product, commit bool) ([]bulk.Result, error) {
	list, err := s.Store.Products(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]Product{}
	for _, p := range list {
		known[productKey(p.Name)] = p
	}
	out := make([]bulk.Result, len(rows))
	fresh := map[string]*Product{}
	var order []*Product
	for i, r := range rows {
		r.Name = crm.Normalize(strings.ReplaceAll(r.Name, "\n", " "))
		key := productKey(r.Name)
		switch {
		case key == "":
			out[i] = bulk.BadRow("没有产品名称", "there is no product name")
			continue
		case utf8.RuneCountInString(r.Name) > 100 || utf8.RuneCountInString(r.Series) > 60 || utf8.RuneCountInString(r.No) > 60:
			out[i] = bulk.BadRow("产品名称最多 100 字，系列和编号最多 60 字", "a product name has at most 100 characters, series and number 60")
			continue
		case r.Price < 0 || r.Price > crm.MaxMoney:
			out[i] = bulk.BadRow("价格超出范围", "the price is out of range")
			continue
		}
		out[i].Key = key
		if old, ok := known[key]; ok {
			res, p, err := s.updateProduct(ctx, a, old, r, commit)
			if err != nil {
				return nil, err
			}
			res.Key = key
			out[i], known[key] = res, p
			continue
		}
		if fresh[key] != nil {
			out[i].Outcome, out[i].Reason = bulk.Same, crm.Text{Zh: "与本文件前面的一行重复", En: "the same product as an earlier row of this file"}
			continue
		}
		out[i].Outcome = bulk.New
		p := r
		fresh[key] = &p
		order = append(order, &p)
	}
	if !commit || len(order) == 0 {
		return out, nil
	}
	if err := s.Store.AddProducts(ctx, order); err != nil {
		return nil, err
	}
	for i := range out {
		if p := fresh[out[i].Key]; p != nil && out[i].Outcome == bulk.New {
			// Products have no code letter; the number alone names them in an undo.
			out[i].Ref, out[i].Version = crm.Ref{ID: int64(p.ID)}, p.Version
		}
	}
	return out, s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "product.import", Rule: "CH-05", Detail: map[string]any{"rows": len(order)}})
}

func (s *Service) updateProduct(ctx context.Context, a crm.Actor, old, row Product, commit bool) (bulk.Result, Product, error) {
	p := old
	if row.Price != 0 {
		p.Price = row.Price
	}
	if row.Series != "" {
		p.Series = row.Series
	}
	if row.No != "" {
		p.No = row.No
	}
	if p == old {
		return bulk.Result{Outcome: bulk.Same, Ref: crm.Ref{ID: int64(old.ID)}, Version: old.Version, Reason: crm.Text{Zh: "已存在", En: "exists"}}, old, nil
	}
	before, err := json.Marshal(old)
	if err != nil {
		return bulk.Result{}, old, fmt.Errorf("encode product before import: %w", err)
	}
	res := bulk.Result{Outcome: bulk.Update, Ref: crm.Ref{ID: int64(old.ID)}, Before: string(before), Version: old.Version + 1, Reason: crm.Text{Zh: "更新价格或资料", En: "updates price or details"}}
	if !commit {
		return res, old, nil
	}
	if err := s.Store.UpdateProduct(ctx, &p); err != nil {
		return res, old, err
	}
	return res, p, s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "product.import_update", Rule: "CH-05", Detail: map[string]any{"product": int64(p.ID)}})
}

// UndoProduct takes an imported product back; one that was changed since or that
// deals name stays. It takes part in the caller's transaction.
func (s *Service) UndoProduct(ctx context.Context, r bulk.Result) (undone bool, err error) {
	id := ProductID(r.Ref.ID)
	if r.Outcome != bulk.Update {
		return s.Store.RemoveProduct(ctx, id, r.Version)
	}
	p, err := s.Store.Product(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return false, nil
	}
	if err != nil || p.Version != r.Version {
		return false, err
	}
	var before Product
	if err := json.Unmarshal([]byte(r.Before), &before); err != nil {
		return false, fmt.Errorf("decode product before import: %w", err)
	}
	before.Version = p.Version
	return true, s.Store.UpdateProduct(ctx, &before)
}
