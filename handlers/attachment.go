package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/attachment"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/sched"
)

// attachments are files that belong to leads and accounts: a business card, a
// forwarded message.
func attachments(s *Services) Module {
	h := leadHandlers{s}
	return Module{
		Commands: []bot.Registration{
			bot.Command[fileArgs]{Name: "附件", Aliases: []string{"files"}, Summary: crm.Text{Zh: "线索或客户的附件；名片和消息可新建线索", En: "files of a lead or an account; a card or a message makes a new lead"},
				Usage: crm.Text{Zh: "L-12 [附件号]|新建 附件号", En: "L-12 [file number]|new file number"}, Examples: []string{"/附件 L-12", "/附件 A-3", "/附件 新建 7", "/附件 L-12 7", "/files L-12"}, Parse: parseFileArgs, Run: h.files},
			bot.Handle[cards.NewLeadWithFile]{Roles: poolReaders, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.NewLeadWithFile) (bot.Reply, error) {
				return h.newWithFile(ctx, a, p.File)
			}},
			bot.Handle[cards.AddFile]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AddFile) (bot.Reply, error) {
				ref, err := crm.ParseRef(p.Ref)
				if err != nil {
					return bot.Reply{}, crm.Invalid("没有这个编号："+p.Ref, "there is no such code: "+p.Ref)
				}
				return h.tieFile(ctx, a, p.File, ref)
			}},
		},
		Jobs:    []sched.Job{{Name: "attachment.prune", Next: daily(s.Calendar, calendar.Clock(3, 40)), Run: func(ctx context.Context, _ time.Time) error { return s.Attachments.Prune(ctx) }}},
		Uploads: []Fallback{s.uploadFile}, Texts: []Fallback{s.forwarded},
	}
}

// fileArgs is what /附件 says: whose files, which file goes to it, or which makes
// a new lead.
type fileArgs struct {
	ref  crm.Ref
	file int64
	make bool
}

func parseFileArgs(rest string) (fileArgs, error) {
	words := strings.Fields(rest)
	var in fileArgs
	if len(words) == 0 || len(words) > 2 {
		return in, crm.Invalid("请写线索或客户的编号", "name the lead or account by its code").WithNext("例如 /附件 L-12", "for example /files L-12")
	}
	if len(words) == 2 {
		n, err := strconv.ParseInt(strings.TrimPrefix(words[1], "#"), 10, 64)
		if err != nil || n <= 0 {
			return in, crm.Invalid("附件号应为数字", "a file has a number")
		}
		in.file = n
	}
	if words[0] == "新建" || strings.EqualFold(words[0], "new") {
		if in.make = true; in.file == 0 {
			return in, crm.Invalid("请写附件号", "name the file by its number")
		}
		return in, nil
	}
	ref, err := crm.ParseRef(words[0])
	if err != nil || ref.Kind != crm.KindLead && ref.Kind != crm.KindAccount {
		return in, crm.Invalid("“"+clipText(words[0])+"”不是线索或客户的编号", "“"+clipText(words[0])+"” is no code of a lead or an account")
	}
	in.ref = ref
	return in, nil
}

func (h leadHandlers) files(ctx context.Context, a crm.Actor, _ bot.Call, in fileArgs) (bot.Reply, error) {
	switch {
	case in.make && !a.Is(poolReaders...):
		return bot.Reply{}, crm.Forbid(a, crm.Rep)
	case in.make:
		return h.newWithFile(ctx, a, in.file)
	case in.file != 0:
		return h.tieFile(ctx, a, in.file, in.ref)
	}
	list, total, err := h.Attachments.Of(ctx, a, in.ref)
	if err != nil {
		return bot.Reply{}, err
	}
	h.Talk.About(ctx, a.ID, in.ref, true)
	if total == 0 {
		return bot.Reply{}, crm.NotFound(in.ref.String()+" 没有附件", in.ref.String()+" has no files").WithNext("把图片或文件发给我即可添加", "send me a picture or a file to add one")
	}
	rep := bot.Reply{Private: true, Text: a.Lang.T(fmt.Sprintf("%s 的附件，共 %d 个", in.ref, total), fmt.Sprintf("the files of %s, %d in all", in.ref, total))}
	if total > len(list) {
		rep.Text += a.Lang.T(fmt.Sprintf("，发送最新 %d 个", len(list)), fmt.Sprintf("; the newest %d follow", len(list)))
	}
	for _, f := range list {
		rep.Files = append(rep.Files, bot.File{Name: f.Name, Data: f.Data})
	}
	return rep, nil
}

func (h leadHandlers) tieFile(ctx context.Context, a crm.Actor, file int64, ref crm.Ref) (bot.Reply, error) {
	if err := h.Attachments.Tie(ctx, a, file, ref); err != nil {
		return bot.Reply{}, err
	}
	h.Talk.About(ctx, a.ID, ref, true)
	text := a.Lang.T("附件已加到 "+ref.String(), "the file was added to "+ref.String())
	return bot.Reply{Text: text, Toast: text, ToastTone: bot.ToastSuccess, Private: true}, nil
}

// fileFor is the record that a file without a command is offered to: the one last
// talked about, as long as the actor may add to it.
func (s *Services) fileFor(ctx context.Context, a crm.Actor) (Talked, error) {
	t := s.Talk.Last(ctx, a.ID)
	if t.Ref == (crm.Ref{}) {
		return t, nil
	}
	ref, ok, err := s.Attachments.Takes(ctx, a, t.Ref)
	if err != nil || !ok {
		return Talked{}, err
	}
	t.Ref = ref
	return t, nil
}

// newWithFile opens the form for a new lead with what a text says filled in.
func (h leadHandlers) newWithFile(ctx context.Context, a crm.Actor, id int64) (bot.Reply, error) {
	f, data, err := h.Attachments.Kept(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if f.Ref.ID != 0 {
		return bot.Reply{}, crm.Conflict("", "这个附件已归属 "+f.Ref.String(), "this file belongs to "+f.Ref.String()+" already").WithNext("查看：/附件 "+f.Ref.String(), "look at it: /files "+f.Ref.String())
	}
	var in lead.Info
	if f.Mime == "text/plain" {
		in = lead.ReadMessage(string(data))
	}
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	return private(bot.Show(cards.LeadFormWith(h.frame(a), in, !a.Is(crm.Rep), sources, "", id), bot.View{})), nil
}

// uploadFile offers pictures and PDF files without a command to the record last
// talked about and to a new lead.
func (s *Services) uploadFile(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	if c.Req == nil || len(c.Req.Files) == 0 || !a.Is(poolReaders...) {
		return bot.Reply{}, bot.ErrUnhandled
	}
	for _, f := range c.Req.Files {
		if m := attachment.MimeOf(f.Data); m == "" || m == "text/plain" {
			return bot.Reply{}, bot.ErrUnhandled
		}
	}
	to, err := s.fileFor(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	var out bot.Reply
	for i, f := range c.Req.Files {
		kept, err := s.Attachments.Keep(ctx, a, f.Name, f.Data)
		if err != nil {
			return bot.Reply{}, err
		}
		rep := private(bot.Show(cards.FileOffer(a.Lang, kept, "", to.Ref), bot.View{}))
		if i == 0 {
			out = rep
		} else {
			out.Also = append(out.Also, rep)
		}
	}
	return out, nil
}

const (
	shortestMessage = 12
	longestMessage  = 4000
)

// forwarded offers a text that nothing else understood and that has a telephone
// number to a new lead: a forwarded message, a signature.
func (s *Services) forwarded(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	text := strings.TrimSpace(c.Rest)
	n := utf8.RuneCountInString(text)
	if c.Group() || !a.Is(poolReaders...) || n < shortestMessage || n > longestMessage || strings.HasPrefix(text, "/") || lead.ReadMessage(text).Phone == "" {
		return bot.Reply{}, bot.ErrUnhandled
	}
	kept, err := s.Attachments.Keep(ctx, a, a.Lang.T("消息.txt", "message.txt"), []byte(text))
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.FileOffer(a.Lang, kept, text, crm.Ref{}), bot.View{})), nil
}
