package intake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// keyPrefix begins every key, so that one that leaked can be searched for.
const keyPrefix = "crmbot_"

// newKey makes a key for the source: "crmbot_12_…", 256 bits by chance.
func newKey(id SourceID) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return keyOf(id, b[:])
}

func keyOf(id SourceID, secret []byte) string {
	return keyPrefix + strconv.FormatInt(int64(id), 10) + "_" + base64.RawURLEncoding.EncodeToString(secret)
}

// sourceOfKey is the source that a key says it belongs to; zero for anything
// that is no key.
func sourceOfKey(key string) SourceID {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	num, _, cut := strings.Cut(rest, "_")
	id, err := strconv.ParseInt(num, 10, 64)
	if !ok || !cut || err != nil || id <= 0 {
		return 0
	}
	return SourceID(id)
}

func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// fits compares a key with the stored hash in constant time.
func (s Source) fits(key string) bool {
	return s.KeyHash != "" && subtle.ConstantTimeCompare([]byte(hashOf(key)), []byte(s.KeyHash)) == 1
}

// signingKey is the key that a source signs with: derived from the
// installation's secret, so that no database holds what could sign.
func signingKey(secret string, s Source) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("intake\x00" + strconv.FormatInt(int64(s.ID), 10) + "\x00" + strconv.Itoa(s.KeyVersion)))
	return keyOf(s.ID, m.Sum(nil))
}

// Sign is the signature of a request: HMAC-SHA256 in hex over the timestamp, a
// dot and the body.
func Sign(key, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// signedBy checks a signature in constant time.
func signedBy(key, timestamp string, body []byte, signature string) bool {
	got, err := hex.DecodeString(strings.TrimPrefix(signature, "sha256="))
	if err != nil {
		return false
	}
	want, err := hex.DecodeString(Sign(key, timestamp, body))
	return err == nil && hmac.Equal(got, want)
}

// Freshness is how far a signature's time may be from the server's.
const Freshness = 5 * time.Minute

// fresh checks the timestamp of a signature, in seconds since 1970.
func fresh(timestamp string, now time.Time) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	d := now.Sub(time.Unix(n, 0))
	return d <= Freshness && d >= -Freshness
}

// minSecret is the least length of the installation's secret.
const minSecret = 32

func (s *Service) canSign() error {
	if len(s.d.Secret) >= minSecret {
		return nil
	}
	return crm.Refused("", "签名方式需要在配置里设置 intake.secret（至少 32 个字符）", "signatures need intake.secret in the configuration (at least 32 characters)").
		WithNext("也可以改用令牌方式", "or use a bearer key")
}
