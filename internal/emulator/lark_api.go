package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// LarkError is the platform's refusal of a request.
type LarkError struct {
	Status int // HTTP status, zero means 400
	Code   int
	Msg    string
	// Wait is sent as x-ogw-ratelimit-reset.
	Wait time.Duration
	// Scopes are permissions of which the app lacks every one.
	Scopes []string
}

// larkCall is one request to an API.
type larkCall struct {
	r    *http.Request
	body []byte
	now  time.Time
	raw  func(w http.ResponseWriter) // answer that is no JSON
	top  map[string]any              // answer whose fields stand beside code, not in data
}

const maxLarkBody = 40 << 20

// api wraps an API: log, faults, token, rate limits and the form of answers.
func (l *Lark) api(auth bool, fn func(c *larkCall) (any, *LarkError)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLarkBody))
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		rec := Call{At: l.opt.Clock.Now(), API: r.Method + " " + r.URL.Path, Query: r.URL.Query(), Body: body, Status: http.StatusOK}
		defer func() { l.add(rec) }()
		l.date(w.Header())
		c := &larkCall{r: r, body: body, now: rec.At}
		f, hit := l.take(rec.API)
		if hit && f.Done {
			if e := l.admit(c, auth); e == nil {
				_, _ = fn(c)
			}
		}
		if hit && !l.misbehave(w, f, &rec) {
			return
		}
		e := l.admit(c, auth)
		var data any
		if e == nil {
			data, e = fn(c)
		}
		if e != nil {
			refuse(w, e, &rec)
			return
		}
		if c.raw != nil {
			c.raw(w)
			return
		}
		out := map[string]any{"code": 0, "msg": "success"}
		if data != nil {
			out["data"] = data
		}
		for k, v := range c.top {
			out[k] = v
		}
		writeJSON(w, http.StatusOK, out)
	}
}

// misbehave plays a fault; it reports whether the request goes on.
func (l *Lark) misbehave(w http.ResponseWriter, f Fault, rec *Call) bool {
	switch f.Kind {
	case Slow:
		return l.pause(f.Wait)
	case Throttled:
		refuse(w, &LarkError{Status: http.StatusTooManyRequests, Code: 99991400, Msg: "request trigger frequency limit", Wait: f.Wait}, rec)
	case Broken:
		rec.Status = http.StatusBadGateway
		w.WriteHeader(rec.Status)
	case HTMLPage:
		rec.Status = http.StatusServiceUnavailable
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(rec.Status)
		io.WriteString(w, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
	case ExpiredToken:
		l.ExpireTokens()
		return true
	case Refused:
		refuse(w, &LarkError{Code: f.Code, Msg: f.Message, Wait: f.Wait}, rec)
	case Cut:
		rec.Status = 0
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	}
	return false
}

func refuse(w http.ResponseWriter, e *LarkError, rec *Call) {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	rec.Status, rec.Code = status, e.Code
	if e.Wait > 0 {
		w.Header().Set("x-ogw-ratelimit-limit", "1000")
		w.Header().Set("x-ogw-ratelimit-reset", strconv.Itoa(int((e.Wait+time.Second-1)/time.Second)))
	}
	more := map[string]any{"log_id": "20261123000000ABCDEF", "troubleshooter": "https://open.feishu.cn/search?log_id=20261123000000ABCDEF"}
	if len(e.Scopes) > 0 {
		list := []map[string]string{}
		for _, s := range e.Scopes {
			list = append(list, map[string]string{"type": "action_scope_required", "subject": s})
		}
		more["permission_violations"] = list
	}
	writeJSON(w, status, map[string]any{"code": e.Code, "msg": e.Msg, "error": more})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// The platform's limits for one app and API (lark.md §5.1).
const (
	larkPerMinute    = 1000
	larkPerSecond    = 50
	larkPerRecipient = 5
)

// admit checks the token and the app's rate limits.
func (l *Lark) admit(c *larkCall, auth bool) *LarkError {
	if !auth {
		return nil
	}
	token := strings.TrimPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	l.mu.Lock()
	defer l.mu.Unlock()
	if token == "" {
		return &LarkError{Code: 99991661, Msg: "Missing access token for authorization"}
	}
	if until, ok := l.tokens[token]; !ok || c.now.After(until) {
		return &LarkError{Code: 99991663, Msg: "Invalid access token for authorization. Please make a test attempt with the correct token"}
	}
	if e := l.permitted(c); e != nil {
		return e
	}
	name := c.r.Method + " " + c.r.Pattern
	for _, lim := range []struct {
		n   int
		per time.Duration
	}{{larkPerSecond, time.Second}, {larkPerMinute, time.Minute}} {
		if wait, ok := l.limit(fmt.Sprint(name, lim.per), lim.n, lim.per, c.now); !ok {
			return &LarkError{Status: http.StatusTooManyRequests, Code: 99991400, Msg: "request trigger frequency limit", Wait: wait}
		}
	}
	return nil
}

// limit takes a place of a rate limit; the caller holds the lock.
func (l *Lark) limit(key string, n int, per time.Duration, now time.Time) (time.Duration, bool) {
	if l.opt.NoLimits {
		return 0, true
	}
	w := l.limits[key]
	if w == nil {
		w = &window{limit: n, per: per}
		l.limits[key] = w
	}
	return w.allow(now)
}

func (l *Lark) token(c *larkCall) (any, *LarkError) {
	var in struct {
		AppID     string `json:"app_id"`
		AppSecret string `json:"app_secret"`
	}
	if json.Unmarshal(c.body, &in) != nil || in.AppID != l.opt.AppID || l.app().Elsewhere {
		return nil, &LarkError{Code: 10003, Msg: "invalid param"}
	}
	if in.AppSecret != l.opt.AppSecret {
		return nil, &LarkError{Status: http.StatusOK, Code: 10014, Msg: "app secret invalid"}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// The same token while it is valid for more than half an hour (§5.1).
	for t, until := range l.tokens {
		if left := until.Sub(c.now); left > 30*time.Minute {
			c.top = map[string]any{"tenant_access_token": t, "expire": int(left.Seconds())}
			return nil, nil
		}
	}
	t := l.next("t-")
	l.tokens[t] = c.now.Add(2 * time.Hour)
	c.top = map[string]any{"tenant_access_token": t, "expire": 7200}
	return nil, nil
}

func (l *Lark) tenant(*larkCall) (any, *LarkError) {
	return map[string]any{"tenant": map[string]any{"name": "Emulated", "tenant_key": l.opt.TenantKey}}, nil
}

func (l *Lark) chatInfo(c *larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	chat := l.chats[c.r.PathValue("id")]
	if chat == nil {
		return nil, &LarkError{Code: 232006, Msg: "Your request specifies a chat_id which is invalid."}
	}
	mode := "p2p"
	if chat.Group {
		mode = "group"
	}
	status := "normal"
	if chat.Gone {
		status = "dissolved"
	}
	speak := "all_members"
	if chat.Muted {
		speak = "only_owner"
	}
	return map[string]any{"name": chat.Title, "chat_mode": mode, "chat_status": status, "tenant_key": l.opt.TenantKey, "external": false, "moderation_permission": speak}, nil
}
