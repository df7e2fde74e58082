package emulator

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// larkConn is one long connection of the app.
type larkConn struct {
	ws *websocket.Conn
	// halfOpen connections look alive and do nothing.
	halfOpen bool

	write sync.Mutex
	mu    sync.Mutex
	wait  map[string]chan larkAck // by message id
}

// larkAck is the payload of an acknowledgement.
type larkAck struct {
	Code int    `json:"code"`
	Data []byte `json:"data"`
}

const (
	larkMaxConns  = 50
	larkServiceID = 33554678
)

func (l *Lark) endpoint(c *larkCall) (any, *LarkError) {
	var in struct{ AppID, AppSecret string }
	if l.app().Elsewhere {
		return nil, &LarkError{Status: http.StatusOK, Code: 1000040351, Msg: "Incorrect domain name"}
	}
	if json.Unmarshal(c.body, &in) != nil || in.AppID != l.opt.AppID || in.AppSecret != l.opt.AppSecret {
		return nil, &LarkError{Status: http.StatusOK, Code: 514, Msg: "auth failed"}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) >= larkMaxConns {
		return nil, &LarkError{Status: http.StatusOK, Code: 1000040350, Msg: "system busy"}
	}
	q := url.Values{"device_id": {l.next("dev")}, "service_id": {strconv.Itoa(larkServiceID)}, "access_key": {"k"}}
	return map[string]any{
		"URL": "ws" + strings.TrimPrefix(l.srv.URL, "http") + "/ws?" + q.Encode(),
		// All four values: the client takes an absent one as zero.
		"ClientConfig": map[string]int{"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0, "PingInterval": l.opt.PingSeconds},
	}, nil
}

func (l *Lark) connect(w http.ResponseWriter, r *http.Request) {
	if f, hit := l.take("GET /ws"); hit {
		switch f.Kind {
		case Slow:
			l.pause(f.Wait)
		case Refused:
			w.Header().Set("Handshake-Status", strconv.Itoa(f.Code))
			w.Header().Set("Handshake-Msg", f.Message)
			w.WriteHeader(http.StatusForbidden)
			return
		default:
			w.WriteHeader(http.StatusBadGateway)
			return
		}
	}
	up := websocket.Upgrader{HandshakeTimeout: 5 * time.Second}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &larkConn{ws: ws, wait: map[string]chan larkAck{}}
	l.mu.Lock()
	if l.stopped {
		l.mu.Unlock()
		ws.Close()
		return
	}
	l.conns[c] = true
	l.work.Add(1)
	l.mu.Unlock()
	defer l.work.Done()
	l.read(c)
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	ws.Close()
}

func (l *Lark) read(c *larkConn) {
	for {
		kind, raw, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		f, err := decodeLarkFrame(raw)
		if kind != websocket.BinaryMessage || err != nil {
			return
		}
		l.mu.Lock()
		dead := c.halfOpen
		l.mu.Unlock()
		if dead {
			continue
		}
		l.add(Call{At: l.opt.Clock.Now(), API: fmt.Sprintf("FRAME %d %s", f.method, f.header("type")), Body: f.payload, Status: http.StatusOK})
		if f.method == larkControl {
			if f.header("type") == "ping" && f.service == larkServiceID {
				c.send(larkFrame{service: f.service, method: larkControl, headers: [][2]string{{"type", "pong"}}})
			}
			continue
		}
		var ack larkAck
		if json.Unmarshal(f.payload, &ack) != nil {
			continue
		}
		c.mu.Lock()
		ch := c.wait[f.header("message_id")]
		c.mu.Unlock()
		if ch != nil {
			select {
			case ch <- ack:
			default:
			}
		}
	}
}

func (c *larkConn) send(f larkFrame) error {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.BinaryMessage, f.encode())
}

// push sends an event over a random connection and waits for the
// acknowledgement. Copies of the event go over random connections of their own.
func (l *Lark) push(id string, payload []byte, wait time.Duration) (larkAck, bool) {
	d := l.delivery()
	for range d.Copies {
		l.owned(func() { l.pushOnce(id, payload, wait, d) })
	}
	return l.pushOnce(id, payload, wait, d)
}

func (l *Lark) pushOnce(id string, payload []byte, wait time.Duration, d Delivery) (larkAck, bool) {
	l.mu.Lock()
	live := make([]*larkConn, 0, len(l.conns))
	for c := range l.conns {
		live = append(live, c)
	}
	l.seq++
	seq, frameID := uint64(l.seq), fmt.Sprintf("%s-%d", id, l.seq)
	l.mu.Unlock()
	if len(live) == 0 {
		l.pause(min(wait, 50*time.Millisecond))
		return larkAck{}, false
	}
	c := live[rand.IntN(len(live))]
	l.mu.Lock()
	lost := c.halfOpen
	l.mu.Unlock()
	ch := make(chan larkAck, 1)
	c.mu.Lock()
	c.wait[frameID] = ch
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.wait, frameID)
		c.mu.Unlock()
	}()
	if !lost {
		if err := c.sendParts(l.frameKind(payload), seq, frameID, payload, d.Split, l.opt.Clock.Now()); err != nil {
			return larkAck{}, false
		}
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case ack := <-ch:
		return ack, true
	case <-t.C:
	case <-l.stop:
	}
	return larkAck{}, false
}

// sendParts sends a payload in parts of at most size bytes; zero: whole.
func (c *larkConn) sendParts(kind string, seq uint64, id string, payload []byte, size int, now time.Time) error {
	if size <= 0 || size > len(payload) {
		size = len(payload)
	}
	sum := (len(payload) + size - 1) / size
	for i := range sum {
		part := payload[i*size : min((i+1)*size, len(payload))]
		f := larkFrame{seq: seq, log: seq * 7, service: larkServiceID, method: larkData, payload: part, logNew: "log" + id,
			headers: [][2]string{{"type", kind}, {"message_id", id}, {"trace_id", "trace" + id}, {"sum", strconv.Itoa(sum)}, {"seq", strconv.Itoa(i)},
				{"timestamp", strconv.FormatInt(now.UnixMilli(), 10)}, {"instance_id", "pod-1"}}}
		if err := c.send(f); err != nil {
			return err
		}
	}
	return nil
}

// Connections is the number of live long connections.
func (l *Lark) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for c := range l.conns {
		if !c.halfOpen {
			n++
		}
	}
	return n
}

// DropConnections cuts every long connection without a closing handshake.
func (l *Lark) DropConnections() {
	for _, c := range l.live() {
		c.ws.UnderlyingConn().Close()
	}
}

// FreezeConnections makes the present connections half-open: they stay up,
// nothing is answered and what is sent over them is lost.
func (l *Lark) FreezeConnections() {
	conns := l.live()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		c.halfOpen = true
	}
}

func (l *Lark) live() []*larkConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*larkConn
	for c := range l.conns {
		out = append(out, c)
	}
	return out
}
