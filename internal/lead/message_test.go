package lead_test

import (
	"testing"

	"crmbot/internal/lead"
)

func TestReadMessageFindsWhatItCan(t *testing.T) {
	for text, want := range map[string]lead.Info{
		"您好，我是明月贸易有限公司的赵经理，电话 13900139000":          {Company: "明月贸易有限公司", Contact: "赵经理", Phone: "13900139000"},
		"Galaxy Wang 138-0013-8000 wang@galaxy.com": {Phone: "138-0013-8000", Email: "wang@galaxy.com"},
		"下午三点开会":                   {},
		"订单 20260302123456789 已发货": {},
	} {
		got := lead.ReadMessage(text)
		if got.Need == "" {
			t.Errorf("%q: the text is lost", text)
		}
		if got.Need = ""; got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
