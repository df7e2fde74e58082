package account

import (
	"strings"
	"testing"
)

func TestMasked_P08(t *testing.T) {
	m := Contact{Name: "王敏", Mobile: "+8613800001111", Email: "wangmin@example.com", Title: "采购"}.Masked()
	if m.Name != "王*" || m.Mobile != "138****1111" || strings.Contains(m.Email, "angmin") || m.Title != "采购" {
		t.Errorf("masked: %+v", m)
	}
	x := Account{ID: 3, Name: "华星", Key: "华星", USCC: "91310000", Parent: "华星集团", No: "C1", Industry: "制造", Region: "上海", Employees: 80, Revenue: 5, Founded: 2001}
	for field, want := range map[string]Account{
		"company":  {ID: 3, Name: Hidden, Industry: "制造", Region: "上海", Employees: 80, Revenue: 5, Founded: 2001},
		"industry": {ID: 3, Name: "华星", Key: "华星", USCC: "91310000", Parent: "华星集团", No: "C1", Region: "上海", Employees: 80, Revenue: 5, Founded: 2001},
		"region":   {ID: 3, Name: "华星", Key: "华星", USCC: "91310000", Parent: "华星集团", No: "C1", Industry: "制造", Employees: 80, Revenue: 5, Founded: 2001},
		"size":     {ID: 3, Name: "华星", Key: "华星", USCC: "91310000", Parent: "华星集团", No: "C1", Industry: "制造", Region: "上海"},
		"":         x,
	} {
		if got := x.Masked(func(f string) bool { return f == field }); got != want {
			t.Errorf("%q hidden: %+v", field, got)
		}
	}
}

func TestParseLevel_LV01(t *testing.T) {
	for in, want := range map[string]Level{"KA": LevelKA, "ka": LevelKA, "重点客户": LevelKA, "a": LevelA, "B": LevelB, "C": LevelC} {
		if l, ok := ParseLevel(in); !ok || l != want {
			t.Errorf("%q is %q", in, l)
		}
	}
	for _, in := range []string{"", "D", "AA"} {
		if l, ok := ParseLevel(in); ok {
			t.Errorf("%q is %q", in, l)
		}
	}
}

// TestImportFillsOnlyWhatIsEmpty_CH05: what people wrote is never overwritten.
func TestImportFillsOnlyWhatIsEmpty_CH05(t *testing.T) {
	old := Account{ID: 3, Name: "华星", Region: "杭州", Level: LevelA, Owner: 7, Employees: 10, Version: 2}
	row := Row{Draft: Draft{Name: "华星", Region: "上海", Industry: "制造", Level: LevelC, No: "X1"}, Owner: 8, Employees: 99, Founded: 2001}
	got := merged(old, row)
	want := old
	want.Industry, want.No, want.Founded = "制造", "X1", 2001
	if got != want {
		t.Errorf("%+v", got)
	}
	if again := merged(got, row); again != got {
		t.Error("the second import changes something")
	}
}
