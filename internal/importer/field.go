package importer

import (
	"slices"
	"strings"
	"unicode"

	"crmbot/internal/crm"
)

// Kind is what the rows of a file are.
type Kind string

// The kinds.
const (
	Org      Kind = "org"
	Leads    Kind = "leads"
	Accounts Kind = "accounts"
	Products Kind = "products"
	Deals    Kind = "deals"
)

// Kinds are all kinds, in the order in which a file's kind is guessed.
var Kinds = []Kind{Leads, Accounts, Products, Deals, Org}

// ParseKind reads a kind in either language.
func ParseKind(s string) (Kind, bool) {
	t := strings.ToLower(strings.TrimSpace(s))
	for _, k := range Kinds {
		if t == string(k) || t == k.Name(crm.Chinese) || t == strings.ToLower(k.Name(crm.English)) || t+"s" == string(k) {
			return k, true
		}
	}
	return "", false
}

// Name is the kind's word.
func (k Kind) Name(l crm.Lang) string {
	switch k {
	case Org:
		return l.T("人员", "people")
	case Leads:
		return l.T("线索", "leads")
	case Accounts:
		return l.T("客户", "accounts")
	case Products:
		return l.T("产品", "products")
	case Deals:
		return l.T("商机", "deals")
	}
	return string(k)
}

// Field is one thing that a row can say.
type Field struct {
	Key string
	crm.Text
	// Synonyms are further headers under which files have it, in the form of
	// headerKey.
	Synonyms []string
	// Required rows without it are bad.
	Required bool
	// Main fields are on the mapping card; the others are set by text or mapping
	// file.
	Main bool
}

func field(key, zh, en string, synonyms ...string) Field {
	return Field{Key: key, Text: crm.Text{Zh: zh, En: en}, Synonyms: synonyms, Main: true}
}

func (f Field) required() Field { f.Required = true; return f }
func (f Field) rare() Field     { f.Main = false; return f }

var fields = map[Kind][]Field{
	Leads: {
		field("company", "公司", "company", "公司名称", "客户名称", "客户", "企业", "企业名称", "单位", "单位名称", "companyname", "account", "accountname", "organization", "organisation", "customer"),
		field("contact", "联系人", "contact", "姓名", "联系人姓名", "客户姓名", "name", "contactname", "fullname", "contactperson"),
		field("phone", "电话", "phone", "手机", "手机号", "手机号码", "联系电话", "电话号码", "联系方式", "mobile", "tel", "telephone", "phonenumber", "cell", "mobilephone"),
		field("email", "邮箱", "email", "电子邮箱", "电子邮件", "mail", "emailaddress"),
		field("title", "职位", "title", "职务", "岗位", "jobtitle", "position"),
		field("source", "来源", "source", "线索来源", "渠道", "来源渠道", "leadsource", "channel"),
		field("city", "城市", "city", "所在城市", "地市"),
		field("region", "省份地区", "region", "省份", "省", "地区", "区域", "province", "state", "country").rare(),
		field("industry", "行业", "industry", "所属行业", "sector"),
		field("need", "需求", "need", "产品需求", "感兴趣的产品", "意向产品", "需求描述", "interest", "product", "requirement"),
		field("budget", "预算", "budget", "采购预算", "预计时间").rare(),
		field("size", "规模", "size", "人数", "员工数", "公司规模", "employees", "headcount", "companysize").rare(),
		field("note", "备注", "note", "说明", "描述", "remark", "remarks", "notes", "comment", "description"),
		field("grade", "等级", "grade", "级别", "评级", "leadgrade").rare(),
		field("address", "地址", "address", "公司地址", "详细地址").rare(),
		field("uscc", "统一社会信用代码", "credit code", "信用代码", "税号", "uscc").rare(),
		field("owner", "负责人", "owner", "销售", "销售员", "业务员", "salesrep", "rep", "leadowner").rare(),
		field("campaign", "活动", "campaign", "推广活动", "市场活动", "utmcampaign").rare(),
		field("converted", "已转化", "converted").rare(),
	},
	Accounts: {
		field("name", "客户名称", "account name", "公司", "公司名称", "客户", "企业名称", "单位名称", "name", "account", "company", "companyname", "customer", "customername").required(),
		field("level", "级别", "level", "客户级别", "等级", "客户等级", "tier"),
		field("region", "城市或区域", "city or region", "城市", "地区", "区域", "省份", "所在地", "city", "region", "country", "officelocation", "location"),
		field("industry", "行业", "industry", "所属行业", "sector"),
		field("owner", "负责人", "owner", "客户经理", "销售", "销售员", "业务员", "salesrep", "rep", "agent", "salesagent", "accountowner"),
		field("contact", "联系人", "contact", "联系人姓名", "contactname"),
		field("mobile", "电话", "phone", "手机", "手机号", "联系电话", "mobile", "telephone"),
		field("email", "邮箱", "email", "电子邮箱", "mail").rare(),
		field("title", "职位", "title", "职务", "jobtitle").rare(),
		field("uscc", "统一社会信用代码", "credit code", "信用代码", "税号", "uscc"),
		field("no", "外部编号", "external number", "编号", "客户编号", "id", "accountid", "customerid"),
		field("parent", "上级单位", "parent company", "母公司", "集团", "subsidiaryof", "parent"),
		field("employees", "员工数", "employees", "人数", "规模", "headcount").rare(),
		field("revenue", "年营收", "yearly revenue", "营业额", "营收", "revenue", "annualrevenue").rare(),
		field("founded", "成立年份", "year founded", "成立时间", "yearestablished", "founded").rare(),
		field("created", "创建日期", "created", "创建时间", "createdat", "createddate").rare(),
	},
	Products: {
		field("name", "产品名称", "product name", "产品", "名称", "商品", "商品名称", "型号", "product", "name", "productname", "item").required(),
		field("series", "系列", "series", "类别", "分类", "产品线", "category", "family"),
		field("price", "标价", "list price", "价格", "单价", "售价", "价目", "price", "salesprice", "unitprice"),
		field("no", "外部编号", "external number", "编号", "产品编号", "编码", "sku", "id", "productid", "code"),
	},
	Deals: {
		field("title", "商机名称", "deal title", "商机", "项目", "项目名称", "标题", "机会名称", "deal", "opportunity", "opportunityname", "dealname", "title"),
		field("account", "客户", "account", "客户名称", "公司", "公司名称", "company", "customer", "accountname"),
		field("product", "产品", "product", "产品名称", "型号", "productname"),
		field("owner", "负责人", "owner", "销售", "销售员", "业务员", "客户经理", "salesrep", "rep", "agent", "salesagent", "dealowner").required(),
		field("stage", "阶段", "stage", "商机阶段", "销售阶段", "dealstage", "salesstage"),
		field("status", "结果", "result", "状态", "是否赢单", "status", "outcome"),
		field("amount", "金额", "amount", "商机金额", "成交金额", "预计金额", "合同金额", "closevalue", "value", "dealvalue"),
		field("opened", "开始日期", "opened on", "创建日期", "创建时间", "立项日期", "engagedate", "opendate", "createddate", "opened"),
		field("closed", "结束日期", "closed on", "成交日期", "关闭日期", "赢单日期", "closedate", "closed"),
		field("expected", "预计成交日", "expected close", "预计成交日期", "预计日期", "expectedclosedate", "expectedclose").rare(),
		field("reason", "输单原因", "reason of loss", "丢单原因", "失败原因", "lostreason", "reason").rare(),
		field("note", "备注", "note", "说明", "remark", "notes").rare(),
		field("no", "外部编号", "external number", "编号", "商机编号", "id", "opportunityid", "dealid"),
	},
	Org: {
		field("name", "姓名", "name", "员工姓名", "员工", "名字", "销售", "employee", "fullname", "salesagent", "agent", "rep").required(),
		field("no", "工号", "employee number", "员工编号", "employeeno", "employeeid", "id"),
		field("role", "角色", "role", "岗位", "职务", "职位", "roles", "position"),
		field("team", "团队", "team", "部门", "小组", "所属部门", "department", "group"),
		field("manager", "上级", "manager", "经理", "直属上级", "主管", "负责人", "leader", "supervisor"),
		field("parent", "上级团队", "parent team", "上级部门", "大区", "regionaloffice", "division"),
		field("region", "城市或区域", "city or region", "区域", "城市", "地区", "region", "city", "office"),
		field("lang", "语言", "language", "lang").rare(),
	},
}

// Fields are what rows of the kind can say.
func Fields(k Kind) []Field { return fields[k] }

// FieldOf finds a field of the kind by key, name or synonym.
func FieldOf(k Kind, text string) (Field, bool) {
	want := headerKey(text)
	for _, f := range fields[k] {
		if want == headerKey(f.Key) || want == headerKey(f.Zh) || want == headerKey(f.En) {
			return f, true
		}
	}
	for _, f := range fields[k] {
		if slices.Contains(f.Synonyms, want) {
			return f, true
		}
	}
	return Field{}, false
}

// headerKey is the form in which headers are compared: lower case letters and
// digits only, without what brackets add ("电话(必填)").
func headerKey(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range strings.ToLower(crm.Normalize(s)) {
		switch {
		case r == '(' || r == '[' || r == '【':
			depth++
		case r == ')' || r == ']' || r == '】':
			depth = max(0, depth-1)
		case depth == 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		}
	}
	return b.String()
}
