package webchat

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"crmbot/internal/crm"
)

const (
	eventBacklog = 256
	heartbeat    = 20 * time.Second
	// writeWithin is how long a browser may take to read one event.
	writeWithin = 30 * time.Second
)

// events streams what happens in the chats of a person (server-sent events).
// A browser that falls too far behind is told to load the chat again.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	a, err := s.who(r)
	if err != nil {
		http.Error(w, crm.MessageOf(err, crm.Chinese), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	queue := make(chan Event, eventBacklog)
	lost := make(chan struct{}, 1)
	cancel := s.Hub.Subscribe(func(e Event) {
		select {
		case queue <- e:
		default:
			select {
			case lost <- struct{}{}:
			default:
			}
		}
	})
	defer cancel()
	send := func(kind string, v any) bool {
		body, err := json.Marshal(v)
		if err != nil {
			slog.Error("encode event", "err", err)
			return true
		}
		// A browser that stopped reading must not hold the stream for ever.
		if err := rc.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, body); err != nil {
			return false
		}
		return rc.Flush() == nil
	}
	if !send("hello", map[string]bool{"ok": true}) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		ok := true
		select {
		case <-r.Context().Done():
			return
		case <-s.Hub.closed:
			return
		case <-beat.C:
			ok = send("beat", map[string]bool{})
		case <-lost:
			ok = send("reload", map[string]bool{})
		case e := <-queue:
			ok = s.sendEvent(r, a, e, send)
		}
		if !ok {
			return
		}
	}
}

func (s *Server) sendEvent(r *http.Request, a crm.Actor, e Event, send func(string, any) bool) bool {
	switch {
	case e.Kind == "clock":
		v, err := s.clock(r)
		if err != nil {
			return true
		}
		return send("clock", v)
	case e.Kind == "chats":
		return !s.Hub.Sees(a.ID, e.Chat) || send("chats", map[string]string{"chat": e.Chat})
	case e.Kind == "toast":
		return e.User != a.ID || send("toast", map[string]string{"text": e.Toast, "tone": e.Tone})
	case e.Message != nil && s.Hub.Sees(a.ID, e.Chat):
		return send(e.Kind, s.message(r.Context(), *e.Message, a.Lang))
	}
	return true
}
