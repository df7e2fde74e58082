package dingbot

import (
	"context"
	"log/slog"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	stream "github.com/open-dingtalk/dingtalk-stream-sdk-go/client"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/logger"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/payload"

	"crmbot/bot/adapter"
)

const (
	// watchEvery is how often the connection is looked at; the SDK's own
	// reconnect would leave a gap of three seconds and more.
	watchEvery = 200 * time.Millisecond
	// A connection that cannot be opened, or breaks at once, is opened again more
	// and more slowly.
	refusedFirst, refusedLast = time.Second, time.Minute
	brokenFirst, brokenLast   = 200 * time.Millisecond, time.Second
	// steady is how long a connection must have lasted for the next one to be
	// opened without delay.
	steady = 10 * time.Second
	// pending is how many frames may be worked on at once. Beyond it the SDK
	// leaves frames without acknowledgement.
	pending = 2000
)

// receive keeps the stream connection up until the context ends.
func (b *Bot) receive(ctx context.Context) error {
	cli := stream.NewStreamClient(stream.WithAppCredential(stream.NewAppCredentialConfig(b.opt.ClientID, b.opt.ClientSecret)), stream.WithOpenApiHost(b.opt.APIURL),
		stream.WithAutoReconnect(false), stream.WithKeepAlive(b.opt.KeepAlive), stream.WithMaxPendingHandlers(pending))
	cli.RegisterCallbackRouter(payload.BotMessageCallbackTopic, b.onMessage)
	cli.RegisterCallbackRouter(payload.CardInstanceCallbackTopic, b.onPress)
	cli.RegisterAllEventRouter(b.onEvent)
	defer cli.Close()
	defer b.health.connected(false)
	refused, broken := refusedFirst, brokenFirst
	var since time.Time
	for ctx.Err() == nil {
		// Start does nothing while a connection is up. Whether it opened one shows
		// in whether it sent its request.
		var asked atomic.Bool
		trace := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { asked.Store(true) }})
		err := cli.Start(trace)
		wait := watchEvery
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			b.health.connected(false)
			b.refusedOpen(ctx, err)
			wait, refused = refused, min(refused*2, refusedLast)
		case asked.Load():
			b.health.open()
			b.health.connected(true)
			slog.InfoContext(ctx, "stream connected", "platform", Name)
			refused = refusedFirst
			if time.Since(since) < steady {
				// The last one broke soon: leave some time before the next.
				wait, broken = broken, min(broken*2, brokenLast)
			} else {
				broken = brokenFirst
			}
			since = time.Now()
		}
		if !adapter.Pause(ctx, wait) {
			return nil
		}
	}
	return nil
}

// refusedOpen reports that no connection could be opened. The text is the
// platform's answer or the network's error; neither holds the secret.
func (b *Bot) refusedOpen(ctx context.Context, err error) {
	msg := err.Error()
	if len(msg) > 300 {
		msg = msg[:300]
	}
	if b.health.problem(ProblemOpen) {
		slog.ErrorContext(ctx, "no stream connection; check dingtalk.client_id, dingtalk.client_secret and that the app receives in stream mode", "platform", Name, "answer", msg)
		return
	}
	slog.WarnContext(ctx, "no stream connection", "platform", Name)
}

const ackOK, ackFailed = 200, 500

// acked is an acknowledgement with data.
func acked(data string) *payload.DataFrameResponse {
	r := payload.NewDataFrameResponse(ackOK)
	r.Message = "OK"
	r.SetData(data)
	return r
}

// again asks the platform to deliver a frame again.
func again() *payload.DataFrameResponse {
	r := payload.NewDataFrameResponse(ackFailed)
	r.Message = "later"
	return r
}

// onMessage stores a message and acknowledges it. The work goes on by itself:
// the frame's own context ends with its connection.
func (b *Bot) onMessage(_ context.Context, f *payload.DataFrame) (*payload.DataFrameResponse, error) {
	b.quota.add(quotaStream, 1)
	if b.accept(b.work.Context(), kindMessage, []byte(f.Data), f.GetMessageId()) {
		return acked(`{"response":null}`), nil
	}
	return again(), nil
}

// onPress answers a press within the platform's two seconds.
func (b *Bot) onPress(_ context.Context, f *payload.DataFrame) (*payload.DataFrameResponse, error) {
	b.quota.add(quotaStream, 1)
	a, ok := b.press(b.work.Context(), []byte(f.Data), f.GetMessageId())
	if !ok {
		return again(), nil
	}
	raw, err := encode(map[string]any{"response": a})
	if err != nil {
		return again(), nil
	}
	return acked(string(raw)), nil
}

const (
	eventDone  = `{"status":"SUCCESS","message":"success"}`
	eventLater = `{"status":"LATER","message":"later"}`
)

// onEvent stores an event that means something to us and acknowledges every
// event.
func (b *Bot) onEvent(_ context.Context, f *payload.DataFrame) (*payload.DataFrameResponse, error) {
	h := eventHead{ID: f.GetHeader("eventId"), Type: f.GetHeader("eventType"), Corp: f.GetHeader("eventCorpId")}
	if !free[h.Type] {
		b.quota.add(quotaStream, 1)
	}
	if b.acceptEvent(b.work.Context(), h, []byte(f.Data)) {
		return acked(eventDone), nil
	}
	r := again()
	r.SetData(eventLater)
	return r, nil
}

// sdkLog writes the SDK's warnings without their arguments: those hold messages
// of people, tickets and, at the debug level, the secret.
type sdkLog struct{}

func (sdkLog) Debugf(string, ...any)            {}
func (sdkLog) Infof(string, ...any)             {}
func (sdkLog) Warningf(format string, _ ...any) { slog.Warn("dingtalk sdk", "text", format) }
func (sdkLog) Errorf(format string, _ ...any)   { slog.Debug("dingtalk sdk", "text", format) }
func (sdkLog) Fatalf(format string, _ ...any)   { slog.Error("dingtalk sdk", "text", format) }

var quietOnce sync.Once

// quietSDK sets the SDK's logger, which is one for the whole process.
func quietSDK() { quietOnce.Do(func() { logger.SetLogger(sdkLog{}) }) }
