package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/rule"
)

// Setup is everything an administrator changes about the daily report.
type Setup struct {
	Template Template
	// Version is the template's version; cards that change it name it.
	Version int64
	Times   map[Step]string
	// Goals are the daily goals by profile, organisation-wide.
	Goals map[goal.Profile][]goal.Line
}

// Setup reads the present settings. Administrators only.
func (s *Service) Setup(ctx context.Context, a crm.Actor) (Setup, error) {
	if !a.Is(crm.Admin) {
		return Setup{}, crm.Forbid(a, crm.Admin)
	}
	t, v := s.Template(ctx)
	out := Setup{Template: t, Version: v, Times: map[Step]string{}, Goals: map[goal.Profile][]goal.Line{}}
	for _, st := range Steps {
		out.Times[st] = s.Clock(ctx, st)
	}
	for _, p := range []goal.Profile{goal.Field, goal.Phone} {
		out.Goals[p] = s.goals.Lines(ctx, p)
	}
	return out, nil
}

// AnyVersion changes the present template whatever its version, for commands
// that were typed and saw no version.
const AnyVersion int64 = -1

// AddMetric puts a metric block behind the last one of its kind. The change
// holds for reports that are drafted from now on.
func (s *Service) AddMetric(ctx context.Context, a crm.Actor, version int64, b Block) (Setup, error) {
	b.Kind = BlockMetric
	return s.changeTemplate(ctx, a, version, "add "+b.Metric, func(t Template) (Template, error) {
		if slices.ContainsFunc(t, func(x Block) bool { return x.same(b) }) {
			return nil, crm.Conflict("R-02", "日报里已经有这个指标："+b.Metric, "the report already has this metric: "+b.Metric)
		}
		at := 0
		for i, x := range t {
			if x.Kind == BlockMetric {
				at = i + 1
			}
		}
		return slices.Insert(t, at, b), nil
	})
}

// AddList puts a list of the records behind a metric's day at the end.
func (s *Service) AddList(ctx context.Context, a crm.Actor, version int64, key string, limit int) (Setup, error) {
	b := Block{Kind: BlockList, Metric: key, Limit: limit}
	if d, ok := s.metrics.Registry().Get(key); ok {
		b.Title = &d.Name
	}
	return s.changeTemplate(ctx, a, version, "add list "+key, func(t Template) (Template, error) {
		if slices.ContainsFunc(t, func(x Block) bool { return x.same(b) }) {
			return nil, crm.Conflict("R-02", "日报里已经有这个清单："+key, "the report already has this list: "+key)
		}
		return append(t, b), nil
	})
}

// Drop removes the blocks of a metric; old reports keep it.
func (s *Service) Drop(ctx context.Context, a crm.Actor, version int64, key string) (Setup, error) {
	return s.changeTemplate(ctx, a, version, "drop "+key, func(t Template) (Template, error) {
		left := slices.DeleteFunc(slices.Clone(t), func(b Block) bool { return b.Metric == key })
		if len(left) == len(t) {
			return nil, crm.NotFound("日报里没有这个指标："+key, "the report has no metric: "+key)
		}
		return left, nil
	})
}

// DropKey removes the block with the key. It names the block, so it holds for
// whatever version of the template the person saw it in.
func (s *Service) DropKey(ctx context.Context, a crm.Actor, key string) (Setup, error) {
	return s.changeTemplate(ctx, a, AnyVersion, "drop block", func(t Template) (Template, error) {
		i := slices.IndexFunc(t, func(b Block) bool { return b.Key() == key })
		if i < 0 {
			return nil, crm.NotFound("日报里已经没有这一部分", "the report does not have this block any more")
		}
		return slices.Delete(t, i, i+1), nil
	})
}

// DropBlock removes the i-th block.
func (s *Service) DropBlock(ctx context.Context, a crm.Actor, version int64, i int) (Setup, error) {
	return s.changeTemplate(ctx, a, version, fmt.Sprintf("drop block %d", i+1), func(t Template) (Template, error) {
		if i < 0 || i >= len(t) {
			return nil, crm.NotFound("日报里没有这一部分", "the report has no such block")
		}
		return slices.Delete(t, i, i+1), nil
	})
}

// Raise moves a metric's first block one place up.
func (s *Service) Raise(ctx context.Context, a crm.Actor, version int64, key string) (Setup, error) {
	return s.changeTemplate(ctx, a, version, "raise "+key, func(t Template) (Template, error) {
		i := slices.IndexFunc(t, func(b Block) bool { return b.Metric == key })
		if i < 0 {
			return nil, crm.NotFound("日报里没有这个指标："+key, "the report has no metric: "+key)
		}
		if i > 0 {
			t[i-1], t[i] = t[i], t[i-1]
		}
		return t, nil
	})
}

// SetPrompt changes the first question. Without an English text the Chinese
// one is used for both.
func (s *Service) SetPrompt(ctx context.Context, a crm.Actor, version int64, zh, en string, required bool) (Setup, error) {
	zh, en = crm.Normalize(zh), crm.Normalize(en)
	if en == "" {
		en = zh
	}
	if zh == "" || utf8.RuneCountInString(zh) > 100 || utf8.RuneCountInString(en) > 200 {
		return Setup{}, crm.Invalid("问题要有 1 到 100 个字", "a question has 1 to 100 characters")
	}
	return s.changeTemplate(ctx, a, version, "prompt", func(t Template) (Template, error) {
		i := slices.IndexFunc(t, func(b Block) bool { return b.Kind == BlockText })
		if i < 0 {
			return append(t, Block{Kind: BlockText, Prompt: &crm.Text{Zh: zh, En: en}, Required: required}), nil
		}
		t[i].Prompt, t[i].Required = &crm.Text{Zh: zh, En: en}, required
		return t, nil
	})
}

func encode(t Template) (string, error) {
	raw, err := json.Marshal(t)
	return string(raw), err
}

func (b Block) same(o Block) bool {
	return b.Kind == o.Kind && b.Metric == o.Metric && b.Scope == o.Scope && b.Period == o.Period
}

func (s *Service) changeTemplate(ctx context.Context, a crm.Actor, version int64, reason string, change func(Template) (Template, error)) (Setup, error) {
	if !a.Is(crm.Admin) {
		return Setup{}, crm.Forbid(a, crm.Admin)
	}
	old, v := s.Template(ctx)
	if version != AnyVersion && version != v {
		return Setup{}, crm.Stale("R-02", "日报模板刚被改过，请在新卡片上操作", "the template was changed meanwhile; please use the new card")
	}
	next, err := change(slices.Clone(old))
	if err != nil {
		return Setup{}, err
	}
	if err := next.Check(s.metrics.Registry()); err != nil {
		return Setup{}, err
	}
	value, err := encode(next)
	if err != nil {
		return Setup{}, err
	}
	if err := s.set(ctx, a, templateSetting.Key, "", value, reason, s.now()); err != nil {
		return Setup{}, err
	}
	return s.Setup(ctx, a)
}

// SetTime changes a step of the schedule from the next working day on (RC-01).
func (s *Service) SetTime(ctx context.Context, a crm.Actor, st Step, value string) (Setup, crm.Day, error) {
	from := s.cal.NextWorkday(s.Today())
	if err := s.set(ctx, a, st.setting().Key, "", strings.TrimSpace(value), "schedule", from.Time(s.cal.Zone())); err != nil {
		return Setup{}, "", err
	}
	out, err := s.Setup(ctx, a)
	return out, from, err
}

// SetGoal changes the goal for one metric, at once; other goals stay. A scope of "" is the
// organisation; "team:3" and "user:12" override it there. A nil line removes
// the goal.
func (s *Service) SetGoal(ctx context.Context, a crm.Actor, scope rule.Scope, profile goal.Profile, key string, l *goal.Line) (Setup, error) {
	if !a.Is(crm.Admin) {
		return Setup{}, crm.Forbid(a, crm.Admin)
	}
	var scopes []rule.Scope
	if scope != "" {
		scopes = append(scopes, scope)
	}
	lines := slices.Clone(s.goals.Lines(ctx, profile, scopes...))
	i := slices.IndexFunc(lines, func(x goal.Line) bool { return x.Metric == key })
	switch {
	case l == nil && i < 0:
		return Setup{}, crm.NotFound("没有这个指标的目标："+key, "there is no goal for "+key)
	case l == nil:
		lines = slices.Delete(lines, i, i+1)
	case i < 0:
		lines = append(lines, *l)
	default:
		keep := *l
		if keep.Weight == 0 {
			keep.Weight = lines[i].Weight
		}
		lines[i] = keep
	}
	if err := goal.Check(s.metrics.Registry(), lines); err != nil {
		return Setup{}, err
	}
	value, err := goal.Encode(lines)
	if err != nil {
		return Setup{}, err
	}
	if err := s.set(ctx, a, profile.Key(), scope, value, "goal "+key, s.now()); err != nil {
		return Setup{}, err
	}
	return s.Setup(ctx, a)
}

// set stores a setting's new version with its audit row.
func (s *Service) set(ctx context.Context, a crm.Actor, key string, scope rule.Scope, value, reason string, effective time.Time) error {
	return s.tx.InTx(ctx, func(ctx context.Context) error {
		v, err := s.rules.Set(ctx, a, key, scope, value, reason, effective)
		if err != nil {
			return err
		}
		return s.fx.Audit(ctx, crm.Audit{At: s.now(), Actor: a.ID, Action: "rule.set", Rule: key, RuleVersion: v.ID, Detail: map[string]any{"scope": string(scope), "reason": reason}})
	})
}
