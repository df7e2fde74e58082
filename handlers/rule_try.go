package handlers

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

// overShown bounds the people of one card, ruleListed the records of one list.
const (
	overShown  = 50
	ruleListed = 50_000
)

// supposing is the rules as they would be at the moment of the change.
func (s *Services) supposing(ctx context.Context, ch cards.RuleChange) (*rule.Book, error) {
	at := s.ruleMoment(ch)
	return s.Rules.Supposing(ctx, rule.Version{Key: ch.Key, Scope: ch.Scope, Value: ch.Value, CreatedAt: s.Clock.Now(), EffectiveAt: at})
}

// ruleEffects are what a change would do, in words (RC-02); list reports that
// there is a list of records, link tells more.
func (s *Services) ruleEffects(ctx context.Context, a crm.Actor, ch cards.RuleChange) (blocks []card.Block, list bool, link *card.Button, err error) {
	if recycle.Ruled(ch.Key) {
		p, err := s.Recycle.Preview(ctx, ch.Key, ch.Scope, ch.Value, s.ruleMoment(ch))
		if err != nil {
			return nil, false, nil, err
		}
		return cards.RuleReleases(a.Lang, p), p.Affected > 0, nil, nil
	}
	if claims, ok := s.Pools.Limits(ch.Key); ok {
		blocks, err = s.ruleOver(ctx, a, ch, claims)
		return blocks, false, nil, err
	}
	switch {
	case lead.Scores(ch.Key):
		b, err := s.supposing(ctx, ch)
		if err != nil {
			return nil, false, nil, err
		}
		p, err := s.Leads.PreviewGrades(ctx, b)
		if err != nil {
			return nil, false, nil, err
		}
		return cards.RuleGrades(a.Lang, p), false, nil, nil
	case strings.HasPrefix(ch.Key, "AS-"):
		b := cards.CommandButton(a.Lang.T("试算最近 100 条线索", "Try the last 100 leads"), a.Lang.T("/分配 试算", "/assign try"))
		return cards.RuleDistributes(a.Lang), false, &b, nil
	}
	return cards.RuleNoEffect(a.Lang), false, nil, nil
}

func (s *Services) ruleOver(ctx context.Context, a crm.Actor, ch cards.RuleChange, claims bool) ([]card.Block, error) {
	b, err := s.supposing(ctx, ch)
	if err != nil {
		return nil, err
	}
	people, err := s.Directory.Users(ctx, nil)
	if err != nil {
		return nil, err
	}
	over, err := s.Pools.Over(ctx, ch.Key, b, people)
	if err != nil {
		return nil, err
	}
	var rows []cards.RuleOver
	for _, o := range over[:min(len(over), overShown)] {
		rows = append(rows, cards.RuleOver{Name: o.User.Name, Have: o.Have, Allowed: o.Limit})
	}
	what := crm.Text{Zh: "现在持有", En: "Holds now"}
	if claims {
		what = crm.Text{Zh: "今天已认领", En: "Claimed today"}
	}
	return cards.RuleOverLimit(a.Lang, what, rows, len(over)), nil
}

// listRule sends the records that a change would affect, by owner (RC-02).
func (s *Services) listRule(ctx context.Context, a crm.Actor, ch cards.RuleChange) (bot.Reply, error) {
	ch, err := s.checkRule(a, ch)
	if err != nil {
		return bot.Reply{}, err
	}
	if !recycle.Ruled(ch.Key) {
		return bot.Reply{}, crm.Invalid("这个设置的修改不会移动任何记录的释放日", "a change of this setting moves no release day").WithNext("可以试算：/规则 试算 "+s.ruleText(crm.Chinese, ch), "try it out: /rules try "+s.ruleText(crm.English, ch))
	}
	list, more, err := s.Recycle.PreviewAll(ctx, ch.Key, ch.Scope, ch.Value, s.ruleMoment(ch), ruleListed)
	if err != nil {
		return bot.Reply{}, err
	}
	l := a.Lang
	if len(list) == 0 {
		return said(l.T("没有记录受影响", "no record is affected")), nil
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // Excel reads UTF-8 only with the mark
	w := csv.NewWriter(&b)
	rows := [][]string{{l.T("负责人", "owner"), l.T("编号", "code"), l.T("名称", "name"), l.T("现在的释放日", "release day now"), l.T("修改后的释放日", "release day after")}}
	for _, x := range list {
		rows = append(rows, []string{x.OwnerName, x.Ref.String(), cellText(x.Name), string(x.Before), string(x.After)})
	}
	if err := w.WriteAll(rows); err != nil {
		return bot.Reply{}, err
	}
	text := l.T(fmt.Sprintf("%s 的试算名单：%d 条，按负责人排列", ch.Key, len(list)), fmt.Sprintf("what a change of %s would affect: %d records by owner", ch.Key, len(list)))
	if more {
		text += l.T(fmt.Sprintf("（只列前 %d 条）", ruleListed), fmt.Sprintf(" (the first %d only)", ruleListed))
	}
	return bot.Reply{Text: text, Private: true, Files: []bot.File{{Name: l.T("试算-", "preview-") + ch.Key + ".csv", Data: b.Bytes()}}}, nil
}

// cellText keeps a program that opens the list from taking a name for a formula.
func cellText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
