package app_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/testdb"
)

// A copy that everybody reads, like the list of pools, grows old while every
// connection is in a transaction. Whoever reads it anew must not make those wait
// who hold the connections, or nobody would ever go on.
func TestWorkGoesOnWithFewConnections(t *testing.T) {
	t.Run("claims", func(t *testing.T) {
		c := newClaims(t, testdb.MySQL(t), 10_000)
		c.check(t, goOn(t, c.company, c.whole))
	})
	t.Run("visits", func(t *testing.T) {
		v := newVisits(t, testdb.MySQL(t), 5_000)
		v.check(t, goOn(t, v.company, v.whole))
	})
}

// goOn lets 32 people work with 4 connections until the copies grew old,
// and returns how many pieces were done.
func goOn(t *testing.T, c *company, do work) int {
	t.Helper()
	const people, connections = 32, 4
	c.sql.SetMaxOpenConns(connections)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	end := time.Now().Add(4 * time.Second)
	var next atomic.Int64
	done := make(chan error, people)
	for range people {
		go func() {
			for time.Now().Before(end) {
				if err := do(ctx, int(next.Add(1))-1); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range people {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-ctx.Done():
			t.Fatalf("after %d pieces nobody goes on", next.Load())
		}
	}
	return int(next.Load())
}
