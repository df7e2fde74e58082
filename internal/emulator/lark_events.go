package emulator

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// LarkEvent is one event of the platform.
type LarkEvent struct {
	ID, Type string
	Body     []byte
}

// LarkDelivery follows an event until it was acknowledged or given up.
type LarkDelivery struct {
	LarkEvent
	// Message is the id of the person's message, if the event is one.
	Message string

	done  chan struct{}
	tries int
	acked bool
}

// Wait waits until the event was acknowledged or given up and returns how
// often it was sent and whether it was acknowledged.
func (d *LarkDelivery) Wait(ctx context.Context) (tries int, acked bool, err error) {
	select {
	case <-d.done:
		return d.tries, d.acked, nil
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
}

// UseWebhook delivers by HTTP to the address instead of the long connection;
// empty: the long connection again.
func (l *Lark) UseWebhook(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.webhook = address
}

// envelope is an event as it travels.
func (l *Lark) envelope(kind string, event any) LarkEvent {
	l.mu.Lock()
	id := l.next("ev")
	l.mu.Unlock()
	created := strconv.FormatInt(l.opt.Clock.Now().UnixMilli(), 10)
	if kind == pressEvent {
		created += "000" // microseconds (lark.md §2.4)
	}
	body, err := json.Marshal(map[string]any{"schema": "2.0", "event": event, "header": map[string]string{"event_id": id, "event_type": kind, "create_time": created,
		"token": l.opt.VerificationToken, "app_id": l.opt.AppID, "tenant_key": l.opt.TenantKey}})
	if err != nil {
		body = []byte("{}")
	}
	e := LarkEvent{ID: id, Type: kind, Body: body}
	l.mu.Lock()
	l.events = append(l.events, e)
	l.mu.Unlock()
	return e
}

const pressEvent = "card.action.trigger"

// Emit delivers an event: at least once, again while it is not acknowledged.
func (l *Lark) Emit(kind string, event any) *LarkDelivery {
	return l.Again(l.envelope(kind, event))
}

// Again delivers an event once more, with the same id.
func (l *Lark) Again(e LarkEvent) *LarkDelivery {
	d := &LarkDelivery{LarkEvent: e, done: make(chan struct{})}
	bad := l.delivery()
	if !l.owned(func() {
		defer close(d.done)
		if !l.pause(bad.delay()) {
			return
		}
		for try := 0; ; try++ {
			d.tries++
			ack, ok := l.transmit(e, l.opt.AckWait)
			if ok && ack.Code == http.StatusOK {
				d.acked = true
				if bad.Repeat && try == 0 {
					continue
				}
				return
			}
			if try >= len(l.opt.Redeliver) || !l.pause(l.opt.Redeliver[try]) {
				return
			}
		}
	}) {
		close(d.done)
	}
	return d
}

// Events are all events so far, oldest first.
func (l *Lark) Events() []LarkEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// transmit sends an event once and waits for the acknowledgement.
func (l *Lark) transmit(e LarkEvent, wait time.Duration) (larkAck, bool) {
	l.mu.Lock()
	address := l.webhook
	l.mu.Unlock()
	if address == "" {
		return l.push(e.ID, e.Body, wait)
	}
	for range l.delivery().Copies {
		l.owned(func() { l.post(address, e.Body, wait) })
	}
	return l.post(address, e.Body, wait)
}

func (l *Lark) post(address string, body []byte, wait time.Duration) (larkAck, bool) {
	req, err := l.WebhookRequest(address, body)
	if err != nil {
		return larkAck{}, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	resp, err := http.DefaultTransport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return larkAck{}, false
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return larkAck{}, false
	}
	return larkAck{Code: resp.StatusCode, Data: data}, true
}

// WebhookRequest is the request that delivers a body: encrypted and signed.
func (l *Lark) WebhookRequest(address string, body []byte) (*http.Request, error) {
	sealed, err := sealLark(body, l.opt.EncryptKey)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	SignLark(req, sealed, l.opt.EncryptKey, l.opt.Clock.Now(), rand.Text())
	return req, nil
}

// SignLark puts the platform's signature of a body on a request.
func SignLark(req *http.Request, body []byte, key string, now time.Time, nonce string) {
	ts := strconv.FormatInt(now.Unix(), 10)
	sum := sha256.Sum256([]byte(ts + nonce + key + string(body)))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("X-Lark-Request-Timestamp", ts)
	req.Header.Set("X-Lark-Request-Nonce", nonce)
	req.Header.Set("X-Lark-Signature", hex.EncodeToString(sum[:]))
}

// sealLark encrypts a body: AES-256-CBC with a random IV in front.
func sealLark(body []byte, key string) ([]byte, error) {
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(body)%aes.BlockSize
	plain := append(slices.Clone(body), bytes.Repeat([]byte{byte(pad)}, pad)...)
	out := make([]byte, aes.BlockSize+len(plain))
	if _, err := rand.Read(out[:aes.BlockSize]); err != nil {
		return nil, err
	}
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], plain)
	return json.Marshal(map[string]string{"encrypt": base64.StdEncoding.EncodeToString(out)})
}

// Challenge asks a webhook to prove itself, as saving its address does.
func (l *Lark) Challenge(address string) (string, error) {
	word := rand.Text()
	body, err := json.Marshal(map[string]string{"challenge": word, "token": l.opt.VerificationToken, "type": "url_verification"})
	if err != nil {
		return "", err
	}
	ack, ok := l.post(address, body, time.Second)
	if !ok || ack.Code != http.StatusOK {
		return "", fmt.Errorf("challenge was answered with %d", ack.Code)
	}
	var out struct{ Challenge string }
	if err := json.Unmarshal(ack.Data, &out); err != nil || out.Challenge != word {
		return "", fmt.Errorf("wrong answer to the challenge: %.100s", ack.Data)
	}
	return word, nil
}
