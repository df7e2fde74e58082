package larkbot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"crmbot/bot"
	"crmbot/cards/card"
)

// The platform's limits for uploads (lark.md §3.2).
const (
	maxUpload = 30 << 20
	maxImage  = 10 << 20
)

var errFile = fmt.Errorf("%w: the file is empty or larger than 30 MB", bot.ErrPermanent)

// file sends a file; pictures as pictures.
func (b *Bot) file(ctx context.Context, t target, f bot.File, key string) (bot.MessageRef, error) {
	if len(f.Data) == 0 || len(f.Data) > maxUpload {
		return bot.MessageRef{}, errFile
	}
	if isPicture(f.Data) && len(f.Data) <= maxImage {
		k, err := b.uploadImage(ctx, f.Name, f.Data)
		if err != nil {
			return bot.MessageRef{}, err
		}
		return b.post(ctx, t, "image", map[string]string{"image_key": k}, key)
	}
	var out struct {
		FileKey string `json:"file_key"`
	}
	if err := b.upload(ctx, "files", map[string]string{"file_type": fileType(f.Name), "file_name": f.Name}, "file", f.Name, f.Data, &out); err != nil {
		return bot.MessageRef{}, err
	}
	return b.post(ctx, t, "file", map[string]string{"file_key": out.FileKey}, key)
}

func isPicture(data []byte) bool {
	switch http.DetectContentType(data) {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// fileType is the platform's word for a kind of file.
func fileType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".pdf":
		return "pdf"
	case ".doc", ".docx":
		return "doc"
	case ".xls", ".xlsx":
		return "xls"
	case ".ppt", ".pptx":
		return "ppt"
	case ".mp4":
		return "mp4"
	case ".opus":
		return "opus"
	}
	return "stream"
}

func (b *Bot) uploadImage(ctx context.Context, name string, data []byte) (string, error) {
	h := hash(data)
	b.mu.Lock()
	key := b.images[h]
	b.mu.Unlock()
	if key != "" {
		return key, nil
	}
	var out struct {
		ImageKey string `json:"image_key"`
	}
	if err := b.upload(ctx, "images", map[string]string{"image_type": "message"}, "image", name, data, &out); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.images) > 5000 {
		b.images = map[string]string{}
	}
	b.images[h] = out.ImageKey
	return out.ImageKey, nil
}

func (b *Bot) upload(ctx context.Context, api string, fields map[string]string, part, name string, data []byte, out any) error {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			return err
		}
	}
	f, err := w.CreateFormFile(part, name)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := b.limit.take(ctx, "lark:api:"+b.opt.AppID+":"+api, perMinuteRate, perMinuteBurst); err != nil {
		return err
	}
	return b.api.send(ctx, http.MethodPost, "/open-apis/im/v1/"+api, nil, w.FormDataContentType(), body.Bytes(), func(raw []byte) error {
		var env struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(raw, &env); err != nil {
			return err
		}
		if len(env.Data) == 0 {
			return errors.New("lark: upload without a key")
		}
		return json.Unmarshal(env.Data, out)
	})
}

func (b *Bot) imageKey(img card.Image) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, ok := b.images[hash(img.Data)]
	return key, ok
}

// imageKeys uploads the pictures of a card that the platform does not have. A
// picture that it refuses is shown by its description.
func (b *Bot) imageKeys(ctx context.Context, c card.Card) (imageKeys, error) {
	keys := imageKeys{}
	for _, img := range images(c) {
		if len(img.Data) > maxImage || !isPicture(img.Data) {
			continue
		}
		key, err := b.uploadImage(ctx, "image", img.Data)
		if err != nil {
			if e := asError(err); e != nil && e.verdict() == refused {
				continue
			}
			return nil, err
		}
		keys[hash(img.Data)] = key
	}
	return keys, nil
}
