// Package dingcard renders a card for DingTalk, at one of three levels:
//
//   - LevelPublic: a card of a public template that shows markdown and buttons;
//   - LevelTemplate: the same, and forms on an imported form template;
//   - LevelPlain: a markdown message or action card whose buttons are links
//     that send a text command.
//
// The result is neutral data (template id and variables, or message key and
// text) that an adapter sends. Nothing in it comes from people's text as
// markup: Escape turns every character that DingTalk could read as markup into
// a look-alike. Limits are those of DingTalk's pages, see the constants.
package dingcard

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/chart"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// Level is how much of DingTalk's card platform may be used. The zero value is
// LevelPublic.
type Level string

// The levels.
const (
	LevelPublic   Level = ""
	LevelTemplate Level = "template"
	LevelPlain    Level = "plain"
)

// PublicTemplate is the template of DingTalk's own SDK that shows a title,
// markdown and callback buttons in every organisation.
const PublicTemplate = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"

// Limits in bytes. A card variable is documented with 1 KB, several KB pass in
// practice; a robot message with 15 000; a session webhook body with 20 000.
const (
	KeyLimit     = 100
	ParamLimit   = 3 << 10
	MessageLimit = 15_000
	WebhookLimit = 20_000
)

// MessageButtons is the largest number of buttons of a robot's action card.
const MessageButtons = 5

// Options name the organisation's own templates and pictures. The zero value
// renders with the public template.
type Options struct {
	// CardTemplate replaces PublicTemplate; it must have the same variables.
	CardTemplate string
	// FormTemplate is the imported form template, required for forms at
	// LevelTemplate. Its variables: title, logo, markdown, tips, form,
	// form_btn_text, form_status and sys_full_json_obj.
	FormTemplate string
	// Line gives the command with which a form that is not shown can be filled in
	// by one line of text ("/填 123"); the line's inputs follow it. Nil or "": the
	// form has only its own text command.
	Line func(f card.Form) string
	// Logo is the media id of the picture in the header. Empty: none.
	Logo string
	// Chart draws a chart as PNG or JPEG, for an own font or a cache. Nil:
	// chart.PNG with the built-in font, some 20 ms a chart.
	Chart func(c card.Chart, lang crm.Lang) ([]byte, error)
}

// Out is a card in DingTalk's terms. Either Params is set (a card), or Message.
type Out struct {
	Level Level
	// TemplateID and Params are cardTemplateId and cardParamMap.
	TemplateID string
	Params     map[string]string
	// Message is what LevelPlain sends.
	Message *Message
	// Alert is the line for push notifications and the chat list.
	Alert string
	// Images must be uploaded and put in with Fill before sending.
	Images []Image
}

// Render shows the card at the level, with what had to be shown more simply.
// It fails if an action cannot be encoded, or a link is not http(s).
func Render(c card.Card, level Level, o Options) (Out, []card.Lossy, error) {
	if o.Chart == nil {
		o.Chart = func(c card.Chart, lang crm.Lang) ([]byte, error) { return chart.PNG(c, lang, nil) }
	}
	r := &renderer{lang: c.Lang, level: level, opts: o}
	out := Out{Level: level, Alert: textcard.Summary(c, 60)}
	switch level {
	case LevelPublic, LevelTemplate:
		r.card(c, &out)
	case LevelPlain:
		r.plain(c, &out)
	default:
		return Out{}, nil, fmt.Errorf("render card %q for DingTalk: unknown level %q", c.Title, level)
	}
	if err := errors.Join(r.errs...); err != nil {
		return Out{}, nil, fmt.Errorf("render card %q for DingTalk: %w", c.Title, err)
	}
	for _, i := range r.images {
		if strings.Contains(out.Params["markdown"], i.mark) || out.Message != nil && strings.Contains(out.Message.Text, i.mark) {
			out.Images = append(out.Images, i) // the others were cut off
		}
	}
	return out, r.lossy, nil
}

// renderer collects the parts of one card.
type renderer struct {
	lang  crm.Lang
	level Level
	opts  Options

	parts   []string      // paragraphs of markdown
	kept    []int         // those that are never cut off
	buttons []card.Button // controls that work, in order
	form    *card.Form    // the form that the form template shows
	images  []Image
	lossy   []card.Lossy
	errs    []error
}

func (r *renderer) lost(block, shown string) {
	for _, l := range r.lossy {
		if l.Block == block && l.Shown == shown {
			return
		}
	}
	r.lossy = append(r.lossy, card.Lossy{Block: block, Shown: shown})
}

func (r *renderer) fail(err error) { r.errs = append(r.errs, err) }

// titleLimit is the longest title in characters.
const titleLimit = 80

// card fills in the variables of a card template.
func (r *renderer) card(c card.Card, out *Out) {
	r.heading(c)
	r.blocks(c.Blocks)
	buttons := r.msgButtons()
	limit := max(ParamLimit-64-mediaReserve*len(r.images), ParamLimit/2)
	markdown, rest := cutLines(r.parts, r.kept, limit)
	tips := ""
	if rest > 0 {
		r.lost("card", "the first part")
		tips = fmt.Sprintf(r.lang.T("内容较长，还有 %d 行未显示", "%d more lines are not shown"), rest)
		markdown += "\n\n…"
	}
	out.TemplateID = r.opts.CardTemplate
	if out.TemplateID == "" {
		out.TemplateID = PublicTemplate
	}
	out.Params = map[string]string{
		"title":             textcard.Cut(title(c), titleLimit),
		"logo":              r.opts.Logo,
		"markdown":          markdown,
		"tips":              tips,
		"sys_full_json_obj": r.json(map[string]any{"msgButtons": buttons}),
	}
	if r.form != nil {
		out.TemplateID = r.opts.FormTemplate
		out.Params["form"] = r.formJSON(*r.form)
		out.Params["form_btn_text"] = textcard.OneLine(r.form.Submit.Label)
		if len(r.form.Extra) > 0 {
			out.Params["form_btn_text"] = r.lang.T("提交", "Send") // a field says which button
		}
		out.Params["form_status"] = "normal"
	}
}

// title is the header line; a coloured dot stands for the tone, because the
// templates have one header colour.
func title(c card.Card) string {
	dot := map[card.Tone]string{card.Info: "🔵 ", card.Success: "🟢 ", card.Warning: "🟠 ", card.Danger: "🔴 ", card.Muted: "⚪ "}[c.Tone]
	return dot + textcard.OneLine(c.Title)
}

// json encodes without escaping for HTML, which nobody needs here and which
// would cost bytes.
func (r *renderer) json(v any) string {
	s, err := compact(v)
	if err != nil {
		r.fail(err)
	}
	return s
}

func wireOf(b card.Button) (card.Wire, error) {
	w, err := card.Encode(b.Action)
	if err != nil {
		return card.Wire{}, err
	}
	if len(w.Payload) == 0 {
		w.Payload = json.RawMessage("{}")
	}
	return w, nil
}
