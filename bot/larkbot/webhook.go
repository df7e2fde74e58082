package larkbot

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxWebhook is the largest request that is read.
	maxWebhook = 1 << 20
	// fresh is how far the time of a request may be from ours.
	fresh = 5 * time.Minute
	// claimed is how long a request that is being handled is taken for seen: longer
	// than the platform waits, and less than the 15 s after which it tries again, so
	// that a request whose process died is taken then.
	claimed = 10 * time.Second
)

// ServeHTTP receives events and presses in webhook mode. It stands before
// everything else and checks what the SDK's own handler leaves open: the
// signature in constant time, freshness, replay, token, app and tenant. Who
// cannot prove to be the platform learns nothing but the status.
func (b *Bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answerJSON(w, http.StatusMethodNotAllowed, nil)
		return
	}
	if !b.opt.Webhook || b.opt.EncryptKey == "" {
		answerJSON(w, http.StatusNotFound, nil)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			answerJSON(w, http.StatusRequestEntityTooLarge, nil)
			return
		}
		answerJSON(w, http.StatusBadRequest, nil)
		return
	}
	sum := b.sum(r.Header, body)
	plain, err := decrypt(body, b.opt.EncryptKey)
	if err != nil {
		b.refuse(w, r, "not encrypted with our key")
		return
	}
	if word, ok := b.challenge(plain); ok {
		// The platform does not sign its challenge; the key and the token prove it.
		answerJSON(w, http.StatusOK, map[string]string{"challenge": word})
		return
	}
	if !matches(r.Header, sum) {
		b.refuse(w, r, "signature")
		return
	}
	if !b.isFresh(r.Header.Get("X-Lark-Request-Timestamp")) {
		b.refuse(w, r, "time")
		return
	}
	var e envelope
	if json.Unmarshal(plain, &e) != nil || !equal(e.Header.Token, b.opt.VerificationToken) || !equal(e.Header.AppID, b.opt.AppID) {
		b.refuse(w, r, "token or app")
		return
	}
	// The signature may be written in several ways; what it says cannot.
	seen := "lark:seen:" + b.opt.AppID + ":" + hex.EncodeToString(sum)
	keep := context.WithoutCancel(r.Context())
	first, err := b.opt.KV.SetNX(keep, seen, []byte("1"), claimed)
	guard(keep, err) // without shared state the runtime still handles an event once
	if err == nil && !first {
		b.refuse(w, r, "replay")
		return
	}
	ans, err := b.dispatch(r.Context(), plain)
	if err != nil {
		// The platform may send the very same request again.
		guard(keep, b.opt.KV.Del(keep, seen))
	} else {
		guard(keep, b.opt.KV.Set(keep, seen, []byte("1"), 2*fresh))
	}
	switch {
	case errors.Is(err, errForeign), errors.Is(err, errMalformed):
		b.refuse(w, r, "not ours")
		return
	case err != nil:
		answerJSON(w, http.StatusServiceUnavailable, nil) // the platform delivers it again
		return
	}
	if ans == nil {
		ans = &answer{}
	}
	answerJSON(w, http.StatusOK, ans)
}

func (b *Bot) refuse(w http.ResponseWriter, r *http.Request, why string) {
	slog.WarnContext(r.Context(), "webhook request refused", "platform", Name, "why", why)
	answerJSON(w, http.StatusUnauthorized, nil)
}

// guard reports that replays cannot be recognised.
func guard(ctx context.Context, err error) {
	if err != nil {
		slog.WarnContext(ctx, "replay guard unavailable", "platform", Name, "err", err)
	}
}

// sum is SHA256(timestamp + nonce + key + body), which the platform signs with.
func (b *Bot) sum(h http.Header, body []byte) []byte {
	sum := sha256.New()
	io.WriteString(sum, h.Get("X-Lark-Request-Timestamp"))
	io.WriteString(sum, h.Get("X-Lark-Request-Nonce"))
	io.WriteString(sum, b.opt.EncryptKey)
	sum.Write(body)
	return sum.Sum(nil)
}

// matches checks that the signature is the sum in hex.
func matches(h http.Header, sum []byte) bool {
	got, err := hex.DecodeString(h.Get("X-Lark-Signature"))
	return err == nil && subtle.ConstantTimeCompare(got, sum) == 1
}

func (b *Bot) isFresh(stamp string) bool {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return false
	}
	age := b.opt.Clock.Now().Sub(time.Unix(n, 0))
	return age < fresh && age > -fresh
}

// challenge is the word that the platform wants back when the address is saved.
func (b *Bot) challenge(plain []byte) (string, bool) {
	var c struct {
		Type      string `json:"type"`
		Token     string `json:"token"`
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(plain, &c) != nil || c.Type != "url_verification" || !equal(c.Token, b.opt.VerificationToken) {
		return "", false
	}
	return c.Challenge, true
}

// equal compares secrets in a time that tells nothing. Empty is never equal.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return a != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

var errCipher = errors.New("wrong key or damaged body")

// decrypt opens {"encrypt": base64(IV + AES-256-CBC)}; the key is SHA256 of the
// encrypt key, the padding PKCS#7.
func decrypt(body []byte, key string) ([]byte, error) {
	var sealed struct {
		Encrypt string `json:"encrypt"`
	}
	if json.Unmarshal(body, &sealed) != nil || sealed.Encrypt == "" {
		return nil, errCipher
	}
	raw, err := base64.StdEncoding.DecodeString(sealed.Encrypt)
	if err != nil || len(raw) < 2*aes.BlockSize || len(raw)%aes.BlockSize != 0 {
		return nil, errCipher
	}
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(raw)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, raw[:aes.BlockSize]).CryptBlocks(out, raw[aes.BlockSize:])
	pad := int(out[len(out)-1])
	if pad < 1 || pad > aes.BlockSize || pad > len(out) {
		return nil, errCipher
	}
	for _, c := range out[len(out)-pad:] {
		if int(c) != pad {
			return nil, errCipher
		}
	}
	return out[:len(out)-pad], nil
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if v == nil {
		v = struct{}{}
	}
	raw, err := encode(v)
	if err != nil {
		return
	}
	if _, err := w.Write(raw); err != nil {
		slog.Debug("webhook answer", "platform", Name, "err", err)
	}
}
