package dingbot

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// The monthly quotas of the free edition, for the whole organisation
// (dingtalk.md §5.1).
const (
	freeAPI    = 5000
	freeStream = 3000
)

// The buckets of the quota.
const (
	quotaAPI    = "api"
	quotaStream = "stream"
)

const (
	// warnAt is the share of a quota from which on it is a problem.
	warnAt     = 0.8
	flushEvery = 10 * time.Second
)

// quota counts the month's calls together with the other replicas. What other
// apps of the organisation use is not seen.
type quota struct {
	counter Counter
	now     func() time.Time
	app     string
	limit   map[string]int64
	health  *health

	mu      sync.Mutex
	month   string
	used    map[string]int64 // what all replicas used, as of the last flush
	pending map[string]int64 // what was not flushed yet
	warned  map[string]bool  // by bucket, this month
}

func newQuota(o Options, h *health) *quota {
	q := &quota{counter: o.Counter, now: o.Clock.Now, app: o.ClientID, health: h, limit: map[string]int64{}}
	for bucket, n := range map[string]int{quotaAPI: o.QuotaAPI, quotaStream: o.QuotaStream} {
		q.limit[bucket] = int64(max(n, 0))
	}
	q.turn(q.thisMonth())
	return q
}

// platformZone is the time of the platform's own calendar.
var platformZone = time.FixedZone("UTC+8", 8*3600)

// thisMonth is the month of the platform's own calendar.
func (q *quota) thisMonth() string { return q.now().In(platformZone).Format("2006-01") }

func (q *quota) turn(month string) {
	q.month, q.used, q.pending, q.warned = month, map[string]int64{}, map[string]int64{}, map[string]bool{}
}

// add counts calls.
func (q *quota) add(bucket string, n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m := q.thisMonth(); m != q.month {
		q.turn(m)
	}
	q.pending[bucket] += n
	q.warn(bucket)
}

// warn says once a month that a quota is nearly used up; the caller holds the
// lock.
func (q *quota) warn(bucket string) {
	used, limit := q.used[bucket]+q.pending[bucket], q.limit[bucket]
	if limit == 0 || q.warned[bucket] || float64(used) < warnAt*float64(limit) {
		return
	}
	q.warned[bucket] = true
	q.health.problem(ProblemQuota + "." + bucket)
	slog.Warn("the month's calls are nearly used up", "platform", Name, "quota", bucket, "used", used, "limit", limit)
}

func (q *quota) state() []QuotaState {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []QuotaState
	for _, b := range []string{quotaAPI, quotaStream} {
		out = append(out, QuotaState{Bucket: b, Used: q.used[b] + q.pending[b], Limit: q.limit[b]})
	}
	return out
}

// run shares the counts with the other replicas until the context ends.
func (q *quota) run(ctx context.Context) {
	t := time.NewTicker(flushEvery)
	defer t.Stop()
	for {
		q.flush(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// flush adds what was counted here to the shared sums and reads them. Without a
// counter the process is on its own.
func (q *quota) flush(ctx context.Context) {
	if q.counter == nil {
		return
	}
	for _, bucket := range []string{quotaAPI, quotaStream} {
		q.mu.Lock()
		n, month := q.pending[bucket], q.month
		q.mu.Unlock()
		sum, err := q.counter.Count(ctx, "dingtalk:"+q.app+":"+bucket+":"+month, n)
		if err != nil {
			if ctx.Err() == nil {
				slog.WarnContext(ctx, "calls not counted", "platform", Name, "err", err)
			}
			return
		}
		q.mu.Lock()
		if q.month == month {
			q.pending[bucket] -= n
			q.used[bucket] = sum
			q.warn(bucket)
		}
		q.mu.Unlock()
	}
}
