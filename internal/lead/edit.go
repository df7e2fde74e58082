package lead

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Field is one part of a lead's data that can be completed later.
type Field struct {
	Key  string
	Name crm.Text
	// Once may only be filled in, not changed: duplicates are found by it.
	Once bool
	of   func(*Info) *string
}

// Fields are what can be completed, in the order of the form.
var Fields = []Field{
	{"title", crm.Text{Zh: "职位", En: "position"}, false, func(in *Info) *string { return &in.Title }},
	{"phone", crm.Text{Zh: "电话", En: "phone"}, true, func(in *Info) *string { return &in.Phone }},
	{"email", crm.Text{Zh: "邮箱", En: "email"}, true, func(in *Info) *string { return &in.Email }},
	{"uscc", crm.Text{Zh: "信用代码", En: "uscc"}, true, func(in *Info) *string { return &in.USCC }},
	{"city", crm.Text{Zh: "城市", En: "city"}, false, func(in *Info) *string { return &in.City }},
	{"region", crm.Text{Zh: "区域", En: "region"}, false, func(in *Info) *string { return &in.Region }},
	{"industry", crm.Text{Zh: "行业", En: "industry"}, false, func(in *Info) *string { return &in.Industry }},
	{"size", crm.Text{Zh: "规模", En: "size"}, false, func(in *Info) *string { return &in.Size }},
	{"budget", crm.Text{Zh: "预算", En: "budget"}, false, func(in *Info) *string { return &in.Budget }},
	{"need", crm.Text{Zh: "需求", En: "need"}, false, func(in *Info) *string { return &in.Need }},
}

// FieldNamed finds a field by key or name.
func FieldNamed(word string) (Field, bool) {
	for _, f := range Fields {
		if strings.EqualFold(word, f.Key) || word == f.Name.Zh || strings.EqualFold(word, f.Name.En) {
			return f, true
		}
	}
	return Field{}, false
}

// Value is the field of a lead's data.
func (f Field) Value(in Info) string { return *f.of(&in) }

// Complete fills in or changes data of a lead and scores it anew in the same
// transaction (L-06). values are by field key; empty ones are left alone. Its
// owner may do that, and who leads the owner.
func (s *Service) Complete(ctx context.Context, a crm.Actor, id crm.LeadID, values map[string]string) (Seen, error) {
	var added Identity
	err := s.edit(ctx, a, id, func(l *Lead) (string, error) {
		added = Identity{}
		var names []string
		for _, f := range Fields {
			v, have := crm.Normalize(values[f.Key]), f.of(&l.Info)
			if v == "" || v == *have {
				continue
			}
			if f.Once && *have != "" {
				return "", crm.Refused("DU-01", f.Name.Zh+"用于查重，填写后不能直接修改", "the "+f.Name.En+" is what duplicates are found by; it cannot be changed once it is there").
					WithNext("号码有误请释放并选“号码错误”", "if it is wrong, release the lead as “wrong number”")
			}
			*have = v
			names = append(names, f.Key)
			switch f.Key {
			case "phone":
				added.Phone = v
			case "email":
				added.Email = v
			case "uscc":
				if added.USCC = v; !validUSCC(v) {
					return "", crm.Invalid("统一社会信用代码不对，应为 18 位并通过校验", "this is no credit code: it has 18 characters and a check digit")
				}
			}
		}
		if len(names) == 0 {
			return "", crm.Invalid("没有要补充的内容", "there is nothing to complete").WithNext("例如 /补充 "+id.String()+" 行业=制造业 预算=80万", "for example /complete "+id.String()+" industry=manufacturing budget=800k")
		}
		return strings.Join(names, ","), l.Clean()
	}, func(ctx context.Context, l Lead) error {
		if added == (Identity{}) {
			return nil
		}
		return s.d.Duplicates.Add(ctx, l.Ref(), added)
	})
	if errors.Is(err, ErrKeyTaken) {
		m, ok, findErr := s.d.Duplicates.Exact(ctx, added, id.Ref())
		if findErr != nil {
			return Seen{}, findErr
		}
		if ok {
			err := s.duplicate(ctx, a, m)
			var dup *DuplicateOf
			if errors.As(err, &dup) {
				dup.Twin = id
			}
			return Seen{}, err
		}
	}
	if err != nil {
		return Seen{}, err
	}
	return s.Peek(ctx, a, id)
}

// ConfirmNeed notes that the customer's need was confirmed (L-07), in the words
// given or those that are there. Confirming again changes only the words.
func (s *Service) ConfirmNeed(ctx context.Context, a crm.Actor, id crm.LeadID, need string) (Seen, error) {
	least := CompleteRule.Default.NeedLength
	if p, _ := CompleteRule.Read(ctx, s.d.Rules); p.NeedLength > 0 {
		least = p.NeedLength
	}
	err := s.edit(ctx, a, id, func(l *Lead) (string, error) {
		if need = crm.Normalize(need); need != "" {
			l.Need = need
		}
		if n := utf8.RuneCountInString(l.Need); n < least {
			return "", crm.Refused("L-07", fmt.Sprintf("确认需求前请写明需求，至少 %d 字，现在 %d 字", least, n), fmt.Sprintf("describe the need in at least %d characters before confirming it; there are %d", least, n)).
				WithNext("例如 /确认需求 "+id.String()+" 需要 20 台检测设备，年内上线", "for example /confirmneed "+id.String()+" 20 testing machines within the year")
		}
		if l.NeedAt.IsZero() {
			l.NeedAt = s.d.Clock.Now()
		}
		return "need_confirmed", l.Clean()
	}, nil)
	if err != nil {
		return Seen{}, err
	}
	return s.Peek(ctx, a, id)
}

// edit changes the data of a lead and scores it anew, in one transaction.
// change returns what is audited; also, if given, runs after the change.
func (s *Service) edit(ctx context.Context, a crm.Actor, id crm.LeadID, change func(*Lead) (string, error), also func(context.Context, Lead) error) error {
	if err := mayAct(a); err != nil {
		return err
	}
	p, err := s.scale(ctx)
	if err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.owned(ctx, a, id); err != nil {
			return err
		}
		now := s.d.Clock.Now()
		l, did, err := s.d.Store.Scoring(ctx, id, now.AddDate(0, 0, -p.Actions.Days))
		if err != nil {
			return err
		}
		if l.Owner != a.ID && !manages(a, l) {
			return crm.Forbidden(id.String()+" 不是您的线索，只有负责人或其经理可以修改资料", "only the owner of "+id.String()+" or their manager may change its data")
		}
		next := l
		what, err := change(&next)
		if err != nil {
			return err
		}
		if err := s.d.Store.EditLead(ctx, next, now); err != nil {
			return err
		}
		if also != nil {
			if err := also(ctx, next); err != nil {
				return err
			}
		}
		if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "lead.edit", Ref: id.Ref(), Rule: "L-06", Detail: map[string]any{"fields": what}}); err != nil {
			return err
		}
		if err := s.d.Effects.Refresh(ctx, id.Ref()); err != nil {
			return err
		}
		return s.saveRating(ctx, l, Rated(next, did, p, now, ""), now)
	})
}
