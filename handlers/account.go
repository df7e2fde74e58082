package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
)

// viewAccount is the view of an account's card; its ref is the code.
const viewAccount = "account.card"

// listPage is how many records a list shows at once.
const listPage = 10

func accounts(s *Services) Module {
	own := accountPool{leadHandlers{s}}
	m := Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "客户", Aliases: []string{"account"}, Summary: crm.Text{Zh: "查看客户：联系人、商机、合同和跟进", En: "show a customer with contacts, deals, contracts and activities"},
				Usage: crm.Text{Zh: "A-3|名称|拼音首字母", En: "A-3|name|pinyin initials"}, Examples: []string{"/客户 星河科技", "/客户 A-3", "/客户 xhkj", "/account Galaxy"}, Parse: needText("客户", "a customer"), Run: s.openAccount},
			bot.Command[int]{Name: "我的客户", Aliases: []string{"accounts"}, Summary: crm.Text{Zh: "我名下的客户", En: "the accounts that I own"}, Usage: crm.Text{Zh: "[页]", En: "[page]"},
				Examples: []string{"/我的客户", "/我的客户 2", "/accounts"}, Roles: sellers, Menu: true, Parse: parsePage, Run: s.myAccounts},
			bot.Command[string]{Name: "新联系人", Aliases: []string{"newcontact"}, Summary: crm.Text{Zh: "给客户添加联系人", En: "add a contact to a customer"}, Usage: crm.Text{Zh: "客户 [姓名 电话 职位]", En: "customer [name phone position]"},
				Examples: []string{"/新联系人 星河科技 王敏 13800001111 采购经理", "/新联系人 A-3", "/newcontact Galaxy Wang 13800001111 buyer"}, Roles: sellers, Parse: needText("客户", "a customer"), Run: s.newContact},
			bot.Command[string]{Name: "联系人", Aliases: []string{"contact"}, Summary: crm.Text{Zh: "查看联系人所在的客户", En: "show the customer of a contact"}, Usage: crm.Text{Zh: "P-5", En: "P-5"},
				Examples: []string{"/联系人 P-5", "/contact P-5"}, Parse: needText("联系人编号", "a contact's code"), Run: s.openContact},
			bot.Command[newAccount]{Name: "新客户", Aliases: []string{"newaccount"}, Summary: crm.Text{Zh: "新建客户", En: "make a customer"}, Usage: crm.Text{Zh: "公司 [城市]", En: "company"},
				Examples: []string{"/新客户 星河科技 杭州", "/newaccount Galaxy Hangzhou"}, Roles: sellers, Parse: parseNewAccount,
				Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in newAccount) (bot.Reply, error) {
					x, err := s.Accounts.Create(ctx, a, account.Draft{Name: in.name, Region: in.region})
					return s.madeAccount(ctx, a, x, crm.Text{Zh: "已新建客户 ", En: "made "}, err)
				}},
			bot.Command[convertArgs]{Name: "转客户", Aliases: []string{"convert"}, Summary: crm.Text{Zh: "把线索转为客户，保留历史", En: "turn a lead into a customer, with its history"}, Usage: crm.Text{Zh: "L-12 [公司名称]", En: "L-12 [company]"},
				Examples: []string{"/转客户 L-12", "/转客户 L-12 星河科技有限公司", "/convert L-12"}, Roles: sellers, Parse: parseConvert,
				Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in convertArgs) (bot.Reply, error) {
					x, err := s.Accounts.Convert(ctx, a, in.id, in.name)
					return s.madeAccount(ctx, a, x, crm.Text{Zh: "已转为客户 ", En: "converted to "}, err)
				}},
			bot.Handle[cards.CreateContact]{Roles: sellers, Run: s.createContact},
		},
		Views: []bot.ViewDef{{Name: viewAccount, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			r, err := crm.ParseRef(ref)
			if err != nil || r.Kind != crm.KindAccount {
				return card.Card{}, fmt.Errorf("account view: %q is no account", ref)
			}
			if v.Group {
				return card.Card{}, bot.ErrNothing // groups see no single customers (PM-03)
			}
			return s.accountCard(ctx, v.Actor, v.Lang, crm.AccountID(r.ID))
		}}},
		Texts: []Fallback{s.bareAccount}, Stale: []Fallback{own.stale},
	}
	m.Commands, m.Views = slices.Concat(m.Commands, own.actions(), own.collabActions()), slices.Concat(m.Views, own.views(), own.collabViews())
	return m
}

// needText parses an argument that must not be empty.
func needText(zh, en string) func(string) (string, error) {
	return func(rest string) (string, error) {
		if t := strings.TrimSpace(rest); t != "" {
			return t, nil
		}
		return "", crm.Invalid("请写"+zh, "name "+en)
	}
}

// newAccount is what /新客户 says.
type newAccount struct{ name, region string }

// parseNewAccount takes the last of several words as the city when it is short
// and Chinese: "星河科技 杭州".
func parseNewAccount(rest string) (newAccount, error) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return newAccount{}, crm.Invalid("请写公司名称", "name the company")
	}
	if n := len(words); n > 1 {
		if last := words[n-1]; utf8.RuneCountInString(last) <= 6 && len(last) > utf8.RuneCountInString(last) {
			return newAccount{strings.Join(words[:n-1], " "), last}, nil
		}
	}
	return newAccount{name: strings.Join(words, " ")}, nil
}

// convertArgs is what /转客户 says.
type convertArgs struct {
	id   crm.LeadID
	name string
}

func parseConvert(rest string) (convertArgs, error) {
	head, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	ref, err := crm.ParseRef(head)
	if err != nil || ref.Kind != crm.KindLead {
		return convertArgs{}, crm.Invalid("请写线索编号，如 L-12", "name the lead by its code, such as L-12")
	}
	return convertArgs{crm.LeadID(ref.ID), strings.TrimSpace(tail)}, nil
}

func (s *Services) madeAccount(ctx context.Context, a crm.Actor, x account.Account, said crm.Text, err error) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showAccount(ctx, a, x.ID)
	rep.Toast, rep.ToastTone = said.In(a.Lang)+x.ID.String(), bot.ToastSuccess
	return rep, err
}

func parsePage(rest string) (int, error) {
	if strings.TrimSpace(rest) == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(rest))
	if err != nil || n < 1 || n > 100000 {
		return 0, crm.Invalid("页码应为大于 0 的整数", "a page is a whole number above 0")
	}
	return n, nil
}

func (s *Services) openAccount(ctx context.Context, a crm.Actor, _ bot.Call, text string) (bot.Reply, error) {
	if id, ok := accountCode(text); ok {
		rep, err := s.showAccount(ctx, a, id)
		if err == nil {
			return rep, nil
		}
		return s.taken(a, err)
	}
	list, err := s.Accounts.Search(ctx, a, text, 9)
	if err != nil {
		return bot.Reply{}, err
	}
	switch len(list) {
	case 0:
		return bot.Reply{}, crm.NotFound("没有找到客户“"+clipText(text)+"”", "no customer is called “"+clipText(text)+"”").
			WithNext("请检查名称；线索用 /线索 查找", "check the name; leads are found with /lead")
	case 1:
		return s.showAccount(ctx, a, list[0].ID)
	}
	return s.chooseAccount(ctx, a, text, list, func(x account.Account) string { return a.Lang.T("/客户 ", "/account ") + x.ID.String() }), nil
}

// taken shows what DU-02 tells of an account where that is the refusal; others stay
// errors.
func (s *Services) taken(a crm.Actor, err error) (bot.Reply, error) {
	var taken *account.TakenBy
	if !errors.As(err, &taken) {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AccountTakenBy(leadHandlers{s}.frame(a), *taken), bot.View{})).Refusing(err), nil
}

// chooseAccount asks which of several customers was meant.
func (s *Services) chooseAccount(ctx context.Context, a crm.Actor, text string, list []account.Account, command func(account.Account) string) bot.Reply {
	choices := make([]cards.Choice, len(list))
	for i, x := range list {
		sub := x.Region
		if n := s.Directory.Name(ctx, x.Owner); n != "" {
			sub = strings.TrimPrefix(sub+" · "+n, " · ")
		}
		choices[i] = cards.Choice{Ref: x.ID.Ref(), Label: x.Name, Sub: sub, Command: command(x)}
	}
	c := cards.Choose(a.Lang, a.Lang.T("哪一个“"+clipText(text)+"”？", "Which “"+clipText(text)+"”?"), choices)
	return bot.Reply{Card: &c, Private: true}
}

func clipText(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (s *Services) showAccount(ctx context.Context, a crm.Actor, id crm.AccountID, lines ...string) (bot.Reply, error) {
	x, err := s.Accounts.Open(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	s.Talk.About(ctx, a.ID, x.ID.Ref(), false)
	c, err := s.accountCard(ctx, a, a.Lang, id, lines...)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(c, bot.View{Name: viewAccount, Ref: id.String()})
	rep.Private = true
	return rep, nil
}

// accountCard gathers what the actor may see of a customer.
func (s *Services) accountCard(ctx context.Context, a crm.Actor, l crm.Lang, id crm.AccountID, lines ...string) (card.Card, error) {
	seen, err := s.Accounts.Peek(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	x, frame := seen.Account, leadHandlers{s}.frame(a)
	id, frame.Lang = x.ID, l
	v := cards.AccountView{Account: x, Owner: s.Directory.Name(ctx, x.Owner), Masked: !seen.People, Seen: seen, Frame: frame, Lines: lines, Stages: s.Deals.Stages(ctx), CanWork: seen.Work && a.Is(sellers...),
		Zone: s.Calendar.Zone(), Today: s.Calendar.DayOf(s.Clock.Now())}
	due, err := s.accountDues(ctx, x)
	if err != nil {
		return card.Card{}, err
	}
	v.Due = due[id]
	if x.FromLead != 0 && !v.Masked { // what its next owner must know (P-18)
		if was, err := s.Leads.Peek(ctx, crm.SystemActor(), x.FromLead); err == nil {
			v.Source, v.Need = was.Source, was.Need
		} else if crm.CodeOf(err) != crm.CodeNotFound {
			return card.Card{}, err
		}
	}
	if v.Contacts, err = s.Accounts.Contacts(ctx, a, id); err != nil {
		return card.Card{}, err
	}
	if v.Deals, v.Totals, err = s.Deals.List(ctx, a, deal.Query{Account: id, Status: deal.Open, Limit: 5}); err != nil {
		return card.Card{}, err
	}
	if s.Contracts != nil {
		if v.Contracts, err = s.contractsOf(ctx, a, id); err != nil {
			return card.Card{}, err
		}
	}
	if !v.Masked {
		if v.Story, err = s.accountStory(ctx, x, 5); err != nil {
			return card.Card{}, err
		}
	}
	if !v.Masked {
		if v.Files, err = s.Attachments.Count(ctx, x.ID.Ref()); err != nil {
			return card.Card{}, err
		}
	}
	return cards.Account(l, v), nil
}

// accountDues are when accounts go back to their pools.
func (s *Services) accountDues(ctx context.Context, list ...account.Account) (map[crm.AccountID]lead.Due, error) {
	refs := make([]crm.Ref, 0, len(list))
	for _, x := range list {
		if x.Owner != 0 {
			refs = append(refs, x.ID.Ref())
		}
	}
	seen, err := s.Recycle.OfAll(ctx, refs...)
	out := make(map[crm.AccountID]lead.Due, len(seen))
	for ref, v := range seen {
		out[crm.AccountID(ref.ID)] = lead.DueIn(v)
	}
	return out, err
}

func (s *Services) contractsOf(ctx context.Context, a crm.Actor, id crm.AccountID) ([]contract.Contract, error) {
	const most = 5
	parts, err := s.Accounts.Parts(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []contract.Contract
	for _, part := range parts {
		list, err := s.Contracts.OfAccount(ctx, a, part, most)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out[:min(len(out), most)], nil
}

// accountStory are the last activities of an account, those with the lead that
// it was included (P-18), newest first.
func (s *Services) accountStory(ctx context.Context, x account.Account, n int) ([]lead.StoryItem, error) {
	out, err := s.story(ctx, x.ID.Ref(), n)
	if err != nil || x.FromLead == 0 || len(out) >= n {
		return out, err
	}
	before, err := s.story(ctx, x.FromLead.Ref(), n-len(out))
	return append(out, before...), err
}

// story are the last activities of a record, none while nothing tells them.
func (s *Services) story(ctx context.Context, ref crm.Ref, n int) ([]lead.StoryItem, error) {
	if s.Teller == nil {
		return nil, nil
	}
	return s.Teller.Story(ctx, ref, n)
}

func (s *Services) myAccounts(ctx context.Context, a crm.Actor, _ bot.Call, page int) (bot.Reply, error) {
	list, total, err := s.Accounts.Mine(ctx, a, (page-1)*listPage, listPage)
	if err != nil {
		return bot.Reply{}, err
	}
	st, err := s.Accounts.Status(ctx, a.ID)
	if err != nil {
		return bot.Reply{}, err
	}
	due, err := s.accountDues(ctx, list...)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.AccountList(leadHandlers{s}.frame(a), list, due, total, page, listPage, st, s.Calendar.DayOf(s.Clock.Now()))
	return bot.Reply{Card: &c, Private: true}, nil
}

func (s *Services) openContact(ctx context.Context, a crm.Actor, _ bot.Call, text string) (bot.Reply, error) {
	ref, err := crm.ParseRef(text)
	if err != nil || ref.Kind != crm.KindContact {
		return bot.Reply{}, crm.Invalid("请写联系人编号，如 P-5", "name the contact by its code, such as P-5").WithNext("或用 /客户 名称 查看全部联系人", "or see all contacts with /account NAME")
	}
	c, err := s.Accounts.Contact(ctx, a, crm.ContactID(ref.ID))
	if err != nil {
		return bot.Reply{}, err
	}
	return s.showAccount(ctx, a, c.Account)
}

// contactLine is what /新联系人 says after the command.
type contactLine struct {
	customer string
	draft    account.ContactDraft
}

// readContact takes a line apart: customer, name, phone, position. The phone
// separates them; a code as first word is the customer. Without a phone the last
// word is the name, unless there is only one.
func readContact(text string) contactLine {
	words := strings.Fields(text)
	phone := -1
	for i, w := range words {
		if i > 0 && crm.PhoneKey(w) != "" {
			phone = i
			break
		}
	}
	var in contactLine
	head := words
	if phone > 0 {
		head, in.draft.Mobile, in.draft.Title = words[:phone], words[phone], strings.Join(words[phone+1:], " ")
	}
	if _, err := crm.ParseRef(words[0]); err == nil {
		in.customer, in.draft.Name = words[0], strings.Join(head[1:], " ")
		return in
	}
	if len(head) == 1 {
		in.customer = head[0]
		return in
	}
	in.customer, in.draft.Name = strings.Join(head[:len(head)-1], " "), head[len(head)-1]
	return in
}

func (s *Services) newContact(ctx context.Context, a crm.Actor, c bot.Call, text string) (bot.Reply, error) {
	in := readContact(text)
	if in.draft.Mobile == "" { // "Acme Corporation" is a customer, not a person called Corporation
		if list, err := s.Accounts.Search(ctx, a, text, 2); err != nil {
			return bot.Reply{}, err
		} else if len(list) == 1 {
			in = contactLine{customer: list[0].ID.String()}
		}
	}
	list, err := s.Accounts.Search(ctx, a, in.customer, 9)
	if err != nil {
		return bot.Reply{}, err
	}
	switch {
	case len(list) == 0:
		return bot.Reply{}, crm.NotFound("没有找到客户“"+clipText(in.customer)+"”", "no customer is called “"+clipText(in.customer)+"”").WithNext("先用 /客户 查找", "look it up first with /account")
	case len(list) > 1:
		rest := strings.TrimSpace(strings.TrimPrefix(text, in.customer))
		return s.chooseAccount(ctx, a, in.customer, list, func(x account.Account) string {
			return strings.TrimSpace(a.Lang.T("/新联系人 ", "/newcontact ") + x.ID.String() + " " + rest)
		}), nil
	case in.draft.Name == "":
		form := cards.ContactForm(a.Lang, list[0])
		return bot.Reply{Card: &form, Private: true}, nil
	}
	return s.addContact(ctx, a, list[0].ID, in.draft)
}

func (s *Services) createContact(ctx context.Context, a crm.Actor, c bot.Call, p cards.CreateContact) (bot.Reply, error) {
	rep, err := s.addContact(ctx, a, p.Account, account.ContactDraft{Name: c.Values.Get(cards.ContactNameInput), Mobile: c.Values.Get(cards.ContactPhoneInput),
		Title: c.Values.Get(cards.ContactTitleInput), Role: account.Role(c.Values.Get(cards.ContactRoleInput))})
	rep.Update = true
	return rep, err
}

func (s *Services) addContact(ctx context.Context, a crm.Actor, id crm.AccountID, d account.ContactDraft) (bot.Reply, error) {
	c, _, err := s.Accounts.AddContact(ctx, a, id, d)
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showAccount(ctx, a, id)
	rep.Toast, rep.ToastTone = a.Lang.T("已添加联系人 "+c.Name, "added contact "+c.Name), bot.ToastSuccess
	return rep, err
}

// bareAccount opens the customer that a text names and nothing else: its code,
// its name, or a part of it that fits some.
func (s *Services) bareAccount(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	text := strings.TrimSpace(c.Rest)
	if utf8.RuneCountInString(text) < 2 || utf8.RuneCountInString(text) > account.MaxName || strings.ContainsAny(text, "\n/") {
		return bot.Reply{}, bot.ErrUnhandled
	}
	list, err := s.Accounts.Search(ctx, a, text, 9)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(list) == 0 {
		return bot.Reply{}, bot.ErrUnhandled
	}
	if len(list) == 1 {
		return s.showAccount(ctx, a, list[0].ID)
	}
	return s.chooseAccount(ctx, a, text, list, func(x account.Account) string { return a.Lang.T("/客户 ", "/account ") + x.ID.String() }), nil
}
