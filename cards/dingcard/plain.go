package dingcard

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/textcard"
)

// Message is a markdown message, or an action card if it has buttons.
type Message struct {
	Title string
	Text  string // markdown
	// Buttons are one to MessageButtons links, below each other.
	Buttons []Link
}

// Link is a button that opens an address: a page, or one made by SendLink.
type Link struct{ Title, URL string }

// sendPrefix begins the addresses that send a text to the conversation.
const sendPrefix = "dtmd://dingtalkclient/sendMessage?content="

// SendLink is an address that makes the person who taps it send the text to
// the conversation with the bot.
func SendLink(text string) string {
	escaped := strings.ReplaceAll(url.QueryEscape(textcard.OneLine(text)), "+", "%20")
	return sendPrefix + escaped
}

// plain fills in a message.
func (r *renderer) plain(c card.Card, out *Out) {
	r.add("#### " + escapeHeading(textcard.Cut(title(c), titleLimit)))
	r.heading(c)
	r.blocks(c.Blocks)
	links := make([]Link, 0, len(r.buttons))
	for _, b := range r.buttons {
		if l, ok := r.messageLink(b); ok {
			links = append(links, l)
		}
	}
	if len(links) > MessageButtons {
		r.lost("button", "link")
		ls := make([]string, len(links))
		for i, l := range links {
			ls[i] = "- [" + escapeLine(l.Title) + "](" + l.URL + ")"
		}
		r.add(strings.Join(ls, "\n"))
		links = nil
	}
	m := &Message{Title: textcard.Cut(title(c), titleLimit), Buttons: links}
	r.fit(m)
	out.Message = m
}

// fit puts as much of the text into the message as its size allows.
func (r *renderer) fit(m *Message) {
	limit := MessageLimit
	for range 8 {
		text, rest := cutLines(r.parts, r.kept, limit)
		if rest > 0 {
			text += "\n\n" + r.note(fmt.Sprintf(r.lang.T("内容较长，还有 %d 行未显示", "%d more lines are not shown"), rest))
		}
		m.Text = text
		_, param, err := m.Robot()
		if err != nil {
			r.fail(err)
			return
		}
		if over := len(param) - MessageLimit + mediaReserve*len(r.images); over <= 0 {
			if rest > 0 {
				r.lost("card", "the first part")
			}
			return
		} else {
			limit = min(limit, len(text)) - over
		}
		if limit < 200 {
			break
		}
	}
	r.fail(fmt.Errorf("message does not fit into %d bytes", MessageLimit))
}

// mediaReserve is how much longer than its placeholder a media id may be.
const mediaReserve = 120

// messageLink is a button as a link. Long commands, which would make a link
// of more than a kilobyte, are cut by nobody: the button becomes text.
func (r *renderer) messageLink(b card.Button) (Link, bool) {
	label := textcard.Cut(textcard.OneLine(b.Label), 20)
	if label == "" {
		return Link{}, false
	}
	if b.Action == nil {
		if b.URL == "" {
			return Link{}, false
		}
		target, err := address(b.URL)
		if err != nil {
			r.fail(fmt.Errorf("button %q: %w", b.Label, err))
			return Link{}, false
		}
		return Link{label, target}, true
	}
	target := SendLink(b.Command)
	if len(target) > 1024 {
		r.lost("button", "text command")
		r.add(r.colon(escapeFirst(b.Label), r.lang.T("回复 ", "reply ")+escapeLine(b.Command)))
		return Link{}, false
	}
	return Link{label, target}, true
}

// Robot is the message for DingTalk's robot interfaces: msgKey and msgParam.
func (m Message) Robot() (msgKey, msgParam string, err error) {
	param := map[string]string{"title": m.Title, "text": m.Text}
	switch n := len(m.Buttons); {
	case n == 0:
		msgKey = "sampleMarkdown"
	case n == 1:
		msgKey = "sampleActionCard"
		param["singleTitle"], param["singleURL"] = m.Buttons[0].Title, m.Buttons[0].URL
	case n <= MessageButtons:
		msgKey = "sampleActionCard" + strconv.Itoa(n)
		for i, b := range m.Buttons {
			k := strconv.Itoa(i + 1)
			param["actionTitle"+k], param["actionURL"+k] = b.Title, b.URL
		}
	default:
		return "", "", fmt.Errorf("message with %d buttons, at most %d", n, MessageButtons)
	}
	msgParam, err = compact(param)
	return msgKey, msgParam, err
}

// Webhook is the message as the body for a session webhook.
func (m Message) Webhook() (string, error) {
	if len(m.Buttons) == 0 {
		return compact(map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": m.Title, "text": m.Text}})
	}
	btns := make([]map[string]string, len(m.Buttons))
	for i, b := range m.Buttons {
		btns[i] = map[string]string{"title": b.Title, "actionURL": b.URL}
	}
	return compact(map[string]any{"msgtype": "actionCard", "actionCard": map[string]any{
		"title": m.Title, "text": m.Text, "btnOrientation": "0", "btns": btns}})
}
