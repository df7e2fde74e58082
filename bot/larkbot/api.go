package larkbot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
)

// client calls the open API with a token of its own.
type client struct {
	base, id, secret string
	http             *http.Client
	now              func() time.Time

	mu    sync.Mutex
	token string
	until time.Time

	clock bot.Watch // the platform's
}

func newClient(o Options) *client {
	return &client{base: strings.TrimRight(o.BaseURL, "/"), id: o.AppID, secret: o.AppSecret, http: o.HTTP, now: time.Now}
}

// renewBefore is how long before its end a token is replaced. The platform
// hands out a new one during the last half hour, with the old one still valid.
const renewBefore = 5 * time.Minute

// maxAnswer bounds what is read of a JSON answer.
const maxAnswer = 4 << 20

// access is a valid token. Callers that come while one asks wait for it, so
// that a crowd asks once.
func (c *client) access(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.now().Before(c.until.Add(-renewBefore)) {
		return c.token, nil
	}
	var out struct {
		Code   int    `json:"code"`
		Token  string `json:"tenant_access_token"`
		Expire int    `json:"expire"`
	}
	body, err := json.Marshal(map[string]string{"app_id": c.id, "app_secret": c.secret})
	if err != nil {
		return "", err
	}
	const path = "/open-apis/auth/v3/tenant_access_token/internal"
	status, header, raw, err := c.do(ctx, http.MethodPost, c.base+path, "", "application/json; charset=utf-8", body)
	if err == nil {
		err = decode("POST "+path, status, header, raw, &out)
	}
	if err != nil {
		if c.token != "" && c.now().Before(c.until) {
			return c.token, nil // the old one still serves
		}
		return "", fmt.Errorf("lark token: %w", err)
	}
	c.token, c.until = out.Token, c.now().Add(time.Duration(out.Expire)*time.Second)
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

// call calls an API with a JSON body (nil: none) and decodes `data` into out
// (nil: ignored). The error is an *Error when the platform refused.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, out any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = encode(body); err != nil {
			return err
		}
	}
	return c.send(ctx, method, path, query, "application/json; charset=utf-8", raw, func(raw []byte) error {
		if out == nil {
			return nil
		}
		var env struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(raw, &env); err != nil || len(env.Data) == 0 {
			return err
		}
		return json.Unmarshal(env.Data, out)
	})
}

// send calls an API with a body of any type and gives the JSON answer to read.
// A token that the platform refuses is replaced at once, one time.
func (c *client) send(ctx context.Context, method, path string, query url.Values, contentType string, body []byte, read func(raw []byte) error) error {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	for again := true; ; again = false {
		token, err := c.access(ctx)
		if err != nil {
			return err
		}
		status, header, raw, err := c.do(ctx, method, target, token, contentType, body)
		if err != nil {
			return err
		}
		err = decode(method+" "+path, status, header, raw, nil)
		if e := asError(err); e != nil && e.tokenRefused() && again {
			c.forget(token)
			continue
		}
		if err != nil {
			return err
		}
		return read(raw)
	}
}

func (c *client) do(ctx context.Context, method, target, token, contentType string, body []byte) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	c.clock.Look(resp.Header, sent, time.Now())
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, resp.Header, raw, err
}

// download reads a file of at most limit bytes, or limit+1 of a longer one.
func (c *client) download(ctx context.Context, path string, query url.Values, limit int) ([]byte, http.Header, error) {
	for again := true; ; again = false {
		token, err := c.access(ctx)
		if err != nil {
			return nil, nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+query.Encode(), nil)
		if err != nil {
			return nil, nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, nil, err
		}
		raw, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
		resp.Body.Close()
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode == http.StatusOK {
			return raw, resp.Header, nil
		}
		err = decode("GET "+path, resp.StatusCode, resp.Header, raw, nil)
		if e := asError(err); e != nil && e.tokenRefused() && again {
			c.forget(token)
			continue
		}
		if err == nil {
			err = &Error{API: "GET " + path, HTTP: resp.StatusCode}
		}
		return nil, nil, err
	}
}

// decode turns an answer into an error unless it says success, and reads it
// into out.
func decode(api string, status int, header http.Header, raw []byte, out any) error {
	var env struct {
		Code *int   `json:"code"`
		Msg  string `json:"msg"`
	}
	if err := json.Unmarshal(raw, &env); err != nil || env.Code == nil {
		// A page of some proxy, or nothing at all.
		return &Error{API: api, HTTP: status, Wait: reset(header)}
	}
	if *env.Code != 0 || status >= 400 {
		return newError(api, status, *env.Code, env.Msg, reset(header))
	}
	if out != nil {
		return json.Unmarshal(raw, out)
	}
	return nil
}

// maxReset bounds the seconds that an answer may ask to wait.
const maxReset = 3600

func reset(h http.Header) time.Duration {
	for _, k := range []string{"x-ogw-ratelimit-reset", "Retry-After"} {
		if n, err := strconv.Atoi(h.Get(k)); err == nil && n > 0 {
			return time.Duration(min(n, maxReset)) * time.Second
		}
	}
	return 0
}

// encode writes JSON without escaping < and >, which would count against the
// size of a card.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
