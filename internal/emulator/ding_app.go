package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// DingApp is how the app is set up in the console. NewDing sets everything up
// as it should be.
type DingApp struct {
	// NoRobot apps have no robot, NoStream apps do not receive by the stream.
	NoRobot, NoStream bool
	// Part apps may see a part of the company.
	Part bool
	// Barred apps have a whitelist without the caller's address.
	Barred bool
}

// dingNeeds is the permission that an API needs, by the beginning of its
// pattern.
var dingNeeds = [][2]string{
	{"POST /v1.0/robot/getBotListInGroup", "qyapi_chat_manage"},
	{"POST /v1.0/robot/", "qyapi_robot_sendmsg"},
	{"POST /v1.0/card/", "Card.Instance.Write"},
	{"PUT /v1.0/card/", "Card.Instance.Write"},
	{"POST /topapi/v2/department/listsub", "qyapi_get_department_list"},
	{"POST /topapi/v2/user/list", "qyapi_get_department_member"},
	{"POST /topapi/v2/user/get", "qyapi_get_member"},
	{"POST /topapi/user/getbyunionid", "qyapi_get_member"},
}

// Configure changes how the app is set up.
func (d *Ding) Configure(change func(a *DingApp)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.set)
}

func (d *Ding) app() DingApp {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set
}

// Revoke takes permissions from the app, all of which it has at first.
func (d *Ding) Revoke(scopes ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range scopes {
		d.revoked[s] = true
	}
}

// permitted refuses what the app's permissions and settings do not allow; the
// caller holds the lock.
func (d *Ding) permitted(c *dingCall, flags int) *DingError {
	if d.set.Barred {
		return &DingError{Status: http.StatusForbidden, Code: "Forbidden.AccessDenied.IpNotInWhiteList", Errcode: 88, SubCode: "60020", Msg: "访问ip不在白名单之中"}
	}
	if flags&dingAuth == 0 {
		return nil
	}
	for _, n := range dingNeeds {
		if !strings.HasPrefix(c.r.Pattern, n[0]) {
			continue
		}
		if !d.revoked[n[1]] {
			return nil
		}
		return &DingError{Status: http.StatusForbidden, Code: "Forbidden.AccessDenied.AccessTokenPermissionDenied", Scopes: []string{n[1]}, Errcode: 88, SubCode: "60011",
			Msg: "应用尚未开通所需的权限：[" + n[1] + "]，点击链接申请并开通即可"}
	}
	return nil
}

// botsInGroup lists the robots of a group.
func (d *Ding) botsInGroup(c *dingCall) (any, *DingError) {
	var in struct{ OpenConversationID string }
	if json.Unmarshal(c.body, &in) != nil {
		return nil, dingBad("invalid.openConversationId", "openConversationId")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.groups[in.OpenConversationID]
	if g == nil || g.Gone {
		return nil, dingBad("invalid.openConversationId", "openConversationId")
	}
	bots := []map[string]string{{"robotCode": "another", "name": "other"}}
	if !g.BotOut {
		bots = append(bots, map[string]string{"robotCode": d.opt.RobotCode, "name": "crmbot"})
	}
	return map[string]any{"chatbotInstanceVOList": bots}, nil
}
