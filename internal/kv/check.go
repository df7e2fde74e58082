package kv

import (
	"fmt"
	"math"
	"time"
)

// The checks are shared so that both stores refuse the same calls. They name
// lengths and numbers, never the key: it may belong to a person.

func checkKey(key string) error {
	if len(key) == 0 || len(key) > MaxKey {
		return fmt.Errorf("%w: key of %d bytes, must be 1 to %d", ErrInvalid, len(key), MaxKey)
	}
	return nil
}

func checkValue(value []byte) error {
	if len(value) > MaxValue {
		return fmt.Errorf("%w: value of %d bytes, must be at most %d", ErrInvalid, len(value), MaxValue)
	}
	return nil
}

func checkTTL(ttl time.Duration) error {
	if ttl < time.Millisecond {
		return fmt.Errorf("%w: time to live %s, must be at least 1ms", ErrInvalid, ttl)
	}
	return nil
}

func checkTake(rate float64, burst, n int) error {
	switch {
	case !(rate >= minRate && rate <= maxRate):
		return fmt.Errorf("%w: rate of %g per second, must be %g to %g", ErrInvalid, rate, minRate, maxRate)
	case burst < 1 || float64(burst)/rate > maxFill.Seconds():
		return fmt.Errorf("%w: burst of %d, must be at least 1 and fill within %s", ErrInvalid, burst, maxFill)
	case n < 1 || n > burst:
		return fmt.Errorf("%w: %d tokens, must be 1 to %d", ErrInvalid, n, burst)
	}
	return nil
}

func checkAhead(ahead time.Duration) error {
	if ahead < 0 || ahead > MaxAhead {
		return fmt.Errorf("%w: %s ahead, must be 0 to %s", ErrInvalid, ahead, MaxAhead)
	}
	return nil
}

func checkPlace(n int, ttl, cool time.Duration) error {
	switch {
	case n < 1 || n > maxPlaces:
		return fmt.Errorf("%w: %d places, must be 1 to %d", ErrInvalid, n, maxPlaces)
	case cool < 0 || cool > ttl:
		return fmt.Errorf("%w: a place stays taken for %s after it was left, must be 0 to its time to live %s", ErrInvalid, cool, ttl)
	}
	return checkTTL(ttl)
}

// maxPlaces bounds what one key keeps.
const maxPlaces = 1000

// The limits keep the bucket's arithmetic exact to the microsecond in the
// floating-point numbers that Redis scripts calculate with.
const (
	minRate = 1e-6
	maxRate = 1e5
	maxFill = 30 * 24 * time.Hour
)

// interval is the time in microseconds in which a bucket gains one token.
func interval(rate float64) float64 { return 1e6 / rate }

// take is the arithmetic of a bucket. Its whole state is one moment: when it
// will be full again (all times in microseconds). Taking a token moves the
// moment by one interval; it may not move further than burst intervals, and the
// time that tokens may be reserved ahead, from now. If it would, full is returned
// unchanged. wait is how long until the tokens are there.
func take(full, now, interval float64, burst, n int, ahead float64) (newFull float64, wait time.Duration, ok bool) {
	size := float64(burst) * interval
	// Not earlier than now: a bucket is never more than full. Not later than
	// empty: else a clock that was set back would block the key for that long.
	full = min(max(full, now), now+size+ahead)
	newFull = full + float64(n)*interval
	over := newFull - (now + size)
	if over > 0.5 {
		wait = time.Duration(math.Ceil(over)) * time.Microsecond
	}
	if over > ahead+0.5 {
		return full, wait, false
	}
	return newFull, wait, true
}
