package webchat

// Chat tells subscribers of an event, as the hub does itself.
func (h *Hub) Chat(e Event) { h.emit(e) }

// Subscribers is how many are told of events.
func (h *Hub) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}
