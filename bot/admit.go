package bot

import (
	"bytes"
	"context"

	"crmbot/internal/crm"
)

// admission is what the limits said about a request: a refusal, or nil.
type admission struct{ refusal *Reply }

func no(rep Reply) *admission { return &admission{&rep} }

// Admit decides, before an adapter spends anything on a request, whether it is
// worth it: the person is known, keeps to the limits, and the event was not
// handled before. files counts what would be fetched. Hand the request to
// Handle in any case; it gives the answer, also when it is no.
func (rt *Runtime) Admit(ctx context.Context, req *Req, files int) bool {
	req.Unfetched = files
	a, err := rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
	if err != nil || rt.gate().handled(ctx, req) {
		return false
	}
	req.Lang = a.Lang
	req.admitted = rt.gate().admit(ctx, req)
	if req.admitted.refusal != nil {
		return false
	}
	req.Unfetched = 0
	return true
}

// Fetch brings the files of a message, if the request is admitted; what they
// have together is bounded while they come. The error is the fetching's.
func (rt *Runtime) Fetch(ctx context.Context, req *Req, files int, fetch func(ctx context.Context, i int) (File, error)) error {
	if files == 0 || !rt.Admit(ctx, req, files) {
		return nil
	}
	for i := range files {
		f, err := fetch(ctx, i)
		if err != nil {
			return err
		}
		if req.Files = append(req.Files, f); rt.gate().tooBig(req) != nil {
			return nil // the limits refuse it with the numbers
		}
	}
	return nil
}

func (rt *Runtime) gate() *Gate {
	if rt.Gate != nil {
		return rt.Gate
	}
	l := DefaultLimits
	l.PerSecond = 0
	return &Gate{Limits: l}
}

// handled reports that an event took effect before.
func (g *Gate) handled(ctx context.Context, req *Req) bool {
	if g.KV == nil || req.EventID == "" {
		return false
	}
	state, ok, err := g.KV.Get(ctx, eventKey(req))
	return err == nil && ok && bytes.Equal(state, markDone)
}

// leftThere tells somebody who became known with this very message that its
// files did not come.
func leftThere() error {
	return crm.Invalid("消息里的文件还没有收取，没有保存任何内容", "the files of the message were not taken yet; nothing was saved").
		WithNext("请重新发送", "please send it again")
}
