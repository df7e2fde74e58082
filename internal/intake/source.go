// Package intake takes leads in over HTTP: from forms of websites, from ad
// platforms and from other systems. Each of them is a source with a key, which an
// administrator makes, changes and revokes in the chat. What comes in becomes a
// lead through the same service as everything that people enter.
package intake

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// SourceID is the number of a source.
type SourceID int64

// KindSource is the kind of a source's ref. It is no code that people type; the
// ref keeps the cards about a source current.
const KindSource crm.Kind = "S"

// Ref names the source.
func (id SourceID) Ref() crm.Ref { return crm.Ref{Kind: KindSource, ID: int64(id)} }

// Mode is how a source shows who it is.
type Mode string

// The modes.
const (
	// Bearer sends its key with each request: servers and ad platforms.
	Bearer Mode = "bearer"
	// Signed signs each request with its key, which never travels.
	Signed Mode = "hmac"
	// Form is a page in a browser. Everybody can read its key, so that it proves
	// nothing; the page's origin, a trap and tight limits take its place.
	Form Mode = "form"
)

// Modes are all modes.
var Modes = []Mode{Form, Bearer, Signed}

// Name is the mode's word in the language.
func (m Mode) Name(l crm.Lang) string {
	switch m {
	case Bearer:
		return l.T("令牌", "bearer key")
	case Signed:
		return l.T("签名", "signature")
	case Form:
		return l.T("网页表单", "web form")
	}
	return string(m)
}

// ParseMode reads a mode as people write it.
func ParseMode(s string) (Mode, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "bearer", "令牌", "token":
		return Bearer, true
	case "hmac", "签名", "signature":
		return Signed, true
	case "form", "表单", "网页表单", "网页":
		return Form, true
	}
	return "", false
}

// Draft is what an administrator decides about a source.
type Draft struct {
	Name string
	// Channel becomes the source of its leads, Campaign their campaign unless the
	// request names another.
	Channel, Campaign string
	Mode              Mode
	// Origins are the pages that may send: "https://www.example.com". Only for
	// forms.
	Origins []string
	// PerMinute is how many requests are taken in a minute; zero: the default.
	PerMinute int
}

// Source is somewhere that leads come from.
type Source struct {
	ID SourceID
	Draft
	// Enabled is off while it is paused; Revoked is for ever.
	Enabled, Revoked bool
	// KeyHash is the SHA-256 of the key, in hex; empty for signatures, whose key
	// is derived and kept nowhere.
	KeyHash string
	// KeyVersion counts the keys that it had.
	KeyVersion           int
	CreatedBy            crm.UserID
	CreatedAt, UpdatedAt time.Time
	// Version counts the changes.
	Version int64
}

// Open reports whether requests are taken.
func (s Source) Open() bool { return s.Enabled && !s.Revoked }

// Allows reports whether a page of the origin may send.
func (s Source) Allows(origin string) bool {
	return s.Mode == Form && origin != "" && slices.Contains(s.Origins, strings.ToLower(origin))
}

// The bounds of a source.
const (
	DefaultPerMinute = 60
	MaxPerMinute     = 6000
	maxOrigins       = 10
)

// Clean normalises what was typed and reports the first thing that is wrong.
func (d *Draft) Clean() error {
	for _, f := range []struct {
		v        *string
		max      int
		required bool
		what     crm.Text
	}{
		{&d.Name, 40, true, crm.Text{Zh: "名称", En: "name"}},
		{&d.Channel, 30, true, crm.Text{Zh: "渠道", En: "channel"}},
		{&d.Campaign, 60, false, crm.Text{Zh: "活动", En: "campaign"}},
	} {
		*f.v = crm.Normalize(*f.v)
		n := len([]rune(*f.v))
		switch {
		case n == 0 && f.required:
			return crm.Invalid("缺少"+f.what.Zh, "the "+f.what.En+" is missing")
		case n > f.max:
			return crm.Invalid(fmt.Sprintf("%s太长：%d 个字，最多 %d 个", f.what.Zh, n, f.max), fmt.Sprintf("the %s is too long: %d characters, at most %d", f.what.En, n, f.max))
		}
	}
	if !slices.Contains(Modes, d.Mode) {
		return crm.Invalid("方式只有：表单、令牌、签名", "the mode is one of: form, bearer, hmac")
	}
	if d.PerMinute == 0 {
		d.PerMinute = DefaultPerMinute
	}
	if d.PerMinute < 1 || d.PerMinute > MaxPerMinute {
		return crm.Invalid(fmt.Sprintf("每分钟请求数应在 1 到 %d 之间", MaxPerMinute), fmt.Sprintf("requests per minute are 1 to %d", MaxPerMinute))
	}
	return d.cleanOrigins()
}

func (d *Draft) cleanOrigins() error {
	var out []string
	for _, o := range d.Origins {
		o = strings.ToLower(strings.TrimSuffix(crm.Normalize(o), "/"))
		if o == "" || slices.Contains(out, o) {
			continue
		}
		u, err := url.Parse(o)
		local := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o || u.Scheme != "https" && !(u.Scheme == "http" && local) {
			return crm.Invalid("“"+o+"”不是网页来源", "“"+o+"” is not the origin of a page").WithNext("例如 https://www.example.com，不带路径，必须是 https", "for example https://www.example.com, without a path, and https")
		}
		out = append(out, o)
	}
	d.Origins = out
	switch {
	case d.Mode == Form && len(out) == 0:
		return crm.Invalid("网页表单需要写明允许的网页来源", "a web form needs the origins of its pages").WithNext("例如 域名=https://www.example.com", "for example origins=https://www.example.com")
	case d.Mode != Form && len(out) > 0:
		return crm.Invalid("只有网页表单才有网页来源：其他方式的密钥不能放进网页", "only web forms have origins: the key of the other modes must not be in a page")
	case len(out) > maxOrigins:
		return crm.Invalid("网页来源最多 "+strconv.Itoa(maxOrigins)+" 个", "at most "+strconv.Itoa(maxOrigins)+" origins")
	}
	return nil
}

// Inquiry is one request that was taken.
type Inquiry struct {
	ID int64
	// Receipt is what the sender gets. It says nothing about what is known.
	Receipt           string
	Source            SourceID
	Channel, Campaign string
	// Lead is the record that it belongs to: the one that it made if Fresh, else
	// the one of the same company that was there (DU-01).
	Record crm.Ref
	Fresh  bool
	// What was sent.
	Company, Contact, Phone, Email, City, Need, Note string
	At                                               time.Time
}

// Token marks something that must not happen twice at a source: an idempotency
// key or a signature, hashed.
type Token struct {
	Source SourceID
	Hash   string
	// Body is the hash of the request's body; Receipt its answer.
	Body, Receipt string
	At            time.Time
}

// Store keeps sources and what they sent.
type Store interface {
	// Sources are all that are not revoked, by number.
	Sources(ctx context.Context) ([]Source, error)
	// Source finds one, revoked or not; crm.CodeNotFound when there is none.
	Source(ctx context.Context, id SourceID) (Source, error)
	// AddSource stores a new one and sets its id.
	AddSource(ctx context.Context, s *Source) error
	// SaveSource stores everything that changes about a source if its version is
	// still the one before, and reports whether it did.
	SaveSource(ctx context.Context, s Source) (bool, error)
	// Token finds a token; ok is false when there is none.
	Token(ctx context.Context, source SourceID, hash string) (t Token, ok bool, err error)
	// AddToken stores one and reports false when it is there already.
	AddToken(ctx context.Context, t Token) (bool, error)
	// DropToken forgets one.
	DropToken(ctx context.Context, source SourceID, hash string) error
	// AddInquiry stores what was taken.
	AddInquiry(ctx context.Context, q *Inquiry) error
	// Inquiry finds one by its receipt; crm.CodeNotFound when there is none.
	Inquiry(ctx context.Context, receipt string) (Inquiry, error)
	// CountInquiries says how many each source sent since then, and how many of
	// them made a lead.
	CountInquiries(ctx context.Context, since time.Time) (map[SourceID]Count, error)
}

// Count is how much a source sent.
type Count struct{ Taken, Fresh int }
