package webchat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/cards/larkjson"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// Forms are the forms in which a card can be looked at.
var forms = []string{"lark", "ding-template", "ding-public", "ding-plain", "text"}

type rawJSON struct {
	Form     string   `json:"form"`
	Body     string   `json:"body"`
	Lossy    []string `json:"lossy"`
	Problems []string `json:"problems"`
	Bytes    int      `json:"bytes"`
}

// rawCard renders a card as a platform would get it.
func rawCard(c card.Card, form string) (rawJSON, error) {
	out := rawJSON{Form: form, Lossy: []string{}, Problems: []string{}}
	var lossy []card.Lossy
	switch form {
	case "text":
		out.Body = textcard.Render(c)
	case "lark":
		raw, l, err := larkjson.Render(c)
		if err != nil {
			return out, err
		}
		lossy, out.Bytes, out.Body = l, len(raw), pretty(raw)
		for _, p := range larkjson.Validate(raw) {
			out.Problems = append(out.Problems, fmt.Sprint(p))
		}
	default:
		level := map[string]dingcard.Level{"ding-template": dingcard.LevelTemplate, "ding-public": dingcard.LevelPublic, "ding-plain": dingcard.LevelPlain}[form]
		o, l, err := dingcard.Render(c, level, dingcard.Options{Line: func(card.Form) string { return c.Lang.T("/填 123", "/fill 123") }})
		if err != nil {
			return out, err
		}
		raw, err := json.Marshal(o)
		if err != nil {
			return out, err
		}
		lossy, out.Bytes, out.Body = l, len(raw), pretty(raw)
		for _, p := range dingcard.Validate(o) {
			out.Problems = append(out.Problems, fmt.Sprint(p))
		}
	}
	for _, x := range lossy {
		out.Lossy = append(out.Lossy, x.Block+" → "+x.Shown)
	}
	return out, nil
}

func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

func wantedForm(r *http.Request) (string, error) {
	f := r.URL.Query().Get("form")
	if !slices.Contains(forms, f) {
		return "", crm.Invalid("没有这种格式", "there is no such form")
	}
	return f, nil
}

func (s *Server) raw(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	form, err := wantedForm(r)
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(r.URL.Query().Get("message"), 10, 64)
	if err != nil {
		return nil, crm.Invalid("没有这条消息", "there is no such message")
	}
	m, err := s.Hub.store.Message(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if !s.Hub.Sees(a.ID, m.Chat) || m.Card == nil {
		return nil, crm.NotFound("没有这条消息", "there is no such message")
	}
	return rawCard(*m.Card, form)
}
