package kv_test

import (
	"testing"

	"go.uber.org/goleak"

	"crmbot/internal/kv"
	"crmbot/internal/kv/kvtest"
	"crmbot/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryContract(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Store { return kv.NewMemory(nil) })
}

func TestRedisContract(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Store {
		s, err := kv.OpenRedis(t.Context(), testenv.Redis(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
