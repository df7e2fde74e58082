package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"crmbot/bot/dingbot"
	"crmbot/configs"
	"crmbot/internal/kv"
)

// addDingTalk joins the adapter for DingTalk to the app.
func (p *Platforms) addDingTalk(c configs.DingTalk) error {
	a := p.app
	var b *dingbot.Bot
	contact := func(ctx context.Context, userID string, left bool) error {
		return a.contactChanged(ctx, b, userID, left)
	}
	o := dingOptions(c, a.KV)
	o.Inbox, o.Counter, o.Homes, o.Clock, o.Contact, o.UserID = a.DB, a.DB, a.DB, a.Clock, contact, a.DingTalkID
	var err error
	b, err = dingbot.New(o)
	if err != nil {
		return err
	}
	b.Connect(a.Runtime)
	a.AddPlatform(b, b.Later)
	p.list = append(p.list, b)
	return nil
}

// dingOptions describe the app of the configuration.
func dingOptions(c configs.DingTalk, store kv.Store) dingbot.Options {
	// In the adapter zero means the free edition, as for all its options.
	unwatched := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	return dingbot.Options{ClientID: c.ClientID, ClientSecret: c.ClientSecret, RobotCode: c.RobotCode, APIURL: c.APIURL, OAPIURL: c.OAPIURL, CardMode: c.CardMode,
		FormTemplate: c.FormTemplate, CardTemplate: c.CardTemplate, QuotaAPI: unwatched(c.QuotaAPI), QuotaStream: unwatched(c.QuotaStream), KV: store}
}

// DingTalkID is the user id on DingTalk of the one active person with the full
// name, "" if nobody or several have it.
func (a *App) DingTalkID(ctx context.Context, name string) string {
	found, err := a.Services.Directory.Find(ctx, name)
	if err != nil || len(found) != 1 || found[0].Name != name {
		return ""
	}
	ids, err := a.Services.Directory.Identities(ctx, found[0].ID)
	if err != nil {
		return ""
	}
	for _, i := range ids {
		if i.Platform == dingbot.Name && i.Tenant == "" {
			return i.External
		}
	}
	return ""
}

// dingMetrics shows the state of DingTalk where it runs.
type dingMetrics struct{ app *App }

var (
	dingCalls = prometheus.NewDesc("crmbot_dingtalk_calls", "Calls of the organisation's monthly quota that this app used, by quota.", []string{"quota"}, nil)
	dingQuota = prometheus.NewDesc("crmbot_dingtalk_quota", "The organisation's calls per month, by quota.", []string{"quota"}, nil)
	dingUp    = prometheus.NewDesc("crmbot_dingtalk_connected", "1 while events arrive.", nil, nil)
	dingOpens = prometheus.NewDesc("crmbot_dingtalk_opened_total", "Stream connections that were opened.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m dingMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{dingCalls, dingQuota, dingUp, dingOpens} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m dingMetrics) Collect(ch chan<- prometheus.Metric) {
	m.app.laterMu.RLock()
	b, ok := m.app.platforms[dingbot.Name].(*dingbot.Bot)
	m.app.laterMu.RUnlock()
	if !ok {
		return
	}
	h := b.Health()
	up := 0.0
	if h.Connected {
		up = 1
	}
	ch <- prometheus.MustNewConstMetric(dingUp, prometheus.GaugeValue, up)
	ch <- prometheus.MustNewConstMetric(dingOpens, prometheus.CounterValue, float64(h.Opened))
	for _, q := range h.Quota {
		ch <- prometheus.MustNewConstMetric(dingCalls, prometheus.GaugeValue, float64(q.Used), q.Bucket)
		if q.Limit > 0 {
			ch <- prometheus.MustNewConstMetric(dingQuota, prometheus.GaugeValue, float64(q.Limit), q.Bucket)
		}
	}
}
