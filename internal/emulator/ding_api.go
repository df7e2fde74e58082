package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// DingError is the platform's refusal: in words by the new API, as a number in
// an answer with status 200 by the old one.
type DingError struct {
	Status  int // HTTP status of the new API, zero means 400
	Code    string
	Errcode int
	Msg     string
	// Scopes are the permissions that are missing.
	Scopes []string
	// SubCode stands beside Errcode in answers of the old API.
	SubCode string
}

func dingBad(code, msg string) *DingError { return &DingError{Code: code, Errcode: 40035, Msg: msg} }

// dingCall is one request to an API.
type dingCall struct {
	r    *http.Request
	body []byte
	now  time.Time
}

type dingFunc func(c *dingCall) (any, *DingError)

// What a route is.
const (
	dingNew     = 1 << iota // the new API, else the old one
	dingAuth                // needs an access token
	dingCounted             // costs a call of the monthly quota
)

const maxDingBody = 25 << 20

// api wraps an API: log, faults, token, limits, quota and the form of answers.
func (d *Ding) api(flags int, fn dingFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDingBody))
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		rec := Call{At: d.opt.Clock.Now(), API: r.Method + " " + r.URL.Path, Query: r.URL.Query(), Body: body, Status: http.StatusOK}
		defer func() { d.add(rec) }()
		d.date(w.Header())
		c := &dingCall{r: r, body: body, now: rec.At}
		f, hit := d.take(rec.API)
		if hit && f.Done {
			if e := d.admit(c, flags); e == nil {
				_, _ = fn(c)
			}
		}
		if hit && !d.misbehave(w, flags, f, &rec) {
			return
		}
		e := d.admit(c, flags)
		var out any
		if e == nil {
			out, e = fn(c)
		}
		if e != nil {
			dingRefuse(w, flags, e, &rec)
			return
		}
		writeJSON(w, http.StatusOK, out)
	}
}

// misbehave plays a fault; it reports whether the request goes on.
func (d *Ding) misbehave(w http.ResponseWriter, flags int, f Fault, rec *Call) bool {
	switch f.Kind {
	case Slow:
		return d.pause(f.Wait)
	case Throttled:
		dingRefuse(w, flags, dingThrottled(), rec)
	case Broken:
		rec.Status = http.StatusBadGateway
		w.WriteHeader(rec.Status)
	case HTMLPage:
		rec.Status = http.StatusForbidden
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(rec.Status)
		io.WriteString(w, `<!doctype html><html><body><script>punish("deny")</script></body></html>`)
	case ExpiredToken:
		d.ExpireTokens()
		return true
	case Refused:
		dingRefuse(w, flags, &DingError{Status: f.Code, Code: f.Message, Errcode: f.Code, Msg: f.Message}, rec)
	case Cut:
		rec.Status = 0
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	}
	return false
}

func dingThrottled() *DingError {
	return &DingError{Status: http.StatusForbidden, Code: "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", Errcode: 90018, Msg: "您的服务器调用该接口过于频繁"}
}

func dingRefuse(w http.ResponseWriter, flags int, e *DingError, rec *Call) {
	rec.Code = e.Errcode
	if flags&dingNew == 0 {
		out := map[string]any{"errcode": e.Errcode, "errmsg": e.Msg, "request_id": "req1"}
		if e.SubCode != "" {
			out["sub_code"], out["sub_msg"] = e.SubCode, e.Msg
			out["errmsg"] = "ding talk error[subcode=" + e.SubCode + ",submsg=" + e.Msg + "]"
		}
		writeJSON(w, http.StatusOK, out)
		return
	}
	status := e.Status
	if status < 400 {
		status = http.StatusBadRequest
	}
	rec.Status, rec.Code = status, max(rec.Code, 1)
	out := map[string]any{"code": e.Code, "message": e.Msg, "requestid": "E0000000-0000-0000-0000-000000000000"}
	if len(e.Scopes) > 0 {
		out["accessdenieddetail"] = map[string]any{"requiredScopes": e.Scopes}
	}
	writeJSON(w, status, out)
}

// dingPerSecond is the limit of one app on one API (dingtalk.md §5.1).
const dingPerSecond = 20

// admit checks the token, the app's rate limit and the quota.
func (d *Ding) admit(c *dingCall, flags int) *DingError {
	d.mu.Lock()
	defer d.mu.Unlock()
	if flags&dingAuth != 0 {
		token := c.r.Header.Get("x-acs-dingtalk-access-token")
		if flags&dingNew == 0 {
			token = c.r.URL.Query().Get("access_token")
		}
		if until, ok := d.tokens[token]; !ok || !c.now.Before(until) {
			return &DingError{Status: http.StatusBadRequest, Code: "InvalidAuthentication", Errcode: 40014, Msg: "不合法的access_token"}
		}
	}
	if e := d.permitted(c, flags); e != nil {
		return e
	}
	if !d.opt.NoLimits && flags&dingAuth != 0 {
		key := c.r.Pattern
		w := d.limits[key]
		if w == nil {
			w = &window{limit: dingPerSecond, per: time.Second}
			d.limits[key] = w
		}
		if _, ok := w.allow(c.now); !ok {
			return dingThrottled()
		}
	}
	if flags&dingCounted != 0 && !d.spend("api", d.opt.QuotaAPI) {
		return &DingError{Status: http.StatusForbidden, Code: "Forbidden.AccessDenied.ApiCountLimitForOrg", Errcode: 90020, Msg: "企业的API调用量已达上限"}
	}
	return nil
}

func (d *Ding) token(c *dingCall) (any, *DingError) {
	var in struct{ AppKey, AppSecret string }
	if json.Unmarshal(c.body, &in) != nil || in.AppKey != d.opt.ClientID || in.AppSecret != d.opt.ClientSecret {
		return nil, dingBad("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for t, until := range d.tokens {
		if left := until.Sub(c.now); left > 0 {
			return map[string]any{"accessToken": t, "expireIn": int(left.Seconds())}, nil
		}
	}
	t := fmt.Sprintf("%s-%d", d.next("token"), c.now.UnixNano())
	d.tokens[t] = c.now.Add(2 * time.Hour)
	return map[string]any{"accessToken": t, "expireIn": 7200}, nil
}
