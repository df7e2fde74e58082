package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

const (
	formCustomers  = 30
	formColleagues = 30
)

// formReply shows the form of a draft.
func (s *Services) formReply(ctx context.Context, a crm.Actor, d activity.DraftSeen, err error, press bool) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	var customers []cards.Option
	if d.Entry.Subject == (crm.Ref{}) {
		if customers, err = s.customerOptions(ctx, a); err != nil {
			return bot.Reply{}, err
		}
	}
	colleagues, err := s.colleagueOptions(ctx, a, d.Entry.Companions)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.LogForm(s.work(a.Lang), d, customers, colleagues)
	return bot.Reply{Card: &c, Update: press, Private: true}, nil
}

func (s *Services) customerOptions(ctx context.Context, a crm.Actor) ([]cards.Option, error) {
	list, err := s.Activities.Recent(ctx, a, formCustomers)
	if err != nil {
		return nil, err
	}
	out := make([]cards.Option, len(list))
	for i, x := range list {
		out[i] = cards.Option{Value: x.Ref.String(), Label: x.Name + " " + x.Ref.String()}
	}
	return out, nil
}

// colleagueOptions are the people of the own team, its leader, and those who
// are chosen already.
func (s *Services) colleagueOptions(ctx context.Context, a crm.Actor, chosen []crm.UserID) ([]cards.Option, error) {
	leader, err := s.Directory.Superior(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	wanted := map[crm.UserID]bool{leader: leader != 0}
	for _, id := range chosen {
		wanted[id] = true
	}
	us, err := s.Directory.Users(ctx, func(u org.User) bool {
		return u.ID != a.ID && (wanted[u.ID] || a.Team != 0 && u.Team == a.Team)
	})
	if err != nil {
		return nil, err
	}
	var out []cards.Option
	for _, u := range us[:min(len(us), formColleagues)] {
		out = append(out, cards.Option{Value: strconv.FormatInt(int64(u.ID), 10), Label: u.Name})
	}
	return out, nil
}

// saveLog stores what a form says.
func (s *Services) saveLog(ctx context.Context, a crm.Actor, c bot.Call, p cards.SaveLog) (bot.Reply, error) {
	d, err := s.Activities.DraftOf(ctx, a, p.Draft)
	if err != nil {
		return bot.Reply{}, err
	}
	if d.State != activity.DraftOpen {
		if d.State == activity.DraftSaved {
			return s.confirmLog(ctx, a, p.Draft, true)
		}
		return s.draftReply(a, d, nil, true)
	}
	e, err := s.logEntry(ctx, a, d.Entry, c.Values)
	if err != nil {
		return bot.Reply{}, err
	}
	v, err := s.Activities.Submit(ctx, a, p.Draft, e)
	return s.activityReply(ctx, a, v, err, true, crm.Text{Zh: "已保存", En: "saved"})
}

// logEntry reads the inputs of the form over what the draft knows.
func (s *Services) logEntry(ctx context.Context, a crm.Actor, base activity.Entry, v bot.Values) (activity.Entry, error) {
	e := activity.Entry{Kind: activity.Kind(v.Get(cards.LogKind)), Subject: base.Subject, Met: strings.TrimSpace(v.Get(cards.LogMet)), Result: activity.Result(v.Get(cards.LogResult)),
		Note: strings.TrimSpace(v.Get(cards.LogNote)), NextText: strings.TrimSpace(v.Get(cards.LogNext))}
	if e.Kind == "" {
		e.Kind = base.Kind
	}
	if e.Met == base.Met {
		e.Contact = base.Contact
	}
	var err error
	if e.Subject == (crm.Ref{}) {
		if e.Subject, err = s.oneCustomer(ctx, a, v.Get(cards.LogCustomer)); err != nil {
			return e, err
		}
	}
	took, err := s.dueFrom(v.Get(cards.LogDay), v.Get(cards.LogTime))
	if err != nil {
		return e, err
	}
	e.At = base.At
	// The form shows minutes; what was not changed keeps its seconds.
	if shown := base.At.In(s.Calendar.Zone()); took.Day != "" && (took.Day != s.Calendar.DayOf(base.At) || took.Clock() != shown.Format("15:04")) {
		e.At = s.Activities.TookPlace(took)
	}
	if e.Next, err = s.dueFrom(v.Get(cards.LogNextDay), v.Get(cards.LogNextTime)); err != nil {
		return e, err
	}
	if e.Duration, err = minutesFrom(v.Get(cards.LogMinutes)); err != nil {
		return e, err
	}
	if t := strings.TrimSpace(v.Get(cards.LogAmount)); t != "" {
		if e.Amount, err = crm.ParseMoney(t); err != nil {
			return e, err
		}
	}
	for _, x := range v[cards.LogWith] {
		id, err := strconv.ParseInt(x, 10, 64)
		if err != nil {
			return e, crm.Invalid("没有这位陪访人", "there is no such companion")
		}
		e.Companions = append(e.Companions, crm.UserID(id))
	}
	return e, nil
}

// oneCustomer is the record that a code or name names.
func (s *Services) oneCustomer(ctx context.Context, a crm.Actor, text string) (crm.Ref, error) {
	text = strings.TrimSpace(text)
	if ref, err := crm.ParseRef(text); err == nil {
		return ref, nil
	}
	if text == "" {
		return crm.Ref{}, crm.Invalid("请选择客户", "choose the customer")
	}
	list, err := s.Activities.Find(ctx, a, text)
	switch {
	case err != nil:
		return crm.Ref{}, err
	case len(list) == 0:
		return crm.Ref{}, crm.NotFound("没有找到客户“"+clipText(text)+"”", "no customer is called “"+clipText(text)+"”").WithNext("请检查名称，或先新建：/新线索 "+crm.Quoted(clipText(text)), "check the name, or create it: /newlead "+crm.Quoted(clipText(text)))
	case several(list):
		var names []string
		for _, x := range list[:min(len(list), 5)] {
			names = append(names, x.Ref.String()+" "+x.Name)
		}
		return crm.Ref{}, crm.Invalid("“"+clipText(text)+"”有多个客户："+strings.Join(names, "、"), "“"+clipText(text)+"” fits several customers: "+strings.Join(names, ", ")).WithNext("请用编号", "use the code")
	}
	return list[0].Ref, nil
}

// dueFrom reads a day and a time as inputs send them, or as people write them.
func (s *Services) dueFrom(day, clock string) (activity.Due, error) {
	day, clock = strings.TrimSpace(day), strings.TrimSpace(clock)
	if day == "" {
		if clock != "" {
			return activity.Due{}, crm.Invalid("写了时间 "+clipText(clock)+"，还缺日期", "there is a time, "+clipText(clock)+", but no day")
		}
		return activity.Due{}, nil
	}
	w, err := calendar.ParseWhen(day, s.Clock.Now(), s.Calendar)
	if err != nil {
		return activity.Due{}, err
	}
	if clock != "" {
		t, err := calendar.ParseTimeOfDay(clock)
		if err != nil {
			return activity.Due{}, err
		}
		w.Time, w.HasTime = t, true
	}
	return activity.DueOn(w), nil
}

func minutesFrom(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || n > 24*60 {
		return 0, crm.Invalid("时长请写分钟数，收到“"+clipText(text)+"”", "write the duration in minutes; got “"+clipText(text)+"”")
	}
	return time.Duration(n * float64(time.Minute)).Round(time.Second), nil
}

// uploadPhoto offers pictures without a command to the visits of the last day and
// to the record last talked about; to a visit of that record before its files,
// unless these were asked for.
func (s *Services) uploadPhoto(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	if c.Req == nil || len(c.Req.Files) == 0 || !a.Is(loggers...) {
		return bot.Reply{}, bot.ErrUnhandled
	}
	for _, f := range c.Req.Files {
		// A picture named after a contract is its scan.
		if !activity.IsPhoto(f.Data) || contractCode.MatchString(crm.Normalize(f.Name)) {
			return bot.Reply{}, bot.ErrUnhandled
		}
	}
	visits, err := s.Activities.Photographable(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(visits) == 0 {
		return bot.Reply{}, bot.ErrUnhandled // it may be a business card
	}
	to, err := s.fileFor(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	of := func(v activity.Named) bool { return v.Customer == to.Ref || v.Subject == to.Ref }
	slices.SortStableFunc(visits, func(x, y activity.Named) int {
		switch {
		case of(x) == of(y):
			return 0
		case of(x):
			return -1
		}
		return 1
	})
	offer := cards.FileFor{Ref: to.Ref, First: to.Files || !of(visits[0]), New: a.Is(poolReaders...)}
	var out bot.Reply
	for i, f := range c.Req.Files {
		p, err := s.Activities.KeepPhoto(ctx, a, crm.Normalize(f.Name), f.Data)
		if err != nil {
			return bot.Reply{}, err
		}
		if offer.File = 0; offer.New || to.Ref != (crm.Ref{}) { // or it is a business card, a drawing
			kept, err := s.Attachments.Keep(ctx, a, f.Name, f.Data)
			if err != nil {
				return bot.Reply{}, err
			}
			offer.File = kept.ID
		}
		rep := bot.Show(cards.PhotoOffer(s.work(a.Lang), p, visits, offer), bot.View{})
		rep.Private = true
		if i == 0 {
			out = rep
		} else {
			out.Also = append(out.Also, rep)
		}
	}
	return out, nil
}

// sendPhotos sends the photos of an activity.
func (s *Services) sendPhotos(ctx context.Context, a crm.Actor, id crm.ActivityID) (bot.Reply, error) {
	list, err := s.Activities.Pictures(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(list) == 0 {
		return bot.Say(a.Lang.T(id.String()+" 没有照片。", id.String()+" has no photos.")), nil
	}
	rep := bot.Reply{Text: a.Lang.T(id.String()+" 的照片：", "photos of "+id.String()+":"), Private: true}
	for i, p := range list {
		name := p.Name
		if name == "" {
			name = id.String() + "-" + strconv.Itoa(i+1) + extension(p.Data)
		}
		rep.Files = append(rep.Files, bot.File{Name: name, Data: p.Data})
	}
	return rep, nil
}

func extension(data []byte) string {
	if _, ext, ok := strings.Cut(http.DetectContentType(data), "image/"); ok {
		return "." + ext
	}
	return ""
}
