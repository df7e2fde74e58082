package bot

import (
	"context"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// Limits bound what one person may send.
type Limits struct {
	// MaxText is the longest message in characters.
	MaxText int
	// MaxFile is the largest file in bytes, MaxFiles how many at once.
	MaxFile, MaxFiles int
	// MaxTotal is how many bytes all files of one message may have; zero: not
	// bounded.
	MaxTotal int
	// PerSecond and Burst are the request rate of one person.
	PerSecond float64
	Burst     int
}

// DefaultLimits suit people; scripts and load tests set their own.
var DefaultLimits = Limits{MaxText: 4000, MaxFile: 20 << 20, MaxFiles: 5, MaxTotal: 40 << 20, PerSecond: 5, Burst: 40}

// Limit refuses what is too long, too big or too fast, with the numbers.
func Limit(store kv.Store, l Limits) Middleware { return (&Gate{KV: store, Limits: l}).Limit }

// Gate is the limits of one person and the state that replicas share for them.
type Gate struct {
	KV     kv.Store
	Limits Limits
}

// Limit is the middleware. What Admit decided about a request is not decided
// again.
func (g *Gate) Limit(next Handler) Handler {
	return func(ctx context.Context, req *Req) Reply {
		if req.admitted == nil {
			req.admitted = g.admit(ctx, req)
		}
		if rep := req.admitted.refusal; rep != nil {
			return *rep
		}
		if rep := g.tooBig(req); rep != nil {
			return *rep
		}
		if rep := g.tooLong(req); rep != nil {
			return *rep
		}
		return next(ctx, req)
	}
}

// admit decides by what is known before files are fetched; it takes a place in
// the person's rate.
func (g *Gate) admit(ctx context.Context, req *Req) *admission {
	l := g.Limits
	if n := utf8.RuneCountInString(req.Text); n > l.MaxText {
		return no(refuse(req, fmt.Sprintf("消息有 %d 字，最多 %d 字；没有保存", n, l.MaxText), fmt.Sprintf("the message has %d characters, at most %d are allowed; nothing was saved", n, l.MaxText),
			"请分几条发送", "please send it in parts"))
	}
	if rep := g.tooLong(req); rep != nil {
		return no(*rep)
	}
	if n := len(req.Files) + req.Unfetched; n > l.MaxFiles {
		return no(refuse(req, fmt.Sprintf("一次最多 %d 个文件，收到 %d 个", l.MaxFiles, n), fmt.Sprintf("at most %d files at once, got %d", l.MaxFiles, n), "请分次发送", "please send them in turns"))
	}
	if rep := g.tooBig(req); rep != nil {
		return no(*rep)
	}
	if l.PerSecond <= 0 {
		return &admission{}
	}
	ok, wait, err := g.KV.Take(ctx, "rate:"+req.Platform+":"+req.From, l.PerSecond, l.Burst, 1)
	if err != nil {
		slog.WarnContext(ctx, "rate limit unavailable", "err", err)
	} else if !ok {
		s := int(wait/time.Second) + 1
		return no(refuse(req, "操作太快了", "that was too fast", fmt.Sprintf("请 %d 秒后再试", s), fmt.Sprintf("please try again in %d s", s)))
	}
	return &admission{}
}

// tooBig refuses files by their size; nil: they are not too big.
func (g *Gate) tooBig(req *Req) *Reply {
	l, total := g.Limits, 0
	for _, f := range req.Files {
		total += len(f.Data)
		if len(f.Data) > l.MaxFile {
			rep := refuse(req, fmt.Sprintf("文件有 %d MB，最大 %d MB；没有导入", megabytes(len(f.Data)), l.MaxFile>>20), fmt.Sprintf("the file has %d MB, the limit is %d MB; nothing was imported", megabytes(len(f.Data)), l.MaxFile>>20),
				"请拆分后再发送，或由管理员用命令行导入", "please split it, or let an administrator import it from the command line")
			return &rep
		}
	}
	if l.MaxTotal <= 0 || total <= l.MaxTotal {
		return nil
	}
	rep := refuse(req, fmt.Sprintf("一条消息的文件共超过 %d MB；没有保存", l.MaxTotal>>20), fmt.Sprintf("the files of one message have more than %d MB together; nothing was saved", l.MaxTotal>>20),
		"请分次发送", "please send them in turns")
	return &rep
}

func megabytes(n int) int { return (n + 1<<20 - 1) >> 20 }

// maxPayload bounds what a pressed control may carry beside its form, in
// bytes. Cards themselves are smaller than this.
const maxPayload = 32 << 10

// tooLong refuses a press that carries more than a card can: text that comes
// through a form or a payload is bounded like text that is typed.
func (g *Gate) tooLong(req *Req) *Reply {
	if req.Action == nil {
		return nil
	}
	l, n := g.Limits, 0
	for _, vs := range req.Action.Values {
		for _, v := range vs {
			n += utf8.RuneCountInString(v)
		}
	}
	if n <= l.MaxText && len(req.Action.Payload) <= maxPayload {
		return nil
	}
	rep := refuse(req, fmt.Sprintf("表单共有 %d 字，最多 %d 字；没有保存", n, l.MaxText), fmt.Sprintf("the form has %d characters, at most %d are allowed; nothing was saved", n, l.MaxText),
		"请缩短后再提交", "please shorten it and submit again")
	return &rep
}

func refuse(req *Req, zh, en, nextZh, nextEn string) Reply {
	return answer(req, &crm.Error{Code: crm.CodeTooMany, Text: crm.Text{Zh: zh, En: en}, Next: crm.Text{Zh: nextZh, En: nextEn}}, false)
}

// answer is how a middleware says no: a toast for a press, text otherwise.
func answer(req *Req, err error, transient bool) Reply {
	msg := crm.MessageOf(err, req.Lang)
	rep := Reply{Text: msg, transient: transient, err: err}
	if req.Kind == Press {
		rep.Text, rep.Toast, rep.ToastTone = "", msg, ToastError
	}
	return rep
}
