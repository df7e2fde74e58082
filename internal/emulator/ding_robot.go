package emulator

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"crmbot/cards/dingcard"
)

const dingMaxPeople = 20

// otoSend is the robot's 1:1 message to up to twenty people.
func (d *Ding) otoSend(c *dingCall) (any, *DingError) {
	var in struct {
		RobotCode        string
		UserIDs          []string
		MsgKey, MsgParam string
	}
	if json.Unmarshal(c.body, &in) != nil || len(in.UserIDs) == 0 || len(in.UserIDs) > dingMaxPeople {
		return nil, dingBad("invalidParameter.userIds.invalid", "userIds")
	}
	if in.RobotCode != d.opt.RobotCode || d.app().NoRobot {
		return nil, dingBad("invalidParameter.robotCode.notExsit", "robotCode")
	}
	m, e := d.robotMessage(in.MsgKey, in.MsgParam)
	if e != nil {
		return nil, e
	}
	m.At = c.now
	invalid, slowed := []string{}, []string{}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range in.UserIDs {
		p := d.people[id]
		if _, hit := d.take("FLOW " + id); hit {
			slowed = append(slowed, id)
			continue
		}
		_, hit := d.take("INVALID " + id)
		if hit || p == nil || p.Left || p.Corp != "" {
			invalid = append(invalid, id)
			continue
		}
		m.Chat = d.P2P(id)
		d.show(m)
	}
	return map[string]any{"processQueryKey": d.next("query"), "invalidStaffIdList": invalid, "flowControlledStaffIdList": slowed}, nil
}

// groupSend is the robot's message to a group.
func (d *Ding) groupSend(c *dingCall) (any, *DingError) {
	var in struct{ RobotCode, OpenConversationID, MsgKey, MsgParam string }
	if json.Unmarshal(c.body, &in) != nil {
		return nil, dingBad("miss.param.openConversationId", "openConversationId")
	}
	if in.RobotCode != d.opt.RobotCode {
		return nil, dingBad("invalidParameter.robotCode.notExsit", "robotCode")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.groupError(in.OpenConversationID); e != nil {
		return nil, e
	}
	m, e := d.robotMessage(in.MsgKey, in.MsgParam)
	if e != nil {
		return nil, e
	}
	m.At, m.Chat = c.now, in.OpenConversationID
	d.show(m)
	return map[string]any{"processQueryKey": d.next("query")}, nil
}

// groupError says why nothing can be sent to a group; the caller holds the lock.
func (d *Ding) groupError(id string) *DingError {
	g := d.groups[id]
	switch {
	case g == nil:
		return dingBad("invalid.openConversationId", "openConversationId")
	case g.Gone:
		return dingBad("group.disbanded", "群已解散")
	case g.BotOut:
		return dingBad("resource.not.found", "机器人不存在")
	}
	return nil
}

// robotMessage reads msgKey and msgParam and checks them as the platform does.
func (d *Ding) robotMessage(key, param string) (DingMessage, *DingError) {
	bad := dingBad("invalidParameter.msgParam.invalid", "msgParam")
	if len(param) > dingcard.MessageLimit {
		return DingMessage{}, dingBad("invalidParameter.msgParam.tooLong", "msgParam")
	}
	var p map[string]string
	if json.Unmarshal([]byte(param), &p) != nil {
		return DingMessage{}, bad
	}
	m := DingMessage{By: "robot"}
	switch key {
	case "sampleText":
		m.Kind, m.Body = "text", p["content"]
		if m.Body == "" {
			return m, bad
		}
		return m, nil
	case "sampleImageMsg":
		b, ok := d.mediaOf(p["photoURL"])
		if !ok {
			return m, bad
		}
		m.Kind, m.FileName, m.File = "image", b.name, b.data
		return m, nil
	case "sampleFile":
		b, ok := d.mediaOf(p["mediaId"])
		if !ok || p["fileName"] == "" || p["fileType"] == "" {
			return m, bad
		}
		if d.opt.DocumentsOnly && !slices.Contains([]string{"xlsx", "pdf", "zip", "rar", "doc", "docx"}, p["fileType"]) {
			return m, dingBad("invalidParameter.fileType.invalid", "fileType")
		}
		m.Kind, m.FileName, m.File = "file", p["fileName"], b.data
		return m, nil
	case "sampleMarkdown":
	case "sampleActionCard":
		m.Links = []dingcard.Link{{Title: p["singleTitle"], URL: p["singleURL"]}}
	case "sampleActionCard2", "sampleActionCard3", "sampleActionCard4", "sampleActionCard5":
		for i := range int(key[len(key)-1] - '0') {
			n := strconv.Itoa(i + 1)
			m.Links = append(m.Links, dingcard.Link{Title: p["actionTitle"+n], URL: p["actionURL"+n]})
		}
	default:
		return m, dingBad("invalidParameter.msgKey.invalid", "msgKey")
	}
	m.Kind, m.Title, m.Body = "markdown", p["title"], p["text"]
	if len(m.Links) > 0 {
		m.Kind = "actionCard"
	}
	if len(dingcard.Validate(dingcard.Out{Alert: "-", Message: &dingcard.Message{Title: m.Title, Text: m.Body, Buttons: m.Links}})) > 0 {
		return m, bad
	}
	return m, nil
}

// mediaOf finds uploaded media, with or without the platform's lock held.
func (d *Ding) mediaOf(id string) (blob, bool) {
	d.files.Lock()
	defer d.files.Unlock()
	b, ok := d.blobs[id]
	return b, ok
}

func (d *Ding) keepBlob(id string, b blob) {
	d.files.Lock()
	defer d.files.Unlock()
	d.blobs[id] = b
}

// bySession answers in the conversation of a session webhook.
func (d *Ding) bySession(c *dingCall) (any, *DingError) {
	if len(c.body) > dingcard.WebhookLimit {
		return nil, &DingError{Errcode: 460101, Msg: "message too long, exceed 20000 bytes"}
	}
	var in struct {
		MsgType  string
		Text     struct{ Content string }
		Markdown struct{ Title, Text string }
		Card     struct {
			Title, Text string
			Btns        []struct{ Title, ActionURL string }
		} `json:"actionCard"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, &DingError{Errcode: 40035, Msg: "缺少参数 json"}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.sessions[c.r.URL.Query().Get("session")]
	if !ok || c.now.After(s.until) {
		return nil, &DingError{Errcode: 300001, Msg: "session 不存在"}
	}
	if !d.spend("stream", d.opt.QuotaStream) {
		return nil, &DingError{Errcode: 90020, Msg: "调用量超限"}
	}
	if g := d.groups[s.chat]; g != nil && (g.Gone || g.BotOut) {
		return nil, &DingError{Errcode: 400013, Msg: "群已被解散"}
	}
	m := DingMessage{Chat: s.chat, At: c.now, By: "session", Kind: in.MsgType}
	msg := dingcard.Message{Title: in.Markdown.Title, Text: in.Markdown.Text}
	switch in.MsgType {
	case "text":
		if m.Body = in.Text.Content; m.Body == "" {
			return nil, &DingError{Errcode: 40035, Msg: "缺少参数 text"}
		}
		d.show(m)
		return map[string]any{"errcode": 0, "errmsg": "ok"}, nil
	case "actionCard":
		msg = dingcard.Message{Title: in.Card.Title, Text: in.Card.Text}
		for _, b := range in.Card.Btns {
			msg.Buttons = append(msg.Buttons, dingcard.Link{Title: b.Title, URL: b.ActionURL})
		}
	case "markdown":
	default:
		return nil, &DingError{Errcode: 400105, Msg: "unsupported msgtype"}
	}
	if len(dingcard.Validate(dingcard.Out{Alert: "-", Message: &msg})) > 0 {
		return nil, &DingError{Errcode: 40035, Msg: "invalid message"}
	}
	m.Title, m.Body, m.Links = msg.Title, msg.Text, msg.Buttons
	d.show(m)
	return map[string]any{"errcode": 0, "errmsg": "ok"}, nil
}

func (d *Ding) upload(c *dingCall) (any, *DingError) {
	bad := &DingError{Errcode: 40035, Msg: "缺少参数 media"}
	kind := c.r.URL.Query().Get("type")
	if kind != "image" && kind != "file" {
		return nil, &DingError{Errcode: 40004, Msg: "不合法的媒体文件类型"}
	}
	_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, bad
	}
	form, err := multipart.NewReader(strings.NewReader(string(c.body)), params["boundary"]).ReadForm(maxDingBody)
	if err != nil {
		return nil, bad
	}
	defer form.RemoveAll()
	if len(form.File["media"]) != 1 {
		return nil, bad
	}
	part := form.File["media"][0]
	f, err := part.Open()
	if err != nil {
		return nil, bad
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil || len(data) == 0 || len(data) > 20<<20 {
		return nil, &DingError{Errcode: 40009, Msg: "不合法的图片文件大小"}
	}
	if kind == "image" && !strings.HasPrefix(http.DetectContentType(data), "image/") {
		return nil, &DingError{Errcode: 40005, Msg: "不合法的文件类型"}
	}
	d.mu.Lock()
	id := d.next("@lAL")
	d.mu.Unlock()
	d.keepBlob(id, blob{name: path.Base(part.Filename), data: data})
	return map[string]any{"errcode": 0, "errmsg": "ok", "media_id": id, "type": kind, "created_at": c.now.UnixMilli()}, nil
}

// downloadURL is the temporary address of a file that a person sent.
func (d *Ding) downloadURL(c *dingCall) (any, *DingError) {
	var in struct{ DownloadCode, RobotCode string }
	if json.Unmarshal(c.body, &in) != nil || in.RobotCode != d.opt.RobotCode {
		return nil, dingBad("invalidParameter.robotCode.notExsit", "robotCode")
	}
	if _, ok := d.mediaOf("code " + in.DownloadCode); !ok {
		return nil, dingBad("invalidParameter.downloadCode.invalid", "downloadCode")
	}
	return map[string]any{"downloadUrl": d.srv.URL + "/files/" + in.DownloadCode + ".file"}, nil
}

func (d *Ding) file(w http.ResponseWriter, r *http.Request) {
	rec := Call{At: d.opt.Clock.Now(), API: r.Method + " " + r.URL.Path, Status: http.StatusOK}
	defer func() { d.add(rec) }()
	if f, hit := d.take(rec.API); hit && !d.misbehave(w, dingNew, f, &rec) {
		return
	}
	b, ok := d.mediaOf("code " + strings.TrimSuffix(r.PathValue("code"), ".file"))
	if !ok {
		rec.Status = http.StatusNotFound
		w.WriteHeader(rec.Status)
		return
	}
	w.Write(b.data)
}
