package dingbot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
)

// client calls the two open APIs with a token of its own.
type client struct {
	api, oapi, id, secret string
	http                  *http.Client
	now                   func() time.Time
	limit                 *limiter
	quota                 *quota

	mu    sync.Mutex
	token string
	until time.Time

	clock bot.Watch // the platform's
}

func newClient(o Options, l *limiter, q *quota) *client {
	return &client{api: o.APIURL, oapi: o.OAPIURL, id: o.ClientID, secret: o.ClientSecret, http: o.HTTP, now: time.Now, limit: l, quota: q}
}

// renewBefore is how long before its end a token is asked for again; until then
// the platform hands out the same one.
const renewBefore = 5 * time.Minute

// maxAnswer bounds what is read of a JSON answer.
const maxAnswer = 4 << 20

// request is one call. The zero values of its flags are those of most calls.
type request struct {
	method, path string
	// old calls the old API: the token travels in the query and failures come with
	// status 200.
	old   bool
	query url.Values
	body  any
	// raw and contentType replace the JSON body.
	raw         []byte
	contentType string
	// free calls cost nothing of the monthly quota.
	free bool
}

func (r request) name() string { return r.method + " " + r.path }

// access is a valid token. Callers that come while one asks wait for it, so
// that a crowd asks once.
func (c *client) access(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.now().Before(c.until.Add(-renewBefore)) {
		return c.token, nil
	}
	var out struct {
		Token  string `json:"accessToken"`
		Expire number `json:"expireIn"`
	}
	body, err := encode(map[string]string{"appKey": c.id, "appSecret": c.secret})
	if err != nil {
		return "", err
	}
	const path = "/v1.0/oauth2/accessToken"
	status, raw, err := c.do(ctx, http.MethodPost, c.api+path, "", jsonType, body)
	if err == nil {
		err = decode(request{method: http.MethodPost, path: path}, status, raw, &out)
	}
	if err == nil && out.Token == "" {
		err = errors.New("dingtalk: an answer without a token")
	}
	if err != nil {
		if c.token != "" && c.now().Before(c.until) {
			return c.token, nil // the old one still serves
		}
		return "", fmt.Errorf("dingtalk token: %w", err)
	}
	c.token, c.until = out.Token, c.now().Add(max(time.Duration(out.Expire), 0)*time.Second)
	return c.token, nil
}

// forget drops a token that the platform refused, unless it was replaced
// meanwhile.
func (c *client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

const jsonType = "application/json; charset=utf-8"

// call calls an API within the app's rate and decodes the answer into out (nil:
// ignored). A token that the platform refuses is replaced at once, one time.
// The error is an *Error when the platform refused.
func (c *client) call(ctx context.Context, r request, out any) error {
	body, kind := r.raw, r.contentType
	if r.raw == nil {
		var err error
		if body, err = encode(r.body); err != nil {
			return err
		}
		kind = jsonType
	}
	for again := true; ; again = false {
		token, err := c.access(ctx)
		if err != nil {
			return err
		}
		leave, err := c.limit.take(ctx, r.path)
		if err != nil {
			return err
		}
		target := c.api + r.path
		if r.old {
			q := url.Values{"access_token": {token}}
			for k, v := range r.query {
				q[k] = v
			}
			target = c.oapi + r.path + "?" + q.Encode()
		}
		header := token
		if r.old {
			header = ""
		}
		status, raw, err := c.do(ctx, r.method, target, header, kind, body)
		leave()
		if err == nil {
			err = decode(r, status, raw, out)
		}
		e := asError(err)
		if !r.free && (e == nil || e.verdict() != throttled && e.verdict() != badToken) {
			c.quota.add(quotaAPI, 1)
		}
		if e != nil && e.verdict() == badToken && again {
			c.forget(token)
			continue
		}
		return err
	}
}

// hook posts a body to a session webhook.
func (c *client) hook(ctx context.Context, target string, body []byte) error {
	status, raw, err := c.do(ctx, http.MethodPost, target, "", jsonType, body)
	c.quota.add(quotaStream, 1)
	if err != nil {
		return err
	}
	return decode(request{method: http.MethodPost, path: hookPath, old: true}, status, raw, nil)
}

// do sends one request. The error says nothing about the address, in which the
// token of the old API travels.
func (c *client) do(ctx context.Context, method, target, token, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("dingtalk: bad address")
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("x-acs-dingtalk-access-token", token)
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, bare(err)
	}
	defer resp.Body.Close()
	c.clock.Look(resp.Header, sent, time.Now())
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, raw, bare(err)
}

// bare is a transport error without the address.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("dingtalk: %s: %w", strings.ToLower(u.Op), u.Err)
	}
	return err
}

// decode turns an answer into an error unless it says success, and reads it
// into out.
func decode(r request, status int, raw []byte, out any) error {
	var env struct {
		Code    json.RawMessage `json:"code"`
		Errcode *number         `json:"errcode"`
		SubCode text            `json:"sub_code"`
		SubMsg  text            `json:"sub_msg"`
		ErrMsg  text            `json:"errmsg"`
		Denied  struct {
			Scopes []string `json:"requiredScopes"`
		} `json:"accessdenieddetail"`
		// What the guard in front of the APIs says to whom it blocks.
		Status number `json:"status"`
		Wait   number `json:"wait"`
		Punish text   `json:"punish"`
	}
	e := &Error{API: r.name(), HTTP: status}
	if err := json.Unmarshal(raw, &env); err != nil {
		return e // a page of some proxy, or nothing at all
	}
	switch {
	case env.Punish != "" || env.Status == 1111:
		e.Code, e.Wait = "1111", time.Duration(min(max(env.Wait, 1), 300))*time.Second
		return e
	case r.old && env.Errcode == nil:
		return e
	case env.Errcode != nil && *env.Errcode != 0:
		e.Code = strconv.FormatInt(int64(*env.Errcode), 10)
		if _, known := verdicts[string(env.SubCode)]; e.Code == "88" && known {
			e.Code = string(env.SubCode)
		}
		if e.Code == "88" || e.Code == noScope {
			e.Scopes = scopesIn(string(env.SubMsg) + " " + string(env.ErrMsg))
		}
		return e
	case status >= 400:
		e.Code, e.Scopes = string(asText(env.Code)), env.Denied.Scopes
		return e
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			return e
		}
	}
	return nil
}

// scopeName is a permission as refusals of the old API name it in their text.
var scopeName = regexp.MustCompile(`qyapi_[a-z0-9_]+|\b[A-Z][A-Za-z]+\.[A-Z][A-Za-z]+\.(?:Read|Write|All)\b`)

// scopesIn are the permissions that a text names, each once.
func scopesIn(s string) []string {
	var out []string
	for _, name := range scopeName.FindAllString(s, -1) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// encode writes JSON without escaping < and >, which would count against the
// size of a message.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode for dingtalk: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
