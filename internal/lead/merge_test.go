package lead_test

import (
	"testing"

	"crmbot/internal/lead"
)

func TestDU01MergeInfoLosesNothing(t *testing.T) {
	keep := lead.Info{Company: "华星科技", Contact: "王总", Phone: "13800138000", City: "上海", Need: "检测设备"}
	other := lead.Info{Company: "华星科技股份", Phone: "13900139000", Email: "li@huaxing.com", City: "杭州", Need: "维保"}
	got, err := lead.MergeInfo(keep, other, map[string]lead.Choice{"city": lead.Other})
	want := lead.Info{Company: "华星科技", Contact: "王总", Phone: "13800138000 / 13900139000", Email: "li@huaxing.com", City: "杭州", Need: "检测设备; 维保"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if again, err := lead.MergeInfo(got, other, map[string]lead.Choice{"city": lead.Keep, "company": lead.Keep}); err != nil || again != got {
		t.Errorf("merging the same again changes %+v, %v", again, err)
	}
	got, err = lead.MergeInfo(keep, other, map[string]lead.Choice{"phone": lead.Keep, "need": lead.Other, "company": lead.Both})
	if err != nil || got.Phone != keep.Phone || got.Need != other.Need || got.Company != keep.Company {
		t.Errorf("%+v, %v", got, err)
	}
}
