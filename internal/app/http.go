package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves /healthz (the process runs), /readyz (database and shared
// state answer) and /metrics (Prometheus).
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := a.DB.Ping(ctx); err != nil {
			http.Error(w, "database: not reachable", http.StatusServiceUnavailable)
			return
		}
		if err := a.KV.Ping(ctx); err != nil {
			http.Error(w, "redis: not reachable", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ready\n"))
	})
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "crmbot_outbox_waiting", Help: "Messages that wait to be delivered."}, func() float64 {
			return float64(a.outboxWaiting())
		}))
	reg.MustRegister(dingMetrics{a})
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

// Public serves what the world may reach besides the platforms: the intake of
// leads. Everything else goes to next.
func (a *App) Public(next http.Handler) http.Handler { return a.Services.Intake.Handler(next) }

func (a *App) outboxWaiting() int64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n, err := a.DB.OutboxWaiting(ctx)
	if err != nil {
		return -1
	}
	return n
}
