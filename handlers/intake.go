package handlers

import (
	"context"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/intake"
)

const viewSource = "intake.source"

// sourceArgs is what `/来源` says: nothing, a source, or what to do with one.
type sourceArgs struct {
	id  intake.SourceID
	do  string            // "new", "set", "rotate", "on", "off", "revoke"; empty: show
	set map[string]string // by input
}

// intakes let administrators decide who may send leads in.
func intakes(s *Services) Module {
	admin := []crm.Role{crm.Admin}
	return Module{
		Commands: []bot.Registration{
			bot.Command[sourceArgs]{Name: "来源", Aliases: []string{"sources"}, Summary: crm.Text{Zh: "网站表单和广告平台的线索接入：密钥、渠道、限制", En: "where leads come in from: keys, channels and limits of web forms and ad platforms"},
				Usage:    crm.Text{Zh: "[编号|新建 名称] [渠道=…] [活动=…] [方式=…] [域名=…] [频率=…] [换密钥|停用|启用|撤销]", En: "[number|new NAME] [channel=…] [campaign=…] [mode=…] [origins=…] [rate=…] [rotate|off|on|revoke]"},
				Examples: []string{"/来源", "/来源 新建 官网表单 渠道=官网留言 方式=表单 域名=https://www.example.com", "/来源 1 换密钥", "/sources 1 campaign=Spring rate=30"},
				Roles:    []crm.Role{crm.Admin, crm.Marketing}, Parse: parseSource, Run: s.sources},
			bot.Handle[cards.NewSource]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, _ cards.NewSource) (bot.Reply, error) {
				return s.newSource(ctx, a, func(d *intake.Draft) error { return fillSource(d, c.Values.Get) })
			}},
			bot.Handle[cards.ChangeSource]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ChangeSource) (bot.Reply, error) {
				return s.changeSource(ctx, a, p.Source, p.Seen, c.Values.Get)
			}},
			bot.Handle[cards.SwitchSource]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.SwitchSource) (bot.Reply, error) {
				return s.showSource(ctx, a, p.Source, func() error { _, err := s.Intake.Switch(ctx, a, p.Source, p.On); return err })
			}},
			bot.Handle[cards.RotateSource]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.RotateSource) (bot.Reply, error) {
				return s.rotateSource(ctx, a, p.Source)
			}},
			bot.Handle[cards.RevokeSource]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.RevokeSource) (bot.Reply, error) {
				return s.showSource(ctx, a, p.Source, func() error { _, err := s.Intake.Revoke(ctx, a, p.Source); return err })
			}},
		},
		Views: []bot.ViewDef{
			{Name: viewSource, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				id, err := strconv.ParseInt(ref, 10, 64)
				if err != nil {
					return card.Card{}, crm.NotFound("没有这个来源", "there is no such source")
				}
				return s.sourceCard(ctx, v.Actor, v.Lang, intake.SourceID(id))
			}},
			{Name: intake.ViewAgain, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				q, err := s.Intake.Inquiry(ctx, v.Actor, ref)
				if err != nil {
					return card.Card{}, err
				}
				return cards.InquiryAgain(v.Lang, q, s.Calendar.Zone(), s.opener(v.Actor, v.Lang)), nil
			}},
		},
	}
}

var (
	sourceVerbs = map[string]string{"换密钥": "rotate", "rotate": "rotate", "停用": "off", "off": "off", "启用": "on", "on": "on", "撤销": "revoke", "revoke": "revoke"}
	sourceKeys  = map[string]string{"名称": cards.SourceName, "渠道": cards.SourceChannel, "活动": cards.SourceCampaign, "方式": cards.SourceMode, "域名": cards.SourceOrigins, "频率": cards.SourceRate}
)

// parseSource reads "1 渠道=官网 频率=60". A value goes on until the next word
// with a "=" behind a known name.
func parseSource(rest string) (sourceArgs, error) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return sourceArgs{}, nil
	}
	in := sourceArgs{set: map[string]string{}}
	if words[0] == "新建" || strings.EqualFold(words[0], "new") {
		in.do = "new"
	} else {
		n, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil || n <= 0 {
			return in, crm.Invalid("“"+words[0]+"”不是来源的编号", "“"+words[0]+"” is not the number of a source").WithNext("发送 /来源 查看全部，/来源 新建 名称 新建一个", "send /sources for all, /sources new NAME to make one")
		}
		in.id = intake.SourceID(n)
	}
	words = words[1:]
	if in.do == "" && len(words) == 1 {
		if do, ok := sourceVerbs[strings.ToLower(words[0])]; ok {
			in.do = do
			return in, nil
		}
	}
	last := cards.SourceName
	for i, w := range words {
		if k, v, ok := strings.Cut(w, "="); ok {
			name, known := sourceKeys[k]
			if !known {
				name = strings.ToLower(k)
				known = name == cards.SourceName || name == cards.SourceChannel || name == cards.SourceCampaign || name == cards.SourceMode || name == cards.SourceOrigins || name == cards.SourceRate
			}
			if !known {
				return in, crm.Invalid("不认识“"+k+"”", "“"+k+"” is not known").WithNext("可以写：名称、渠道、活动、方式、域名、频率", "there are: name, channel, campaign, mode, origins, rate")
			}
			in.set[name], last = v, name
			continue
		}
		if in.do != "new" && i == 0 {
			return in, crm.Invalid("不认识“"+w+"”", "“"+w+"” is not known").WithNext("可以写 换密钥、停用、启用、撤销，或 渠道=… 这样的修改", "it takes rotate, off, on, revoke, or changes such as channel=…")
		}
		in.set[last] = strings.TrimSpace(in.set[last] + " " + w)
	}
	if in.do == "" && len(in.set) > 0 {
		in.do = "set"
	}
	return in, nil
}

// fillSource takes over what was written; what was not stays.
func fillSource(d *intake.Draft, get func(string) string) error {
	for name, v := range map[string]*string{cards.SourceName: &d.Name, cards.SourceChannel: &d.Channel, cards.SourceCampaign: &d.Campaign} {
		*v = get(name)
	}
	if m := get(cards.SourceMode); m != "" {
		mode, ok := intake.ParseMode(m)
		if !ok {
			return crm.Invalid("没有“"+m+"”这种方式", "there is no mode “"+m+"”").WithNext("方式有：表单、令牌、签名", "the modes are: form, bearer, hmac")
		}
		d.Mode = mode
	}
	d.Origins = strings.FieldsFunc(get(cards.SourceOrigins), func(r rune) bool { return strings.ContainsRune(" ,，、;\n", r) })
	if r := strings.TrimSpace(get(cards.SourceRate)); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n <= 0 {
			return crm.Invalid("频率应是大于 0 的整数", "the rate is a whole number above 0")
		}
		d.PerMinute = n
	}
	return nil
}

func (s *Services) sources(ctx context.Context, a crm.Actor, _ bot.Call, in sourceArgs) (bot.Reply, error) {
	switch in.do {
	case "new":
		return s.answered(s.newSource(ctx, a, func(d *intake.Draft) error {
			if in.set[cards.SourceMode] == "" {
				in.set[cards.SourceMode] = string(intake.Bearer)
				if in.set[cards.SourceOrigins] != "" {
					in.set[cards.SourceMode] = string(intake.Form)
				}
			}
			return fillSource(d, func(k string) string { return in.set[k] })
		}))
	case "set":
		x, err := s.Intake.Source(ctx, a, in.id)
		if err != nil {
			return bot.Reply{}, err
		}
		was := map[string]string{cards.SourceName: x.Name, cards.SourceChannel: x.Channel, cards.SourceCampaign: x.Campaign, cards.SourceOrigins: strings.Join(x.Origins, " "), cards.SourceRate: strconv.Itoa(x.PerMinute)}
		return s.answered(s.changeSource(ctx, a, in.id, x.Version, func(k string) string {
			if v, ok := in.set[k]; ok {
				return v
			}
			return was[k]
		}))
	case "rotate":
		return s.answered(s.rotateSource(ctx, a, in.id))
	case "on", "off":
		return s.answered(s.showSource(ctx, a, in.id, func() error { _, err := s.Intake.Switch(ctx, a, in.id, in.do == "on"); return err }))
	case "revoke":
		return s.answered(s.showSource(ctx, a, in.id, func() error { _, err := s.Intake.Revoke(ctx, a, in.id); return err }))
	}
	if in.id != 0 {
		return s.answered(s.showSource(ctx, a, in.id, func() error { return nil }))
	}
	list, err := s.Intake.Sources(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	shown := cards.SourceList(a.Lang, list, a.Is(crm.Admin))
	return bot.Reply{Card: &shown, Private: true}, nil
}

func (s *Services) newSource(ctx context.Context, a crm.Actor, fill func(*intake.Draft) error) (bot.Reply, error) {
	var d intake.Draft
	if err := fill(&d); err != nil {
		return bot.Reply{}, err
	}
	x, key, err := s.Intake.Create(ctx, a, d)
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showSource(ctx, a, x.ID, func() error { return nil })
	rep.Update = false
	return withKey(a.Lang, rep, x, key), err
}

func (s *Services) rotateSource(ctx context.Context, a crm.Actor, id intake.SourceID) (bot.Reply, error) {
	var x intake.Source
	var key string
	rep, err := s.showSource(ctx, a, id, func() error {
		var err error
		x, key, err = s.Intake.Rotate(ctx, a, id)
		return err
	})
	if err != nil {
		return rep, err
	}
	return withKey(a.Lang, rep, x, key), nil
}

// withKey adds the key, in the person's own chat and in no card: cards are kept
// and rendered again.
func withKey(l crm.Lang, rep bot.Reply, x intake.Source, key string) bot.Reply {
	text := l.T("密钥（只显示这一次，请妥善保存）：\n", "The key (shown this once, keep it safe):\n") + key
	if x.Mode == intake.Signed {
		text += l.T("\n来源编号：", "\nsource number: ") + strconv.FormatInt(int64(x.ID), 10)
	}
	rep.Also = append(rep.Also, bot.Reply{Text: text, Private: true})
	return rep
}

func (s *Services) changeSource(ctx context.Context, a crm.Actor, id intake.SourceID, seen int64, get func(string) string) (bot.Reply, error) {
	var d intake.Draft
	if err := fillSource(&d, get); err != nil {
		return bot.Reply{}, err
	}
	return s.showSource(ctx, a, id, func() error {
		_, err := s.Intake.Change(ctx, a, id, seen, func(x *intake.Draft) { *x = d })
		return err
	})
}

// showSource does something with a source and shows it as it is then.
func (s *Services) showSource(ctx context.Context, a crm.Actor, id intake.SourceID, do func() error) (bot.Reply, error) {
	if err := do(); err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.sourceCard(ctx, a, a.Lang, id)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Replace(shown, bot.View{Name: viewSource, Ref: strconv.FormatInt(int64(id), 10)}, a.Lang.T("已处理", "done"))
	rep.Private = true
	return rep, nil
}

func (s *Services) sourceCard(ctx context.Context, a crm.Actor, l crm.Lang, id intake.SourceID) (card.Card, error) {
	x, err := s.Intake.Source(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	return cards.SourceCard(l, x, s.Directory.Name(ctx, x.CreatedBy), s.Calendar.Zone(), a.Is(crm.Admin)), nil
}
