package emulator

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The topics of stream frames.
const (
	DingMessageTopic = "/v1.0/im/bot/messages/get"
	DingCardTopic    = "/v1.0/card/instances/callback"
	dingAllEvents    = "*"
)

// DingFrame is something that the platform pushes: a message, a press or an
// event.
type DingFrame struct {
	// Type is CALLBACK or EVENT.
	Type, Topic string
	// MessageID is the id of the frame; a redelivery has a new one.
	MessageID string
	// ID is the message's or event's own id, the same in every redelivery.
	ID string
	// EventType and EventID are set for events.
	EventType, EventID string
	Data               []byte
}

// DingAck is what the app acknowledged a frame with.
type DingAck struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"-"`
}

// dingConn is one stream connection of the app.
type dingConn struct {
	ws     *websocket.Conn
	topics map[string]bool
	frozen bool // half-open: looks alive and does nothing

	write sync.Mutex
	mu    sync.Mutex
	wait  map[string]map[chan DingAck]bool // by message id; copies wait together
}

func (d *Ding) open(c *dingCall) (any, *DingError) {
	var in struct {
		ClientID, ClientSecret string
		Subscriptions          []struct{ Type, Topic string }
	}
	if json.Unmarshal(c.body, &in) != nil || in.ClientID != d.opt.ClientID || in.ClientSecret != d.opt.ClientSecret {
		return nil, &DingError{Status: http.StatusUnauthorized, Code: "authFailed", Msg: "鉴权失败"}
	}
	if d.app().NoStream {
		return nil, &DingError{Status: http.StatusForbidden, Code: "streamNotEnabled", Msg: "应用未开启Stream模式"}
	}
	topics := map[string]bool{}
	for _, s := range in.Subscriptions {
		topics[s.Type+" "+s.Topic] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	ticket := d.next("ticket-")
	d.tickets[ticket] = dingTicket{c.now.Add(90 * time.Second), topics}
	return map[string]any{"endpoint": "ws" + strings.TrimPrefix(d.srv.URL, "http") + "/connect", "ticket": ticket}, nil
}

func (d *Ding) connect(w http.ResponseWriter, r *http.Request) {
	if f, hit := d.take("GET /connect"); hit {
		if f.Kind != Slow {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		d.pause(f.Wait)
	}
	d.mu.Lock()
	id := r.URL.Query().Get("ticket")
	ticket, ok := d.tickets[id]
	delete(d.tickets, id) // one connection only
	d.mu.Unlock()
	if !ok || d.opt.Clock.Now().After(ticket.until) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	up := websocket.Upgrader{HandshakeTimeout: 5 * time.Second}
	if n := d.delivery().Split; n > 0 {
		up.WriteBufferSize = n // longer frames travel in pieces
	}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &dingConn{ws: ws, topics: ticket.topics, wait: map[string]map[chan DingAck]bool{}}
	d.mu.Lock()
	if d.stopped {
		d.mu.Unlock()
		ws.Close()
		return
	}
	d.conns[c] = true
	d.work.Add(1)
	d.mu.Unlock()
	defer d.work.Done()
	ws.SetPingHandler(func(data string) error {
		if d.isFrozen(c) {
			return nil
		}
		return ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	d.read(c)
	d.mu.Lock()
	delete(d.conns, c)
	d.mu.Unlock()
	ws.Close()
}

func (d *Ding) isFrozen(c *dingConn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return c.frozen
}

// read takes acknowledgements until the connection ends.
func (d *Ding) read(c *dingConn) {
	for {
		_, raw, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		if d.isFrozen(c) {
			continue
		}
		var ack struct {
			DingAck
			Headers map[string]string `json:"headers"`
			Data    string            `json:"data"`
		}
		if json.Unmarshal(raw, &ack) != nil {
			continue
		}
		ack.DingAck.Data = json.RawMessage(ack.Data)
		id := ack.Headers["messageId"]
		d.add(Call{At: d.opt.Clock.Now(), API: "ACK " + id, Body: raw, Status: ack.Code})
		c.mu.Lock()
		for ch := range c.wait[id] {
			select {
			case ch <- ack.DingAck:
			default:
			}
		}
		c.mu.Unlock()
	}
}

// encode is a frame as it travels. The time stands in the headers as text.
func (d *Ding) encode(f DingFrame) ([]byte, error) {
	now := strconv.FormatInt(d.opt.Clock.Now().UnixMilli(), 10)
	h := map[string]string{"topic": f.Topic, "messageId": f.MessageID, "contentType": "application/json", "time": now, "appId": "app-1", "connectionId": "conn-1"}
	if f.Type == "EVENT" {
		h["eventType"], h["eventId"], h["eventCorpId"], h["eventBornTime"], h["eventUnifiedAppId"] = f.EventType, f.EventID, d.opt.CorpID, now, "app-1"
	}
	return json.Marshal(map[string]any{"specVersion": "1.0", "type": f.Type, "headers": h, "data": string(f.Data)})
}

// push sends a frame over a random connection that subscribed to it and waits
// for the acknowledgement. Copies go over random connections of their own.
func (d *Ding) push(f DingFrame, wait time.Duration) (DingAck, bool) {
	for range d.delivery().Copies {
		d.owned(func() { d.pushOnce(f, wait) })
	}
	return d.pushOnce(f, wait)
}

func (d *Ding) pushOnce(f DingFrame, wait time.Duration) (DingAck, bool) {
	raw, err := d.encode(f)
	if err != nil {
		return DingAck{}, false
	}
	d.mu.Lock()
	var live []*dingConn
	for c := range d.conns {
		if c.topics[f.Type+" "+f.Topic] {
			live = append(live, c)
		}
	}
	d.mu.Unlock()
	if len(live) == 0 {
		d.pause(min(wait, 50*time.Millisecond))
		return DingAck{}, false
	}
	c := live[rand.IntN(len(live))]
	ch, forget := c.await(f.MessageID)
	defer forget()
	if !d.isFrozen(c) {
		if err := c.send(raw); err != nil {
			return DingAck{}, false
		}
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case ack := <-ch:
		return ack, true
	case <-t.C:
	case <-d.stop:
	}
	return DingAck{}, false
}

// await is where the acknowledgement of a frame arrives.
func (c *dingConn) await(id string) (ack chan DingAck, forget func()) {
	ack = make(chan DingAck, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wait[id] == nil {
		c.wait[id] = map[chan DingAck]bool{}
	}
	c.wait[id][ack] = true
	return ack, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if delete(c.wait[id], ack); len(c.wait[id]) == 0 {
			delete(c.wait, id)
		}
	}
}

func (c *dingConn) send(raw []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, raw)
}

// System sends a frame of the SYSTEM type ("ping", "disconnect") over every
// connection and waits for the acknowledgements.
func (d *Ding) System(topic, data string) []DingAck {
	var out []DingAck
	for _, c := range d.live() {
		d.mu.Lock()
		f := DingFrame{Type: "SYSTEM", Topic: topic, MessageID: d.next("sys"), Data: []byte(data)}
		d.mu.Unlock()
		raw, err := d.encode(f)
		if err != nil {
			continue
		}
		ch, forget := c.await(f.MessageID)
		if c.send(raw) == nil {
			t := time.NewTimer(d.opt.AckWait)
			select {
			case ack := <-ch:
				out = append(out, ack)
			case <-t.C:
			}
			t.Stop()
		}
		forget()
	}
	return out
}

// Connections is the number of live stream connections.
func (d *Ding) Connections() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for c := range d.conns {
		if !c.frozen {
			n++
		}
	}
	return n
}

// DropConnections cuts every stream connection without a closing handshake.
func (d *Ding) DropConnections() {
	for _, c := range d.live() {
		c.ws.UnderlyingConn().Close()
	}
}

// FreezeConnections makes the present connections half-open: they stay up,
// nothing is answered and what is sent over them is lost.
func (d *Ding) FreezeConnections() {
	for _, c := range d.live() {
		d.mu.Lock()
		c.frozen = true
		d.mu.Unlock()
	}
}

func (d *Ding) live() []*dingConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*dingConn
	for c := range d.conns {
		out = append(out, c)
	}
	return out
}

// DingDelivery follows a frame until it was acknowledged or given up.
type DingDelivery struct {
	DingFrame
	done  chan struct{}
	tries int
	acked bool
}

// Wait waits until the frame was acknowledged or given up and returns how often
// it was sent and whether it was acknowledged.
func (x *DingDelivery) Wait(ctx context.Context) (tries int, acked bool, err error) {
	select {
	case <-x.done:
		return x.tries, x.acked, nil
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
}

// Emit delivers an event: at least once, again while it is not acknowledged.
func (d *Ding) Emit(kind string, data any) (*DingDelivery, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	f := DingFrame{Type: "EVENT", Topic: dingAllEvents, EventType: kind, EventID: d.next("event"), Data: raw}
	f.ID = f.EventID
	d.mu.Unlock()
	return d.deliver(f), nil
}

func (d *Ding) deliver(f DingFrame) *DingDelivery {
	d.mu.Lock()
	d.frames = append(d.frames, f)
	d.mu.Unlock()
	return d.Again(f)
}

// Again delivers a frame once more: the same message or event in a new frame.
func (d *Ding) Again(f DingFrame) *DingDelivery {
	x := &DingDelivery{DingFrame: f, done: make(chan struct{})}
	bad := d.delivery()
	if !d.owned(func() {
		defer close(x.done)
		if !d.pause(bad.delay()) {
			return
		}
		for try := 0; ; try++ {
			x.tries++
			d.mu.Lock()
			f.MessageID = d.next("frame")
			d.mu.Unlock()
			ack, ok := d.push(f, d.opt.AckWait)
			if ok && ack.Code == http.StatusOK && (f.Type != "EVENT" || !strings.Contains(string(ack.Data), "LATER")) {
				x.acked = true
				if bad.Repeat && try == 0 {
					continue
				}
				return
			}
			if try >= len(d.opt.Redeliver) || !d.pause(d.opt.Redeliver[try]) {
				return
			}
		}
	}) {
		close(x.done)
	}
	return x
}

// Frames are all messages and events so far, oldest first, presses excluded.
func (d *Ding) Frames() []DingFrame {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]DingFrame(nil), d.frames...)
}
