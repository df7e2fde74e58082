package larkbot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"
)

// The SDK (v3.12.0) loses some events before our code sees them:
//
//   - parts of one message that arrive together race in its cache, and the
//     message is lost (2 to 5 of 3,000 measured);
//   - a press whose value is a string does not fit its type: the person sees an
//     error;
//   - frames of type "card" are dropped without an acknowledgement;
//   - an event type without a handler is answered with 500 and comes again.
//
// The connection below mends the frames on their way in, so that everything
// reaches dispatch.

// dialer connects directly with mending. Behind a proxy the SDK's own way is
// used, unmended.
func (b *Bot) dialer() *websocket.Dialer {
	d := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 15 * time.Second}
	req, err := http.NewRequest(http.MethodGet, b.opt.BaseURL, nil)
	if err != nil {
		return d
	}
	if proxy, err := http.ProxyFromEnvironment(req); err != nil || proxy != nil {
		return d
	}
	d.Proxy = nil
	raw := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	d.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := raw.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return b.mended(c), nil
	}
	d.NetDialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		secure := tls.Dialer{NetDialer: raw, Config: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}}
		c, err := secure.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return b.mended(c), nil
	}
	return d
}

const (
	maxFrame = 16 << 20
	// maxParts bounds how many messages wait for their parts, partWait how long.
	// Parts of many messages come mixed when much happens at once.
	maxParts = 2048
	partWait = 30 * time.Second
)

// mended is a connection whose incoming frames are mended.
type mended struct {
	net.Conn
	in       *bufio.Reader
	out      bytes.Buffer
	upgraded bool
	raw      bool // not a websocket after all: everything passes
	parts    map[string]*parts
	// old is told of presses in the old form; nil: nobody.
	old func()
}

type parts struct {
	got  [][]byte
	left int
	at   time.Time
}

func newMended(c net.Conn) *mended {
	return &mended{Conn: c, in: bufio.NewReaderSize(c, 64<<10), parts: map[string]*parts{}}
}

// mended is a connection that reports presses in the old form.
func (b *Bot) mended(c net.Conn) *mended {
	m := newMended(c)
	m.old = b.cardFrame
	return m
}

// Read implements net.Conn.
func (m *mended) Read(p []byte) (int, error) {
	for m.out.Len() == 0 {
		if m.raw {
			return m.in.Read(p)
		}
		if err := m.fill(); err != nil {
			return 0, err
		}
	}
	return m.out.Read(p)
}

// fill reads the next piece of the stream into out.
func (m *mended) fill() error {
	if !m.upgraded {
		return m.handshake()
	}
	var head [2]byte
	if _, err := io.ReadFull(m.in, head[:]); err != nil {
		return err
	}
	size := uint64(head[1] & 0x7f)
	ext := 0
	switch size {
	case 126:
		ext = 2
	case 127:
		ext = 8
	}
	long := make([]byte, 8)
	if _, err := io.ReadFull(m.in, long[8-ext:]); err != nil {
		return err
	}
	if ext > 0 {
		size = binary.BigEndian.Uint64(long)
	}
	if size > maxFrame || head[1]&0x80 != 0 {
		return errors.New("websocket frame is too large or masked")
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(m.in, body); err != nil {
		return err
	}
	const finalBinary = 0x82
	if head[0] != finalBinary {
		m.write(head[0], body)
		return nil
	}
	if body = m.mend(body); body != nil {
		m.write(finalBinary, body)
	}
	return nil
}

// handshake lets the HTTP answer pass.
func (m *mended) handshake() error {
	for first := true; ; first = false {
		line, err := m.in.ReadString('\n')
		m.out.WriteString(line)
		if err != nil {
			return err
		}
		if first && !bytes.Contains([]byte(line), []byte(" 101 ")) {
			m.raw = true
			return nil
		}
		if line == "\r\n" || line == "\n" {
			m.upgraded = true
			return nil
		}
		if m.out.Len() > 1<<20 {
			return errors.New("handshake is too long")
		}
	}
}

func (m *mended) write(first byte, body []byte) {
	m.out.WriteByte(first)
	switch n := len(body); {
	case n < 126:
		m.out.WriteByte(byte(n))
	case n < 1<<16:
		m.out.WriteByte(126)
		m.out.Write(binary.BigEndian.AppendUint16(nil, uint16(n)))
	default:
		m.out.WriteByte(127)
		m.out.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	m.out.Write(body)
}

// mend returns the frame as the SDK can handle it, nil while parts are missing.
// A frame that cannot be read passes unchanged.
func (m *mended) mend(body []byte) []byte {
	var f larkws.Frame
	if f.Unmarshal(body) != nil || f.Method != int32(larkws.FrameTypeData) {
		return body
	}
	hs := larkws.Headers(f.Headers)
	if sum := hs.GetInt(larkws.HeaderSum); sum > 1 {
		whole, done := m.join(hs.GetString(larkws.HeaderMessageID), sum, hs.GetInt(larkws.HeaderSeq), f.Payload)
		if !done {
			return nil
		}
		f.Payload = whole
		set(f.Headers, larkws.HeaderSum, "1")
		set(f.Headers, larkws.HeaderSeq, "0")
	}
	if m.old != nil && hs.GetString(larkws.HeaderType) == string(larkws.MessageTypeCard) {
		m.old()
	}
	set(f.Headers, larkws.HeaderType, string(larkws.MessageTypeEvent))
	f.Payload = readable(f.Payload)
	out, err := f.Marshal()
	if err != nil {
		return body
	}
	return out
}

func set(hs []larkws.Header, key, value string) {
	for i := range hs {
		if hs[i].Key == key {
			hs[i].Value = value
		}
	}
}

// join puts a part in its place; done when it was the last one. Incomplete
// messages are forgotten after a while: the platform sends them again.
func (m *mended) join(id string, sum, seq int, part []byte) (whole []byte, done bool) {
	if sum > 1000 || seq < 0 || seq >= sum {
		return nil, false
	}
	now := time.Now()
	p := m.parts[id]
	if p == nil || len(p.got) != sum {
		m.makeRoom(now)
		p = &parts{got: make([][]byte, sum), left: sum, at: now}
		m.parts[id] = p
	}
	if p.got[seq] == nil {
		p.left--
	}
	p.got[seq] = slices.Clone(part)
	if p.got[seq] == nil {
		p.got[seq] = []byte{}
	}
	if p.left > 0 {
		return nil, false
	}
	delete(m.parts, id)
	return bytes.Join(p.got, nil), true
}

// makeRoom forgets messages whose parts did not come and, when there are too
// many, the oldest one.
func (m *mended) makeRoom(now time.Time) {
	if len(m.parts) < maxParts/8 {
		return
	}
	oldest := ""
	for k, p := range m.parts {
		if now.Sub(p.at) > partWait {
			delete(m.parts, k)
		} else if oldest == "" || p.at.Before(m.parts[oldest].at) {
			oldest = k
		}
	}
	if len(m.parts) >= maxParts {
		delete(m.parts, oldest)
	}
}

// readable wraps an event into one that the SDK takes whatever is in it, with
// the original inside.
func readable(payload []byte) []byte {
	var e envelope
	if json.Unmarshal(payload, &e) != nil || e.Header.EventType == "" {
		return payload
	}
	kind := e.Header.EventType
	if kind != evPress && !slices.Contains(acknowledged, kind) {
		kind = otherEvent
	}
	wrapped, err := json.Marshal(map[string]any{"schema": "2.0", "header": map[string]string{"event_id": e.Header.EventID, "event_type": kind, "token": e.Header.Token,
		"app_id": e.Header.AppID, "tenant_key": e.Header.TenantKey, "create_time": e.Header.CreateTime}, carried: json.RawMessage(payload)})
	if err != nil {
		return payload
	}
	return wrapped
}
