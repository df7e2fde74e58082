package app_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// callers are how many people work at the same time in each benchmark.
var callers = []int{1, 8, 32, 64}

// work does the i-th piece of work; i counts from zero and never repeats.
type work func(ctx context.Context, i int) error

// timings are how long each piece took, in no order.
type timings []time.Duration

// quantile is the duration that the share q of the pieces did not exceed.
func (t timings) quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	s := slices.Clone(t)
	slices.Sort(s)
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

// together does the pieces from..from+n with so many callers, each starting its
// next piece when the last one is done, and tells how long all of it took.
func together(b testing.TB, callers, from, n int, do work) (time.Duration, timings) {
	b.Helper()
	var next atomic.Int64
	all := make([]timings, callers)
	var wg sync.WaitGroup
	begin := time.Now()
	for c := range callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || b.Failed() {
					return
				}
				start := time.Now()
				if err := do(b.Context(), from+i); err != nil {
					b.Errorf("piece %d: %v", from+i, err)
					return
				}
				all[c] = append(all[c], time.Since(start))
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	if b.Failed() {
		b.FailNow()
	}
	return took, slices.Concat(all...)
}

// compare runs b.N pieces of the whole path and as many of the bare one, in
// turns, so that whatever else the machine does disturbs both alike, and
// reports both rates, their ratio and the latency of the whole. A piece of the
// whole path is so many requests; done is the number of pieces that earlier
// runs used up.
func compare(b *testing.B, callers, requests int, done *int, bare, whole work) {
	b.Helper()
	rounds := min(max(b.N/(8*callers), 1), 10)
	var bareTook, wholeTook time.Duration
	var lat timings
	b.StopTimer()
	for r := range rounds {
		n := b.N*(r+1)/rounds - b.N*r/rounds
		took, _ := together(b, callers, *done, n, bare)
		bareTook += took
		b.StartTimer()
		took, t := together(b, callers, *done, n, whole)
		b.StopTimer()
		wholeTook += took
		lat = append(lat, t...)
		*done += n
	}
	n := float64(b.N)
	b.ReportMetric(n/bareTook.Seconds(), "bare/s")
	b.ReportMetric(n/wholeTook.Seconds(), "whole/s")
	b.ReportMetric(bareTook.Seconds()/wholeTook.Seconds(), "ratio")
	if requests > 1 {
		b.ReportMetric(float64(requests)*bareTook.Seconds()/wholeTook.Seconds(), "ratio/request")
	}
	b.ReportMetric(ms(lat.quantile(0.50)), "p50-ms")
	b.ReportMetric(ms(lat.quantile(0.99)), "p99-ms")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// openLoop starts pieces at a fixed rate for so long, whether earlier ones are
// done or not, and measures each from the moment at which it was due: a system
// that falls behind shows it.
func openLoop(b testing.TB, rate int, length time.Duration, from int, do work) (n int, lat timings) {
	b.Helper()
	n = int(length.Seconds() * float64(rate))
	lat = make(timings, n)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range n {
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if d := time.Until(due); d > 0 {
			select {
			case <-time.After(d):
			case <-b.Context().Done():
				b.Fatal(b.Context().Err())
			}
		}
		wg.Go(func() {
			if err := do(b.Context(), from+i); err != nil {
				b.Errorf("piece %d: %v", from+i, err)
			}
			lat[i] = time.Since(due)
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return n, lat
}
