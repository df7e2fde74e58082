package crm

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCompanyKey_DU01(t *testing.T) {
	for _, same := range [][]string{
		{"华星科技", "华星科技有限公司", "上海华星科技有限公司", "上海市华星科技有限责任公司", "华星(上海)科技有限公司", "华星（上海）科技 有限公司", " 华星科技股份有限公司 ", "广东省深圳市华星科技有限公司", "华星科技(深圳市)有限公司", "华星科技股份", "华星·科技"},
		{"Huaxing Tech", "HUAXING TECH CO., LTD.", "Huaxing Tech Inc", "Ｈｕａｘｉｎｇ Tech Limited", "huaxing-tech"},
		{"内蒙古伊利实业集团股份有限公司", "伊利实业集团", "内蒙古自治区伊利实业集团有限公司"},
		{"北京银行", "北京银行股份有限公司"},
		{"3M中国有限公司", "3m中国"},
	} {
		want := CompanyKey(same[0])
		if want == "" {
			t.Errorf("CompanyKey(%q) is empty", same[0])
		}
		for _, s := range same[1:] {
			if got := CompanyKey(s); got != want {
				t.Errorf("CompanyKey(%q) = %q, but of %q it is %q", s, got, same[0], want)
			}
		}
	}
	for _, different := range [][2]string{
		{"北京银行", "上海银行"}, {"北京建工集团有限公司", "上海建工集团股份有限公司"}, {"华星科技", "华兴科技"}, {"华星科技", "华星科技集团"}, {"上海科技有限公司", "深圳科技有限公司"},
		{"东方市政工程", "政工程"}, {"中山市场", "场"}, {"北京医院", "南京医院"}, {"长春制药", "制药"}, {"银行(北京)有限公司", "银行(上海)有限公司"},
	} {
		if a, b := CompanyKey(different[0]), CompanyKey(different[1]); a == b {
			t.Errorf("%q and %q both have the key %q", different[0], different[1], a)
		}
	}
	for in, want := range map[string]string{"": "", "!!!": "", "有限公司": "有限公司", "上海": "上海", "深圳市": "深圳市", "公司": "公司", "Co., Ltd.": "co", "😀": "", "'; DROP TABLE leads;--": "droptableleads"} {
		if got := CompanyKey(in); got != want {
			t.Errorf("CompanyKey(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCompanyKeyIsStable_DU01(t *testing.T) {
	pieces := []string{"上海", "市", "深圳", "广东省", "华星", "科技", "集团", "股份", "有限公司", "(", ")", "北京", " ", "Co.", "Ltd", "银行", "A", "１"}
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.StringN(0, 2, 6)), 0, 8).Draw(t, "name"), "")
		key := CompanyKey(name)
		if strings.ContainsAny(key, " ()（）.,") || key != strings.ToLower(key) {
			t.Fatalf("CompanyKey(%q) = %q", name, key)
		}
		if CompanyKey(" "+name+" ") != key {
			t.Fatalf("spaces change the key of %q", name)
		}
	})
}

func TestNameSimilarity_DU01(t *testing.T) {
	for _, c := range []struct {
		a, b     string
		min, max float64
	}{
		{"上海华星科技有限公司", "华星科技", 1, 1}, {"华星信息科技", "华星科技", 0.3, 0.6}, {"江南华星精密机械制造厂", "江南华星精密机械制造总厂", 0.6, 0.95},
		{"华星", "明月", 0, 0}, {"", "华星", 0, 0}, {"星", "星", 1, 1}, {"星", "华星", 0, 0},
	} {
		if got := NameSimilarity(c.a, c.b); got < c.min || got > c.max || got != NameSimilarity(c.b, c.a) {
			t.Errorf("NameSimilarity(%q, %q) = %.2f", c.a, c.b, got)
		}
	}
}

func TestTextSimilarity_P10(t *testing.T) {
	a := "今天拜访客户,聊了报价和交期,客户表示月底前给答复"
	if got := TextSimilarity(a, strings.ReplaceAll(a, ",", " ")); got != 1 {
		t.Errorf("punctuation counts: %.2f", got)
	}
	if got := TextSimilarity(a, "客户验收了样品,约了下周签合同"); got > 0.3 {
		t.Errorf("other notes are alike: %.2f", got)
	}
}

func TestPhoneKey_DU01(t *testing.T) {
	for in, want := range map[string]string{
		"13812345678": "+8613812345678", "138 1234 5678": "+8613812345678", "138-1234-5678": "+8613812345678", "+86 138 1234 5678": "+8613812345678", "008613812345678": "+8613812345678", "8613812345678": "+8613812345678", "(+86)13812345678": "", "１３８１２３４５６７８": "+8613812345678", "+86-13812345678": "+8613812345678", "013812345678": "+8613812345678", "19912345678": "+8619912345678",
		"021-58881234": "+862158881234", "(021) 58881234": "+862158881234", "021 5888 1234": "+862158881234", "+86 21 58881234": "+862158881234", "0571-88881234": "+8657188881234", "0755-8888123": "+867558888123", "021-58881234-801": "+862158881234", "021-58881234转801": "+862158881234", "021-58881234 ext 801": "+862158881234", "010-62345678": "+861062345678",
		"400-820-8820": "+864008208820", "4008208820": "+864008208820", "+852 2345 6789": "+85223456789", "0044 20 7946 0958": "+442079460958",
		"12345678901": "", "1381234567": "", "138123456789": "", "58881234": "", "": "", "abc": "", "13812345678a": "", "0000000": "", "021-18881234": "", "+": "", "+86": "", "110": "", "😀": "", "1'; DROP": "",
	} {
		if got := PhoneKey(in); got != want {
			t.Errorf("PhoneKey(%q) = %q, want %q", in, got, want)
		}
	}
	if got := PhoneKeys("13812345678/139-1234-5678、13812345678;坏"); len(got) != 2 || got[1] != "+8613912345678" {
		t.Errorf("PhoneKeys = %q", got)
	}
	if MobileKey("无 / 13812345678") != "+8613812345678" || MobileKey("无") != "" {
		t.Error("MobileKey does not find the first number")
	}
	if _, err := ParsePhone("12345"); CodeOf(err) != CodeInvalid {
		t.Errorf("ParsePhone: %v", err)
	}
}

func TestMasks_P08(t *testing.T) {
	for in, want := range map[string]string{"13812345678": "138****5678", "+86 138 1234 5678": "138****5678", "021-58881234": "021****1234", "0571-88881234": "0571****234", "400-820-8820": "400****8820", "+85223456789": "+852****89", "12345": "****", "": "", " ": ""} {
		if got := MaskPhone(in); got != want {
			t.Errorf("MaskPhone(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"李娜": "李*", "欧阳娜娜": "欧*", " 王总": "王*", "Smith": "S*", "": "", "😀": "😀*"} {
		if got := MaskName(in); got != want {
			t.Errorf("MaskName(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"lina@huaxing.com": "l***@huaxing.com", "": "", "nonsense": "***", "@x": "***", "娜@x.cn": "娜***@x.cn"} {
		if got := MaskEmail(in); got != want {
			t.Errorf("MaskEmail(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringMatching(`\+?\d{0,16}`), rapid.String()).Draw(t, "s")
		if got := MaskPhone(s); len(s) > 6 && got == s {
			t.Fatalf("MaskPhone(%q) hides nothing", s)
		}
	})
}

func TestEmailDomainKey_DU01(t *testing.T) {
	for in, want := range map[string]string{
		"Li.Na@HuaXing.com": "huaxing.com", "a@mail.huaxing.com.cn": "mail.huaxing.com.cn", "a@qq.com": "", "a@vip.163.com": "", "a@GMAIL.com": "", "a@foxmail.com": "", "a@sina.com": "",
		"ａ＠huaxing.com": "huaxing.com", "": "", "a@": "", "@huaxing.com": "", "a b@huaxing.com": "", "a@huaxing": "", "a@-x.com": "", "a@b@huaxing.com": "", "notqq.com": "", "a@notqq.com": "notqq.com",
	} {
		if got := EmailDomainKey(in); got != want {
			t.Errorf("EmailDomainKey(%q) = %q, want %q", in, got, want)
		}
	}
	if !IsEmail("a@qq.com") || IsEmail("qq.com") {
		t.Error("IsEmail is wrong")
	}
}

func TestUSCC_DU01(t *testing.T) {
	for in, want := range map[string]string{"91310000MA1FL0QK3J": "", "91350100M000100Y43": "91350100M000100Y43", " 91350100m000100y43 ": "91350100M000100Y43", "９１３５０１００M000100Y43": "91350100M000100Y43"} {
		got, ok := USCC(in)
		if got != want || ok != (want != "") {
			t.Errorf("USCC(%q) = %q, %v", in, got, ok)
		}
	}
	const good = "91350100M000100Y43"
	for i := range good { // any one wrong character is noticed
		bad := []byte(good)
		bad[i] = '0' + (bad[i]-'0'+1)%10
		if bad[i] == good[i] {
			continue
		}
		if _, ok := USCC(string(bad)); ok {
			t.Errorf("USCC(%q) passes", bad)
		}
	}
	for _, in := range []string{"", "123", strings.Repeat("0", 17), "9135010IM000100Y43", "AB350100M000100Y4X", "华星科技有限公司"} {
		if _, ok := USCC(in); ok {
			t.Errorf("USCC(%q) passes", in)
		}
	}
}

func FuzzKeys(f *testing.F) {
	for _, s := range []string{"上海华星科技有限公司", "13812345678", "a@b.com", "91350100M000100Y43", "(上海)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		CompanyKey(s)
		USCC(s)
		EmailDomainKey(s)
		MaskEmail(s)
		MaskName(s)
		for _, k := range PhoneKeys(s) {
			if again := PhoneKey(k); again != k {
				t.Fatalf("PhoneKey(%q) = %q", k, again)
			}
			MaskPhone(k)
		}
	})
}
