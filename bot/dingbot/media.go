package dingbot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/dingcard"
	"crmbot/internal/kv"
)

// maxMedia is the largest picture or file (dingtalk.md §4.2).
const maxMedia = 20 << 20

var errFile = fmt.Errorf("%w: the file is empty or larger than 20 MB", bot.ErrPermanent)

// mediaLife is how long the id of an uploaded picture is used again.
const mediaLife = 48 * time.Hour

// digests remember which pictures the platform has, by their digest.
type digests struct {
	kv  kv.Store
	app string

	mu sync.Mutex
	m  map[string]media
}

type media struct {
	id    string
	until time.Time
}

func newDigests(store kv.Store, app string) *digests {
	return &digests{kv: store, app: app, m: map[string]media{}}
}

func (d *digests) key(digest string) string { return "ding:media:" + d.app + ":" + digest }

func (d *digests) get(ctx context.Context, digest string) string {
	d.mu.Lock()
	x := d.m[digest]
	d.mu.Unlock()
	if x.id != "" && time.Now().Before(x.until) {
		return x.id
	}
	v, ok, err := d.kv.Get(ctx, d.key(digest))
	if err != nil || !ok {
		return ""
	}
	return string(v)
}

func (d *digests) put(ctx context.Context, digest, id string) {
	d.mu.Lock()
	if len(d.m) > 5000 {
		clear(d.m)
	}
	d.m[digest] = media{id, time.Now().Add(mediaLife)}
	d.mu.Unlock()
	if err := d.kv.Set(ctx, d.key(digest), []byte(id), mediaLife); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "media id not shared", "platform", Name, "err", err)
	}
}

// upload gives a picture ("image") or a file ("file") to the platform, once.
func (b *Bot) upload(ctx context.Context, kind, name string, data []byte) (string, error) {
	if len(data) == 0 || len(data) > maxMedia {
		return "", errFile
	}
	digest := adapter.Short(kind + "\x00" + name + "\x00" + string(data))
	if id := b.images.get(ctx, digest); id != "" {
		return id, nil
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("media", name)
	if err != nil {
		return "", err
	}
	if _, err := part.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	var out struct {
		ID string `json:"media_id"`
	}
	err = b.api.call(ctx, request{method: http.MethodPost, path: "/media/upload", old: true, query: url.Values{"type": {kind}}, raw: body.Bytes(), contentType: w.FormDataContentType()}, &out)
	if err == nil && out.ID == "" {
		err = errors.New("dingtalk: upload without an id")
	}
	if err != nil {
		return "", err
	}
	b.images.put(ctx, digest, out.ID)
	return out.ID, nil
}

// pictures uploads the pictures of a card. One that the platform refuses is
// shown by its description.
func (b *Bot) pictures(ctx context.Context, o dingcard.Out) (dingcard.Out, error) {
	ids := map[string]string{}
	for _, img := range o.Images {
		if len(img.Data) == 0 {
			continue
		}
		id, err := b.upload(ctx, "image", "image"+extension(img.Data), img.Data)
		if err != nil {
			if ctx.Err() != nil {
				return o, err
			}
			// A card without its picture is better than no card.
			slog.WarnContext(ctx, "picture not uploaded", "platform", Name, "err", b.report(ctx, err))
			continue
		}
		ids[img.Placeholder] = id
	}
	return o.Fill(ids), nil
}

func extension(data []byte) string {
	switch http.DetectContentType(data) {
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "image/gif":
		return ".gif"
	case "image/bmp":
		return ".bmp"
	case "image/webp":
		return ".webp"
	}
	return ""
}

// fetch downloads a file of a message. Of a file that is too large one byte
// more than allowed is kept, so that the runtime refuses it with the numbers.
func (b *Bot) fetch(ctx context.Context, f fileRef) (bot.File, error) {
	var out struct {
		URL string `json:"downloadUrl"`
	}
	err := b.api.call(ctx, request{method: http.MethodPost, path: "/v1.0/robot/messageFiles/download", body: map[string]string{"downloadCode": f.Code, "robotCode": b.opt.RobotCode}}, &out)
	if err != nil {
		return bot.File{}, err
	}
	data, err := b.download(ctx, out.URL)
	if err != nil {
		return bot.File{}, err
	}
	name := path.Base(strings.ReplaceAll(f.Name, "\\", "/"))
	if f.Name == "" || name == "." || name == "/" {
		name = "image" + extension(data)
	}
	return bot.File{Name: name, Data: data}, nil
}

// fileHosts are where the platform keeps files.
var fileHosts = []string{".dingtalk.com", ".dingtalk.io", ".dingtalkapps.com", ".aliyuncs.com", ".alicdn.com", ".aliyun.com", ".alibabausercontent.com"}

// allowed reports whether an address may be downloaded from: only the
// platform's hosts, and only in private. The address came from outside, and
// must not lead into our own network.
func (b *Bot) allowed(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	// A platform that was configured by another address serves its own files.
	if base, err := url.Parse(b.opt.APIURL); err == nil && u.Scheme == base.Scheme && u.Host == base.Host {
		return true
	}
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	for _, h := range fileHosts {
		if strings.HasSuffix(strings.ToLower(u.Hostname()), h) {
			return true
		}
	}
	return false
}

var errHost = &Error{API: "GET file", Code: "host.not.allowed", HTTP: http.StatusForbidden}

func (b *Bot) download(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || !b.allowed(u) {
		return nil, errHost
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errHost
	}
	c := *b.opt.HTTP
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || !b.allowed(r.URL) {
			return errHost
		}
		return nil
	}
	resp, err := c.Do(req)
	if err != nil {
		if errors.Is(err, errHost) {
			return nil, errHost
		}
		return nil, bare(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &Error{API: "GET file", HTTP: resp.StatusCode}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(b.opt.MaxFile)+1))
	return data, bare(err)
}
