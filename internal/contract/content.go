package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"crmbot/internal/crm"
)

// Field names one part of a contract's content in diffs.
type Field string

// The fields, in the order in which cards show them.
const (
	FieldNumber   Field = "number"
	FieldType     Field = "type"
	FieldCustomer Field = "customer"
	FieldAmount   Field = "amount"
	FieldTerms    Field = "terms"
	FieldStarts   Field = "starts"
	FieldEnds     Field = "ends"
	FieldDeal     Field = "deal"
	FieldChannel  Field = "channel"
	FieldContact  Field = "contact"
	FieldRemark   Field = "remark"
)

var fieldNames = map[Field]crm.Text{
	FieldNumber: {Zh: "合同编号", En: "Number"}, FieldType: {Zh: "合同类型", En: "Type"}, FieldCustomer: {Zh: "客户", En: "Customer"}, FieldAmount: {Zh: "合同金额", En: "Amount"},
	FieldTerms: {Zh: "付款条件", En: "Payment terms"}, FieldStarts: {Zh: "开始日期", En: "Starts on"}, FieldEnds: {Zh: "结束日期", En: "Ends on"},
	FieldDeal: {Zh: "关联商机", En: "Deal"}, FieldChannel: {Zh: "签署方式", En: "Signing"}, FieldContact: {Zh: "客户联系人", En: "Contact person"}, FieldRemark: {Zh: "备注", En: "Remark"},
}

// Name is the field's label.
func (f Field) Name(l crm.Lang) string { return fieldNames[f].In(l) }

// material are the fields that an approval is bound to (AP-04): price, party,
// terms, dates and type.
var material = map[Field]bool{FieldType: true, FieldCustomer: true, FieldAmount: true, FieldTerms: true, FieldStarts: true, FieldEnds: true}

// contentFields are the fields of Content with how each is written in a diff.
// The party is its id and name: renaming the other side is a change of party.
var contentFields = []struct {
	field Field
	value func(Content) string
}{
	{FieldType, func(c Content) string { return c.Type }},
	{FieldCustomer, func(c Content) string { return c.AccountName }},
	{FieldAmount, func(c Content) string { return strconv.FormatInt(int64(c.Amount), 10) }},
	{FieldTerms, func(c Content) string { return c.Terms }},
	{FieldStarts, func(c Content) string { return string(c.StartsOn) }},
	{FieldEnds, func(c Content) string { return string(c.EndsOn) }},
	{FieldDeal, func(c Content) string { return c.Deal.String() }},
	{FieldChannel, func(c Content) string { return string(c.Channel) }},
	{FieldContact, func(c Content) string { return c.Contact }},
	{FieldRemark, func(c Content) string { return c.Remark }},
}

// DiffOf are the fields that differ, in the order of the cards.
func DiffOf(before, after Content) []Diff {
	var out []Diff
	for _, f := range contentFields {
		b, a := f.value(before), f.value(after)
		if b != a || (f.field == FieldCustomer && before.Account != after.Account) {
			out = append(out, Diff{f.field, b, a})
		}
	}
	return out
}

// Material reports whether one of the changes voids an approval (AP-04).
func Material(ds []Diff) bool {
	for _, d := range ds {
		if material[d.Field] {
			return true
		}
	}
	return false
}

// HashOf is the sha256 of the canonical form of what an approval is bound to.
// The form is versioned, so that a later one cannot equal an older by chance.
func HashOf(c Content) string {
	raw, err := json.Marshal([]any{"contract/1", c.Type, int64(c.Account), c.AccountName, int64(c.Amount), c.Terms, string(c.StartsOn), string(c.EndsOn)})
	if err != nil {
		return "" // strings and numbers always encode
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// ValueText is a diff's value as people read it. Types are looked up in the
// types in force.
func ValueText(f Field, v string, types []Type, l crm.Lang) string {
	switch {
	case v == "" && f == FieldEnds:
		return l.T("长期", "no end")
	case v == "":
		return l.T("（空）", "(empty)")
	}
	switch f {
	case FieldAmount:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return v
		}
		return crm.Money(n).Format(l)
	case FieldType:
		return TypeName(types, v, l)
	case FieldChannel:
		return Channel(v).Name(l)
	}
	return v
}
