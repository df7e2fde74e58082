package importer

import (
	"context"
	"strings"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
)

type dealSink struct {
	s      *Service
	m      Mapping
	people people
}

func (k *dealSink) joins() bool { return true }

func (k *dealSink) put(ctx context.Context, a crm.Actor, rows []row, commit bool) ([]bulk.Result, error) {
	out := make([]bulk.Result, len(rows))
	good, at := split(rows, out, k.row)
	res, err := k.s.Nouns.Deals.Import(ctx, a, good, commit)
	if err != nil {
		return nil, err
	}
	merge(out, at, res)
	return out, nil
}

func (k *dealSink) undo(ctx context.Context, a crm.Actor, r bulk.Result) (bool, error) {
	return k.s.Nouns.Deals.Undo(ctx, a, r)
}

func (k *dealSink) row(r row) (deal.Row, error) {
	v := r.values
	x := deal.Row{No: v["no"], Title: v["title"], Account: v["account"], Product: v["product"], Stage: v["stage"], Note: v["note"], ListPrice: k.m.ListPrice}
	u, err := k.people.find(v["owner"])
	if err != nil {
		return x, err
	}
	x.Owner, x.Team = u.ID, u.Team
	if x.Title == "" {
		x.Title = strings.Trim(v["product"]+" · "+v["account"], " ·")
	}
	if x.Amount, err = parseAmount(v["amount"], k.m.Fields["amount"].Times); err != nil {
		return x, err
	}
	for _, d := range []struct {
		key string
		to  *crm.Day
	}{{"opened", &x.OpenedOn}, {"closed", &x.ClosedOn}, {"expected", &x.ExpectedClose}} {
		if *d.to, err = parseDay(v[d.key], k.m.Fields[d.key].Date); err != nil {
			return x, err
		}
	}
	if v["status"] != "" {
		st, ok := parseStatus(v["status"])
		if !ok {
			return x, crm.Invalid("没有结果“"+cutRunes(v["status"], 20)+"”，应为 赢单、输单、进行中", "there is no result “"+cutRunes(v["status"], 20)+"”; it is won, lost or open")
		}
		x.Status = st
	} else if st, ok := parseStatus(v["stage"]); ok {
		x.Status, x.Stage = st, "" // many systems call won and lost stages
	}
	if v["reason"] != "" {
		why, note, ok := deal.ParseReason(v["reason"])
		if !ok {
			why, note = "other", v["reason"]
		}
		x.Reason = why
		if x.Note == "" {
			x.Note = note
		}
	}
	return x, nil
}

func parseStatus(s string) (deal.Status, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "won", "win", "closed won", "赢单", "成交", "已成交", "赢", "成功":
		return deal.Won, true
	case "lost", "lose", "closed lost", "输单", "丢单", "输", "失败", "流失":
		return deal.Lost, true
	case "open", "进行中", "跟进中", "未结束":
		return deal.Open, true
	}
	return "", false
}

type productSink struct {
	s *Service
	m Mapping
}

func (k *productSink) joins() bool { return true }

func (k *productSink) put(ctx context.Context, a crm.Actor, rows []row, commit bool) ([]bulk.Result, error) {
	out := make([]bulk.Result, len(rows))
	good, at := split(rows, out, func(r row) (deal.Product, error) {
		price, err := parseAmount(r.values["price"], k.m.Fields["price"].Times)
		return deal.Product{Name: r.values["name"], Series: r.values["series"], No: r.values["no"], Price: price}, err
	})
	res, err := k.s.Nouns.Deals.ImportProducts(ctx, a, good, commit)
	if err != nil {
		return nil, err
	}
	merge(out, at, res)
	return out, nil
}

func (k *productSink) undo(ctx context.Context, _ crm.Actor, r bulk.Result) (bool, error) {
	return k.s.Nouns.Deals.UndoProduct(ctx, r)
}
