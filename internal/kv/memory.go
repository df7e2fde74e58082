package kv

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"
)

// Memory is the Store for one process: nothing to install, nothing shared.
// Time to live runs by its clock. Entries that have ended are freed by later
// calls, so it needs no goroutine.
type Memory struct {
	clock Clock
	opt   options

	mu     sync.Mutex
	closed bool
	kept   map[string]*entry // values and buckets by name space and key
	ends   endHeap           // the same, the one that ends first on top
	size   int64             // of kept, in bytes
	locks  map[string]*lock
	places map[string][]*lock
	swept  time.Time // when locks were last searched for ended ones
	token  int64     // the last that was given out
	subs   map[string]map[*subscription]struct{}
}

// entry is a value or a bucket.
type entry struct {
	key   string
	value []byte
	full  float64 // of a bucket: see take
	ends  time.Time
	index int // in the heap
}

type lock struct {
	token int64
	ends  time.Time
}

type subscription struct {
	messages chan []byte
	stop     func() bool // unhooks it from its context
}

// overhead is roughly what an entry costs beside its key and value.
const overhead = 160

// NewMemory makes an empty store. With a nil clock it uses the real time.
func NewMemory(clock Clock, opts ...Option) *Memory {
	if clock == nil {
		clock = wall{}
	}
	return &Memory{
		clock:  clock,
		opt:    newOptions(opts),
		kept:   map[string]*entry{},
		locks:  map[string]*lock{},
		places: map[string][]*lock{},
		subs:   map[string]map[*subscription]struct{}{},
	}
}

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// Name spaces of values and buckets.
const (
	spaceValue  = "v:"
	spaceBucket = "b:"
)

// enter checks the call and locks the store. The caller unlocks it if err is nil.
func (m *Memory) enter(ctx context.Context, key string) (time.Time, error) {
	if err := checkKey(key); err != nil {
		return time.Time{}, err
	}
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	now := m.clock.Now()
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return time.Time{}, ErrClosed
	}
	return now, nil
}

// SetNX implements Store.
func (m *Memory) SetNX(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	return m.set(ctx, key, value, ttl, true)
}

// Set implements Store.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := m.set(ctx, key, value, ttl, false)
	return err
}

func (m *Memory) set(ctx context.Context, key string, value []byte, ttl time.Duration, onlyNew bool) (bool, error) {
	if err := checkValue(value); err != nil {
		return false, err
	}
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	now, err := m.enter(ctx, key)
	if err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	if onlyNew && m.find(spaceValue+key, now) != nil {
		return false, nil
	}
	m.keep(&entry{key: spaceValue + key, value: bytes.Clone(value), ends: now.Add(ttl)}, now)
	return true, nil
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, bool, error) {
	now, err := m.enter(ctx, key)
	if err != nil {
		return nil, false, err
	}
	defer m.mu.Unlock()
	e := m.find(spaceValue+key, now)
	if e == nil {
		return nil, false, nil
	}
	return append([]byte{}, e.value...), true, nil
}

// Del implements Store.
func (m *Memory) Del(ctx context.Context, key string) error {
	_, err := m.enter(ctx, key)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	if e := m.kept[spaceValue+key]; e != nil {
		m.drop(e)
	}
	return nil
}

// Take implements Store.
func (m *Memory) Take(ctx context.Context, key string, rate float64, burst, n int) (bool, time.Duration, error) {
	return m.Reserve(ctx, key, rate, burst, n, 0)
}

// Reserve implements Store.
func (m *Memory) Reserve(ctx context.Context, key string, rate float64, burst, n int, ahead time.Duration) (bool, time.Duration, error) {
	if err := errors.Join(checkTake(rate, burst, n), checkAhead(ahead)); err != nil {
		return false, 0, err
	}
	now, err := m.enter(ctx, key)
	if err != nil {
		return false, 0, err
	}
	defer m.mu.Unlock()
	var before float64
	if e := m.find(spaceBucket+key, now); e != nil {
		before = e.full
	}
	full, wait, ok := take(before, float64(now.UnixMicro()), interval(rate), burst, n, float64(ahead.Microseconds()))
	if !ok {
		return false, wait, nil
	}
	// A full bucket needs no entry: it is the same as none.
	m.keep(&entry{key: spaceBucket + key, full: full, ends: time.UnixMicro(int64(full) + 1)}, now)
	return true, wait, nil
}

// Lock implements Store.
func (m *Memory) Lock(ctx context.Context, key string, ttl time.Duration) (func() error, int64, bool, error) {
	if err := checkTTL(ttl); err != nil {
		return nil, 0, false, err
	}
	now, err := m.enter(ctx, key)
	if err != nil {
		return nil, 0, false, err
	}
	defer m.mu.Unlock()
	m.sweepLocks(now)
	if l := m.locks[key]; l != nil && now.Before(l.ends) {
		return nil, 0, false, nil
	}
	// Based on the time, so that tokens keep growing over a restart.
	m.token = max(m.token+1, now.UnixMicro())
	mine := &lock{token: m.token, ends: now.Add(ttl)}
	m.locks[key] = mine
	var once sync.Once
	unlock := func() (err error) {
		once.Do(func() {
			now := m.clock.Now()
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.closed {
				err = ErrClosed
				return
			}
			if m.locks[key] != mine {
				err = ErrLost
				return
			}
			delete(m.locks, key)
			if !now.Before(mine.ends) {
				err = ErrLost
			}
		})
		return err
	}
	return unlock, mine.token, true, nil
}

// sweepLocks frees locks that ended without unlock, at most once a minute.
func (m *Memory) sweepLocks(now time.Time) {
	if since := now.Sub(m.swept); since >= 0 && since < time.Minute {
		return
	}
	m.swept = now
	for key, l := range m.locks {
		if !now.Before(l.ends) {
			delete(m.locks, key)
		}
	}
	for key := range m.places {
		m.freePlaces(key, now)
	}
}

// Ping implements Store.
func (m *Memory) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	return nil
}

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	for _, subs := range m.subs {
		for s := range subs {
			s.stop()
			close(s.messages)
		}
	}
	m.kept, m.ends, m.locks, m.places, m.subs, m.size = nil, nil, nil, nil, nil, 0
	return nil
}

// find returns the entry that still lasts, or nil.
func (m *Memory) find(key string, now time.Time) *entry {
	e := m.kept[key]
	if e == nil {
		return nil
	}
	if !now.Before(e.ends) {
		m.drop(e)
		return nil
	}
	return e
}

// keep stores the entry in place of any other with its key, frees what has
// ended, and makes room when the store is too big.
func (m *Memory) keep(e *entry, now time.Time) {
	if old := m.kept[e.key]; old != nil {
		m.drop(old)
	}
	for len(m.ends) > 0 && (!now.Before(m.ends[0].ends) || m.size+e.bytes() > m.opt.limit) {
		m.drop(m.ends[0])
	}
	m.kept[e.key] = e
	m.size += e.bytes()
	heap.Push(&m.ends, e)
}

func (m *Memory) drop(e *entry) {
	heap.Remove(&m.ends, e.index)
	delete(m.kept, e.key)
	m.size -= e.bytes()
}

func (e *entry) bytes() int64 { return int64(len(e.key)+len(e.value)) + overhead }

// endHeap orders entries by their end.
type endHeap []*entry

func (h endHeap) Len() int           { return len(h) }
func (h endHeap) Less(i, j int) bool { return h[i].ends.Before(h[j].ends) }
func (h endHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *endHeap) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}
func (h *endHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
