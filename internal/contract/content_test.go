package contract

import (
	"strings"
	"testing"

	"crmbot/internal/crm"
)

var base = Content{Type: "BUY", Account: 3, AccountName: "星河科技", Deal: 5, Amount: crm.Yuan(500_000), Terms: "月结30天", StartsOn: "2026-03-01", EndsOn: "2027-02-28",
	Channel: Offline, Contact: "王总", Remark: "首单"}

func TestHashBindsWhatWasApproved_AP04(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Content)
		material bool
		field    Field
	}{
		"price":          {func(c *Content) { c.Amount++ }, true, FieldAmount},
		"party":          {func(c *Content) { c.Account = 4 }, true, FieldCustomer},
		"party's name":   {func(c *Content) { c.AccountName = "星河重工" }, true, FieldCustomer},
		"terms":          {func(c *Content) { c.Terms = "月结60天" }, true, FieldTerms},
		"start":          {func(c *Content) { c.StartsOn = "2026-03-02" }, true, FieldStarts},
		"end":            {func(c *Content) { c.EndsOn = "" }, true, FieldEnds},
		"type":           {func(c *Content) { c.Type = "SUP" }, true, FieldType},
		"remark":         {func(c *Content) { c.Remark = "" }, false, FieldRemark},
		"contact":        {func(c *Content) { c.Contact = "李总" }, false, FieldContact},
		"signing":        {func(c *Content) { c.Channel = Online }, false, FieldChannel},
		"deal":           {func(c *Content) { c.Deal = 6 }, false, FieldDeal},
		"nothing at all": {func(*Content) {}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			after := base
			c.change(&after)
			ds := DiffOf(base, after)
			if Material(ds) != c.material {
				t.Errorf("material = %v, want %v", Material(ds), c.material)
			}
			if (HashOf(base) != HashOf(after)) != c.material {
				t.Errorf("the hash changes: %v, want %v", HashOf(base) != HashOf(after), c.material)
			}
			if c.field == "" && len(ds) != 0 || c.field != "" && (len(ds) != 1 || ds[0].Field != c.field) {
				t.Errorf("diff %v, want one of %q", ds, c.field)
			}
		})
	}
	if len(HashOf(base)) != 64 {
		t.Errorf("hash %q is no sha256", HashOf(base))
	}
}

// Moving text from one field to the next must not give the same hash.
func TestHashSeparatesFields_AP04(t *testing.T) {
	a, b := base, base
	a.AccountName, a.Terms = "甲", "乙丙"
	b.AccountName, b.Terms = "甲乙", "丙"
	if HashOf(a) == HashOf(b) {
		t.Error("two contents share a hash")
	}
}

func TestNumber_CT03(t *testing.T) {
	for _, c := range []struct {
		code string
		day  crm.Day
		n    int64
		want string
	}{{"BUY", "2026-03-02", 1, "BUY-202603-0001"}, {"SUP", "2026-12-31", 9999, "SUP-202612-9999"}, {"B1", "2027-01-01", 12345, "B1-202701-12345"}} {
		if got := Number(c.code, c.day, c.n); got != c.want {
			t.Errorf("Number(%s, %s, %d) = %s, want %s", c.code, c.day, c.n, got, c.want)
		}
	}
}

func TestTypesSetting_CT03(t *testing.T) {
	def := Types.Def()
	for value, ok := range map[string]bool{
		def.Default: true,
		`[{"code":"XS","zh":"销售合同","en":"sales contract"}]`: true,
		`[]`: false,
		`[{"code":"xs","zh":"销售","en":"sales"}]`:                                         false,
		`[{"code":"TOOLONGCODE","zh":"销售","en":"sales"}]`:                                false,
		`[{"code":"XS","zh":"销售","en":"sales"},{"code":"XS","zh":"采购","en":"purchase"}]`: false,
		`[{"code":"XS","zh":"","en":"sales"}]`:                                           false,
		`[{"code":"XS","zh":"销售","en":"sales","color":"red"}]`:                           false,
		`nonsense`: false,
	} {
		if err := def.Check(value); (err == nil) != ok {
			t.Errorf("Check(%s) = %v, want ok %v", value, err, ok)
		}
	}
	ts := Types.Default
	for _, text := range []string{"BUY", "buy", "买家合同", "买家", "Buyer contract", "buyer"} {
		if got, ok := FindType(ts, text); !ok || got.Code != "BUY" {
			t.Errorf("FindType(%q) = %v, %v", text, got, ok)
		}
	}
	if _, ok := FindType(ts, "租赁"); ok {
		t.Error("an unknown type was found")
	}
	if _, ok := FindType(ts, ""); ok {
		t.Error("an empty text names a type")
	}
}

func TestCheckContent(t *testing.T) {
	if err := check(base); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Content){
		"no amount": func(c *Content) { c.Amount = 0 }, "negative": func(c *Content) { c.Amount = -1 }, "too much": func(c *Content) { c.Amount = crm.MaxMoney + 1 },
		"no terms": func(c *Content) { c.Terms = "" }, "no start": func(c *Content) { c.StartsOn = "" }, "no such day": func(c *Content) { c.EndsOn = "2026-02-30" },
		"ends before it starts": func(c *Content) { c.EndsOn = "2026-02-28" }, "signing": func(c *Content) { c.Channel = "fax" },
		"long terms": func(c *Content) { c.Terms = strings.Repeat("月", MaxTerms+1) }, "long contact": func(c *Content) { c.Contact = strings.Repeat("王", MaxContact+1) },
		"long remark": func(c *Content) { c.Remark = strings.Repeat("备", MaxRemark+1) },
	} {
		c := base
		change(&c)
		if err := check(c); crm.CodeOf(err) != crm.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := base
	one.EndsOn = one.StartsOn
	if err := check(one); err != nil {
		t.Errorf("a contract of one day: %v", err)
	}
}

func TestCheckScan_CT02(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		ok   bool
	}{"pdf": {"%PDF-1.7 x", true}, "jpeg": {"\xff\xd8\xff\xe0x", true}, "png": {"\x89PNG\r\n\x1a\nx", true}, "text": {"signed, promise", false}, "empty": {"", false},
		"program": {"MZ\x90", false}, "large": {"%PDF-" + strings.Repeat("x", MaxScan), false}} {
		if err := checkScan(name, []byte(c.body)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := clipName("../../etc/" + strings.Repeat("长", 200) + ".pdf"); strings.Contains(got, "/") || len([]rune(got)) > 120 || !strings.HasSuffix(got, ".pdf") {
		t.Errorf("clipName gave %q", got)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole crm.Money
		want        string
	}{{125, 1000, "+12.5%"}, {-200, 1000, "-20.0%"}, {0, 5, "0.0%"}} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("percent(%d, %d) = %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}
