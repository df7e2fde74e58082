package cards

import "crmbot/internal/crm"

// mergeSamples are merges of records that are the same.
func mergeSamples(l crm.Lang) []Sample {
	v := MergeView{Keep: crm.LeadID(12).Ref(), Other: crm.LeadID(15).Ref(), KeepTitle: l.T("上海华星科技有限公司", "Huaxing Technology"), OtherTitle: l.T("华兴工贸", "Huaxing Trading"), KV: 3, OV: 1, Owner: l.T("李娜", "Li Na"), Loses: l.T("张伟", "Zhang Wei"),
		Rows: []MergeRow{
			{Key: "company", Name: crm.Text{Zh: "公司", En: "company"}, Keep: l.T("上海华星科技有限公司", "Huaxing Technology"), Other: l.T("华兴工贸", "Huaxing Trading"), Differs: true, First: MergeKeep},
			{Key: "phone", Name: crm.Text{Zh: "电话", En: "phone"}, Keep: "13800138000", Other: "13900139000", Differs: true, Joins: true, First: MergeBoth},
			{Key: "city", Name: crm.Text{Zh: "城市", En: "city"}, Other: l.T("上海", "Shanghai")},
			{Key: "budget", Name: crm.Text{Zh: "预算", En: "budget"}, Keep: l.T("80 万", "800k")},
			{Key: "note", Name: crm.Text{Zh: "备注", En: "note"}}}}
	same := v
	same.Rows, same.Loses, same.Owner = v.Rows[2:4], "", ""
	accounts := same
	accounts.Keep, accounts.Other = crm.AccountID(3).Ref(), crm.AccountID(7).Ref()
	return []Sample{
		{"merge.leads/differ", crm.Text{Zh: "合并两条线索，有不同", En: "two leads that differ"}, Merge(l, v)},
		{"merge.leads/same", crm.Text{Zh: "合并两条线索，没有不同", En: "two leads without a difference"}, Merge(l, same)},
		{"merge.accounts/same", crm.Text{Zh: "合并两个客户", En: "two accounts"}, Merge(l, accounts)},
		{"merge.into/account", crm.Text{Zh: "线索并入客户", En: "a lead into an account"}, MergeInto(l, crm.LeadID(12).Ref(), crm.AccountID(3).Ref(), v.KeepTitle, l.T("星河科技", "Galaxy"))},
	}
}
