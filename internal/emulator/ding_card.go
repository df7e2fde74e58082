package emulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"crmbot/cards/dingcard"
)

const dingSpaces = "dtv1.card//"

func (d *Ding) createCard(c *dingCall) (any, *DingError) {
	type data struct {
		Params map[string]string `json:"cardParamMap"`
	}
	var in struct {
		CardTemplateID, OutTrackID, CallbackType, OpenSpaceID string
		UserIDType                                            int
		CardData                                              data
		PrivateData                                           map[string]data
		Group                                                 *dingSpace   `json:"imGroupOpenSpaceModel"`
		GroupDeliver                                          *dingDeliver `json:"imGroupOpenDeliverModel"`
		Robot                                                 *dingSpace   `json:"imRobotOpenSpaceModel"`
		RobotDeliver                                          *dingDeliver `json:"imRobotOpenDeliverModel"`
	}
	if json.Unmarshal(c.body, &in) != nil || in.OutTrackID == "" {
		return nil, dingBad("param.invalid", "outTrackId or cardData")
	}
	spaces, ok := strings.CutPrefix(in.OpenSpaceID, dingSpaces)
	if !ok || spaces == "" {
		return nil, dingBad("param.openSpaceIdInvalid", "openSpaceId")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.creatable(in.OutTrackID, in.CardTemplateID); e != nil {
		return nil, e
	}
	if in.CallbackType != "STREAM" || in.UserIDType != 1 {
		return nil, dingBad("param.invalid", "callbackType, userIdType")
	}
	card := &DingCard{ID: in.OutTrackID, Template: in.CardTemplateID, Params: in.CardData.Params, Private: map[string]map[string]string{}, At: c.now}
	for who, x := range in.PrivateData {
		card.Private[who] = x.Params
	}
	if e := d.checkCard(card); e != nil {
		return nil, e
	}
	results := []map[string]any{}
	for _, s := range strings.Split(spaces, ";") {
		kind, id, _ := strings.Cut(s, ".")
		var space *dingSpace
		var deliver *dingDeliver
		switch kind {
		case "IM_GROUP":
			space, deliver = in.Group, in.GroupDeliver
		case "IM_ROBOT":
			space, deliver = in.Robot, in.RobotDeliver
		default:
			return nil, dingBad("param.openSpaceIdInvalid", "openSpaceId")
		}
		if space == nil || space.SupportForward == nil || deliver == nil || deliver.RobotCode != d.opt.RobotCode || kind == "IM_ROBOT" && deliver.SpaceType != "IM_ROBOT" {
			return nil, dingBad("param.openDeliverModelError", "deliver model")
		}
		why := d.undeliverable(kind, id)
		if f, hit := d.take("DELIVER " + s); hit {
			why = f.Message
		}
		results = append(results, map[string]any{"spaceType": kind, "spaceId": id, "success": why == "", "carrierId": d.next("carrier"), "errorMsg": why})
		if why != "" {
			continue
		}
		card.Spaces = append(card.Spaces, s)
		chat := id
		if kind == "IM_ROBOT" {
			chat = d.P2P(id)
		}
		d.cards[card.ID] = card
		d.show(DingMessage{Chat: chat, Kind: "card", Card: card.ID, At: c.now, By: "card"})
	}
	// The card exists now even if it was delivered to nobody.
	d.cards[card.ID] = card
	return map[string]any{"success": true, "result": map[string]any{"outTrackId": card.ID, "deliverResults": results}}, nil
}

// creatable refuses a card that exists, and a template that does not; the caller
// holds the lock.
func (d *Ding) creatable(card, template string) *DingError {
	if d.cards[card] != nil {
		return dingBad("param.cardAlreadyExist", "卡片已存在")
	}
	if published, known := d.templates[template]; !known {
		return dingBad("param.templateNotExist", "模板不存在")
	} else if !published {
		return dingBad("param.templateUnpublished", "模板未发布")
	}
	return nil
}

// makeCard creates a card that is delivered to nobody.
func (d *Ding) makeCard(c *dingCall) (any, *DingError) {
	var in struct{ CardTemplateID, OutTrackID string }
	if json.Unmarshal(c.body, &in) != nil || in.OutTrackID == "" {
		return nil, dingBad("param.invalid", "outTrackId")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.creatable(in.OutTrackID, in.CardTemplateID); e != nil {
		return nil, e
	}
	d.cards[in.OutTrackID] = &DingCard{ID: in.OutTrackID, Template: in.CardTemplateID, Params: map[string]string{}, Private: map[string]map[string]string{}, At: c.now}
	return map[string]any{"success": true, "result": in.OutTrackID}, nil
}

type dingSpace struct {
	SupportForward *bool `json:"supportForward"`
}

type dingDeliver struct {
	RobotCode string `json:"robotCode"`
	SpaceType string `json:"spaceType"`
}

// undeliverable says why a space does not take a card, in the words of the
// answer; the caller holds the lock.
func (d *Ding) undeliverable(kind, id string) string {
	if kind == "IM_GROUP" {
		if d.groupError(id) != nil {
			return "spaceId is illegal"
		}
		return ""
	}
	if p := d.people[id]; p == nil || p.Left || p.Corp != "" {
		return "spaceId is illegal"
	}
	return ""
}

// checkCard refuses a card as the platform or its clients would.
func (d *Ding) checkCard(c *DingCard) *DingError {
	if d.opt.Trusting {
		return nil
	}
	if p := dingcard.Validate(dingcard.Out{TemplateID: c.Template, Params: c.Params, Alert: "-"}); len(p) > 0 {
		return dingBad("param.invalid", p[0].Field+": "+p[0].Text)
	}
	if strings.Contains(c.Params["markdown"], "media-") {
		return dingBad("param.invalid", "a picture has no media id")
	}
	return nil
}

func (d *Ding) updateCard(c *dingCall) (any, *DingError) {
	var in struct {
		OutTrackID string
		CardData   struct {
			Params map[string]string `json:"cardParamMap"`
		}
		Options struct {
			ByKey bool `json:"updateCardDataByKey"`
		} `json:"cardUpdateOptions"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, dingBad("param.invalid", "cardData")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	card := d.cards[in.OutTrackID]
	if card == nil {
		return nil, dingBad("param.cardNotExist", "卡片不存在")
	}
	if d.pressing[card.ID] > 0 {
		// The platform forbids an update while a callback is being answered, and
		// may lose it.
		return nil, &DingError{Status: http.StatusInternalServerError, Code: "system.busy", Msg: "callback in progress"}
	}
	if e := d.change(card, in.CardData.Params, in.Options.ByKey); e != nil {
		return nil, e
	}
	return map[string]any{"success": true, "result": true}, nil
}

// change replaces a card's variables, all of them or by key; the caller holds
// the lock.
func (d *Ding) change(card *DingCard, params map[string]string, byKey bool) *DingError {
	next := card.clone()
	if byKey {
		maps.Copy(next.Params, params)
	} else {
		next.Params = params
	}
	if e := d.checkCard(&next); e != nil {
		return e
	}
	card.Params = next.Params
	card.Revision++
	return nil
}

// DingControl is something on a card that can be pressed.
type DingControl struct {
	Label, ID string
	Params    map[string]string
	URL       string
	// Fields are set for the button of a form; Choice is the value of the field
	// that chooses among several buttons.
	Fields []DingField
	Choice string
}

// DingField is one field of a form.
type DingField struct {
	Name, Label, Type string
	Hidden, Required  bool
	Default           json.RawMessage `json:"defaultValue"`
	Options           []struct{ Value, Text string }
}

// Controls are what can be pressed on the card: the form's buttons, then the
// others.
func (c DingCard) Controls() []DingControl {
	var out []DingControl
	var form struct{ Fields []DingField }
	if json.Unmarshal([]byte(c.Params["form"]), &form) == nil && len(form.Fields) > 0 {
		choices := 0
		for _, f := range form.Fields {
			if f.Name == "_button" {
				for _, o := range f.Options {
					out = append(out, DingControl{Label: o.Text, Fields: form.Fields, Choice: o.Value})
					choices++
				}
			}
		}
		if choices == 0 {
			out = append(out, DingControl{Label: c.Params["form_btn_text"], Fields: form.Fields})
		}
	}
	var row struct {
		Buttons []struct {
			Text, ID, URL string
			Params        map[string]string
		} `json:"msgButtons"`
	}
	if json.Unmarshal([]byte(c.Params["sys_full_json_obj"]), &row) == nil {
		for _, b := range row.Buttons {
			out = append(out, DingControl{Label: b.Text, ID: b.ID, Params: b.Params, URL: b.URL})
		}
	}
	return out
}
