package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"crmbot/internal/crm"
)

// Path is where requests go.
const Path = "/intake/leads"

// The headers of a signed request, and of one that may come twice.
const (
	HeaderSource      = "X-Crmbot-Source"
	HeaderTimestamp   = "X-Crmbot-Timestamp"
	HeaderSignature   = "X-Crmbot-Signature"
	HeaderIdempotency = "Idempotency-Key"
)

// Limits per address of a sender. Requests without a good key are bounded too,
// so that nobody can try keys; a form has people behind it, who send few.
const (
	perAddress     = 120 // requests per minute
	perFormAddress = 6   // forms per minute
)

// Handler serves Path and leaves everything else to next.
func (s *Service) Handler(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(Path, s.serve)
	mux.Handle("/", next)
	return mux
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Add("Vary", "Origin")
	open, err := s.anySource(r)
	if err != nil {
		fail(w, r, err)
		return
	}
	if len(open) == 0 {
		http.NotFound(w, r)
		return
	}
	if p := s.slowDown(w, r, "intake:addr:"+addressOf(r), perAddress); p != nil {
		fail(w, r, p)
		return
	}
	origin := strings.ToLower(r.Header.Get("Origin"))
	page := slices.ContainsFunc(open, func(x Source) bool { return x.Open() && x.Allows(origin) })
	if page { // a refusal can be read by the page too
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	switch {
	case r.Method == http.MethodOptions:
		preflight(w, page)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST, OPTIONS")
		fail(w, r, bad(405, "method", "", "只接受 POST", "only POST is served"))
	default:
		receipt, err := s.take(w, r, origin)
		if err != nil {
			fail(w, r, err)
			return
		}
		answer(w, 201, map[string]any{"code": receipt, "status": "accepted"})
	}
}

// preflight answers a browser that asks before it sends.
func preflight(w http.ResponseWriter, page bool) {
	if page {
		w.Header().Set("Access-Control-Allow-Methods", "POST")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Authorization, Idempotency-Key")
		w.Header().Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Service) anySource(r *http.Request) ([]Source, error) { return s.d.Store.Sources(r.Context()) }

// take reads, checks and accepts one request.
func (s *Service) take(w http.ResponseWriter, r *http.Request, origin string) (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return "", bad(413, "too_large", "", "请求体太大，最多 32 KB", "the body is too large: at most 32 KB")
	case err != nil:
		return "", bad(400, "bad_body", "", "请求体没有传完", "the body did not arrive whole")
	case !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0:
		return "", bad(400, "bad_body", "", "请求体不是 UTF-8 文本", "the body is not UTF-8 text")
	}
	parse, p := parserOf(r)
	if p != nil {
		return "", p
	}
	src, signature, fields, err := s.who(r, body, parse)
	if err != nil {
		return "", err
	}
	if p := s.admit(w, r, src, origin); p != nil {
		return "", p
	}
	if src.Mode == Form && strings.TrimSpace(fields[Trap]) != "" {
		slog.InfoContext(r.Context(), "intake: a machine filled in the trap", "source", int64(src.ID))
		return ulid.Make().String(), nil // it learns nothing
	}
	in, p := info(src, fields)
	if p != nil {
		return "", p
	}
	key := r.Header.Get(HeaderIdempotency)
	if len(key) > 200 || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", bad(400, "bad_idempotency_key", "", "Idempotency-Key 应为不超过 200 个可见的 ASCII 字符", "an Idempotency-Key is at most 200 visible ASCII characters")
	}
	q, err := s.Accept(r.Context(), src, Submission{Info: in, Idempotency: key, Signature: signature, Body: body})
	switch {
	case errors.Is(err, errReused):
		return "", bad(409, "idempotency_conflict", "", "这个 Idempotency-Key 已用于另一个请求", "this Idempotency-Key was used for another request")
	case errors.Is(err, errReplayed):
		return "", bad(401, "replayed", "", "这个签名已经用过，请用新的时间戳重新签名", "this signature was used before; sign again with a new timestamp")
	case err != nil:
		return "", err
	}
	slog.InfoContext(r.Context(), "intake: taken", "source", int64(src.ID), "receipt", q.Receipt)
	return q.Receipt, nil
}

type parser func(body []byte) (map[string]string, *problem)

func parserOf(r *http.Request) (parser, *problem) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if cs := params["charset"]; err == nil && (cs == "" || strings.EqualFold(cs, "utf-8")) {
		switch kind {
		case "application/json":
			return parseJSON, nil
		case "application/x-www-form-urlencoded":
			return parseForm, nil
		}
	}
	return nil, bad(415, "content_type", "", "只接受 application/json 或 application/x-www-form-urlencoded，编码 UTF-8", "only application/json and application/x-www-form-urlencoded in UTF-8 are taken")
}

// who finds the source by its key or signature. One answer for every way to be
// wrong: it does not say which sources there are. Only after that is the body
// read.
func (s *Service) who(r *http.Request, body []byte, parse parser) (Source, string, map[string]string, error) {
	nobody := bad(401, "unauthorized", "", "密钥或签名不对", "the key or the signature is not right")
	if sig := r.Header.Get(HeaderSignature); sig != "" {
		id, _ := strconv.ParseInt(r.Header.Get(HeaderSource), 10, 64)
		src, err := s.found(r, SourceID(id))
		if err != nil {
			return src, "", nil, err
		}
		at := r.Header.Get(HeaderTimestamp)
		if src.Mode != Signed || src.Revoked || s.canSign() != nil || !signedBy(signingKey(s.d.Secret, src), at, body, sig) {
			return src, "", nil, nobody
		}
		if !fresh(at, s.d.Clock.Now()) {
			return src, "", nil, bad(401, "stale", "", "时间戳与服务器相差超过 5 分钟", "the timestamp is more than 5 minutes from the server's time")
		}
		fields, p := parse(body)
		if p != nil {
			return src, "", nil, p
		}
		return src, sig, fields, nil
	}
	key, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	fields, p := parse(body)
	if !given && p == nil {
		key = fields[KeyField]
	}
	src, err := s.found(r, sourceOfKey(key))
	if err != nil {
		return src, "", nil, err
	}
	if !src.fits(key) || src.Revoked || src.Mode == Signed || src.Mode == Bearer && !given {
		return src, "", nil, nobody
	}
	if p != nil {
		return src, "", nil, p
	}
	return src, "", fields, nil
}

// found is the source, or the zero one when there is none.
func (s *Service) found(r *http.Request, id SourceID) (Source, error) {
	if id == 0 {
		return Source{}, nil
	}
	src, err := s.d.Store.Source(r.Context(), id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return Source{}, nil
	}
	return src, err
}

// admit decides whether the source may send now, and from there.
func (s *Service) admit(w http.ResponseWriter, r *http.Request, src Source, origin string) error {
	switch {
	case !src.Enabled:
		return bad(403, "source_off", "", "这个来源已停用", "this source is switched off")
	case src.Mode == Form && !src.Allows(origin):
		return bad(403, "origin", "", "这个网页不在允许的来源里", "this page is not among the allowed origins")
	case src.Mode != Form && origin != "":
		return bad(403, "key_in_page", "", "这个密钥不能放在网页里，请新建网页表单来源", "this key must not be in a page; make a source for web forms")
	}
	if src.Mode == Form {
		if p := s.slowDown(w, r, "intake:form:"+strconv.FormatInt(int64(src.ID), 10)+":"+addressOf(r), perFormAddress); p != nil {
			return p
		}
	}
	if p := s.slowDown(w, r, "intake:source:"+strconv.FormatInt(int64(src.ID), 10), src.PerMinute); p != nil {
		return p
	}
	return nil
}

// slowDown takes a token of the bucket, which holds a minute's requests.
func (s *Service) slowDown(w http.ResponseWriter, r *http.Request, bucket string, perMinute int) error {
	ok, wait, err := s.d.KV.Take(r.Context(), bucket, float64(perMinute)/60, perMinute, 1)
	if err != nil {
		return &crm.Error{Code: crm.CodeUnavailable, Cause: err, Text: crm.Text{Zh: "系统繁忙，没有收下", En: "the system is busy and nothing was taken"}, Next: crm.Text{Zh: "请稍后重试", En: "please try again in a moment"}}
	}
	if ok {
		return nil
	}
	secs := max(1, int(math.Ceil(wait.Seconds())))
	w.Header().Set("Retry-After", strconv.Itoa(secs))
	return bad(429, "too_many", "", "请求太多，请 "+strconv.Itoa(secs)+" 秒后再试", "too many requests; try again in "+strconv.Itoa(secs)+" seconds")
}

// addressOf is the sender's address, hashed. A connection from a private address
// is a proxy of our own, which puts the address of who connected to it last. An
// IPv6 sender is its network: a household has all of its addresses.
func addressOf(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return hashOf(r.RemoteAddr)
	}
	a := peer.Addr().Unmap()
	if a.IsLoopback() || a.IsPrivate() {
		via := r.Header.Values("X-Forwarded-For")
		last := strings.Split(strings.Join(via, ","), ",")
		if x, err := netip.ParseAddr(strings.TrimSpace(last[len(last)-1])); err == nil {
			a = x.Unmap()
		}
	}
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	return hashOf(a.String())
}

// fail answers with what went wrong, in the form that docs/intake.md describes.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	if !errors.As(err, &p) {
		p = problemOf(err)
		if p.status >= 500 {
			slog.ErrorContext(r.Context(), "intake: not taken", "err", err)
			w.Header().Set("Retry-After", "5")
		}
	}
	answer(w, p.status, map[string]any{"error": p.code, "rule": p.err.Rule, "field": p.field,
		"message": map[string]string{"zh": p.err.Message(crm.Chinese), "en": p.err.Message(crm.English)}})
}

// problemOf is the answer to an error of a service. What a rule refuses is told
// by its name only where it says nothing about what is known.
func problemOf(err error) *problem {
	var e *crm.Error
	if errors.As(err, &e) {
		switch e.Code {
		case crm.CodeInvalid, crm.CodeRefused:
			if e.Rule != "DU-01" && e.Rule != "DU-02" {
				return &problem{422, string(e.Code), "", e}
			}
		case crm.CodeUnavailable:
			return &problem{503, string(e.Code), "", e}
		}
	}
	if errors.Is(err, errAgain) {
		return &problem{503, string(crm.CodeUnavailable), "", crm.Invalid("系统繁忙，没有收下，请稍后重试", "the system is busy and nothing was taken; please try again")}
	}
	e = crm.Internal(err)
	e.Text = crm.Text{Zh: "系统出错，没有收下，请稍后重试", En: "something went wrong and nothing was taken; please try again later"}
	return &problem{500, string(crm.CodeInternal), "", e}
}

// writeWithin bounds how long an answer may take to be read.
const writeWithin = 10 * time.Second

func answer(w http.ResponseWriter, status int, v any) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeWithin)) // not every writer has one
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // nobody is left to tell
}
