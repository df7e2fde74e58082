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
	// PerSecond and Burst are the request rate of one person.
	PerSecond float64
	Burst     int
}

// DefaultLimits suit people; scripts and load tests set their own.
var DefaultLimits = Limits{MaxText: 4000, MaxFile: 20 << 20, MaxFiles: 5, PerSecond: 5, Burst: 40}

// Limit refuses what is too long, too big or too fast, with the numbers.
func Limit(store kv.Store, l Limits) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Req) Reply {
			if n := utf8.RuneCountInString(req.Text); n > l.MaxText {
				return refuse(req, fmt.Sprintf("消息有 %d 字，最多 %d 字；没有保存", n, l.MaxText), fmt.Sprintf("the message has %d characters, at most %d are allowed; nothing was saved", n, l.MaxText),
					"请分几条发送", "please send it in parts")
			}
			if rep, ok := tooLong(req, l); ok {
				return rep
			}
			if len(req.Files) > l.MaxFiles {
				return refuse(req, fmt.Sprintf("一次最多 %d 个文件，收到 %d 个", l.MaxFiles, len(req.Files)), fmt.Sprintf("at most %d files at once, got %d", l.MaxFiles, len(req.Files)), "请分次发送", "please send them in turns")
			}
			for _, f := range req.Files {
				if len(f.Data) > l.MaxFile {
					return refuse(req, fmt.Sprintf("文件有 %d MB，最大 %d MB；没有导入", (len(f.Data)+1<<20-1)>>20, l.MaxFile>>20), fmt.Sprintf("the file has %d MB, the limit is %d MB; nothing was imported", (len(f.Data)+1<<20-1)>>20, l.MaxFile>>20),
						"请拆分后再发送，或由管理员用命令行导入", "please split it, or let an administrator import it from the command line")
				}
			}
			if l.PerSecond > 0 {
				ok, wait, err := store.Take(ctx, "rate:"+req.Platform+":"+req.From, l.PerSecond, l.Burst, 1)
				if err != nil {
					slog.WarnContext(ctx, "rate limit unavailable", "err", err)
				} else if !ok {
					s := int(wait/time.Second) + 1
					return refuse(req, "操作太快了", "that was too fast", fmt.Sprintf("请 %d 秒后再试", s), fmt.Sprintf("please try again in %d s", s))
				}
			}
			return next(ctx, req)
		}
	}
}

// maxPayload bounds what a pressed control may carry beside its form, in
// bytes. Cards themselves are smaller than this.
const maxPayload = 32 << 10

// tooLong refuses a press that carries more than a card can: text that comes
// through a form or a payload is bounded like text that is typed.
func tooLong(req *Req, l Limits) (Reply, bool) {
	if req.Action == nil {
		return Reply{}, false
	}
	n := 0
	for _, vs := range req.Action.Values {
		for _, v := range vs {
			n += utf8.RuneCountInString(v)
		}
	}
	if n <= l.MaxText && len(req.Action.Payload) <= maxPayload {
		return Reply{}, false
	}
	return refuse(req, fmt.Sprintf("表单共有 %d 字，最多 %d 字；没有保存", n, l.MaxText), fmt.Sprintf("the form has %d characters, at most %d are allowed; nothing was saved", n, l.MaxText),
		"请缩短后再提交", "please shorten it and submit again"), true
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
