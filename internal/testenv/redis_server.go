package testenv

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// EnvRedisServer is the path of the redis-server program, for tests that need
// a server of their own.
const EnvRedisServer = "CRMBOT_TEST_REDIS_SERVER"

// RedisServer is a Redis process that one test owns and may kill. It keeps
// nothing over a restart. Its methods are called from the test's goroutine.
type RedisServer struct {
	// URL names the server; it stays the same over restarts.
	URL string

	t       testing.TB
	program string
	args    []string
	addr    string
	cmd     *exec.Cmd
}

// StartRedis starts a Redis of the test's own on a free port with further
// arguments and ends it with the test.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	program := os.Getenv(EnvRedisServer)
	if program == "" {
		var err error
		if program, err = exec.LookPath("redis-server"); err != nil {
			Missing(t, "Redis suite", why(EnvRedis, "no redis-server ("+EnvRedisServer+" is empty and it is not on the path)"))
		}
	}
	port := freePort(t)
	s := &RedisServer{
		t: t, program: program, addr: net.JoinHostPort("127.0.0.1", port),
		args: append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "no"}, args...),
	}
	s.URL = "redis://" + s.addr + "/0"
	t.Cleanup(s.Kill)
	s.Start()
	return s
}

// StartRedisCluster starts a cluster of one node, which holds all slots and
// refuses what a bigger cluster would refuse. The URL says that it is a cluster.
func StartRedisCluster(t testing.TB) *RedisServer {
	t.Helper()
	s := StartRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(t.TempDir(), "nodes.conf"))
	c := redis.NewClient(&redis.Options{Addr: s.addr})
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
	defer cancel()
	if err := c.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatalf("giving the cluster its slots: %v", err)
	}
	poll(t, "the cluster is up", func() error {
		info, err := c.ClusterInfo(ctx).Result()
		if err == nil && len(info) >= 16 && info[:16] != "cluster_state:ok" {
			err = fmt.Errorf("it says %.20q", info)
		}
		return err
	})
	s.URL = "redis://" + s.addr + "?cluster=true"
	return s
}

// Start starts the server again after Kill and waits until it answers.
func (s *RedisServer) Start() {
	s.t.Helper()
	if s.cmd != nil {
		return
	}
	s.cmd = exec.Command(s.program, s.args...)
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		s.t.Fatalf("starting redis-server: %v", err)
	}
	c := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DialerRetries: 1})
	defer c.Close()
	poll(s.t, "redis-server answers", func() error { return c.Ping(context.WithoutCancel(s.t.Context())).Err() })
}

// Kill ends the server at once, without a chance to say anything.
func (s *RedisServer) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed: always an error
	s.cmd = nil
}

// startTimeout is how long a server may take to start on a busy machine.
const startTimeout = 30 * time.Second

// poll calls f until it has no error.
func poll(t testing.TB, what string, f func() error) {
	t.Helper()
	deadline := time.After(startTimeout)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waiting until %s: %v", what, err)
		}
	}
}

// freePort is a TCP port of the loopback interface that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
