// Package crm is the shared kernel: the acting person, money, codes, periods
// and the one error type. It imports the standard library only.
package crm

import (
	"fmt"
	"strconv"
	"strings"
)

// The ids of the records. Each is the number in the record's code: lead 12 is
// L-12. Zero means "none".
type (
	UserID     int64
	TeamID     int64
	LeadID     int64
	PoolID     int64
	AccountID  int64
	ContactID  int64
	DealID     int64
	QuoteID    int64
	ContractID int64
	RequestID  int64
	ActivityID int64
	TicketID   int64
	ReportID   int64
	ImportID   int64
)

// Kind is the letter of a code: what sort of record it names.
type Kind string

// The kinds of records that have codes.
const (
	KindLead     Kind = "L"
	KindAccount  Kind = "A"
	KindContact  Kind = "P"
	KindDeal     Kind = "D"
	KindQuote    Kind = "Q"
	KindContract Kind = "C"
	KindRequest  Kind = "R"
	KindActivity Kind = "V"
	KindTicket   Kind = "T"
	KindFinance  Kind = "F"
	KindReport   Kind = "B" // 报告
	KindImport   Kind = "I" // 导入
	KindCost     Kind = "K" // 花费
)

// Ref names one record of any kind. The zero value names nothing.
type Ref struct {
	Kind Kind
	ID   int64
}

// String is the code people type and read, such as "L-12"; empty for the zero Ref.
func (r Ref) String() string {
	if r.ID == 0 {
		return ""
	}
	return string(r.Kind) + "-" + strconv.FormatInt(r.ID, 10)
}

// ParseRef reads a code. It accepts lower case, a missing dash and full-width
// forms that were normalised before. It fails on anything else.
func ParseRef(s string) (Ref, error) {
	t := strings.ToUpper(strings.TrimSpace(s))
	if len(t) < 2 || !strings.Contains("LAPDQCRVTFBIK", t[:1]) {
		return Ref{}, fmt.Errorf("%q is not a code", s)
	}
	n := strings.TrimPrefix(t[1:], "-")
	id, err := strconv.ParseInt(n, 10, 64)
	if err != nil || id <= 0 || strings.HasPrefix(n, "+") {
		return Ref{}, fmt.Errorf("%q is not a code", s)
	}
	return Ref{Kind: Kind(t[:1]), ID: id}, nil
}

// Ref is the lead's code.
func (id LeadID) Ref() Ref { return Ref{KindLead, int64(id)} }

// Ref is the account's code.
func (id AccountID) Ref() Ref { return Ref{KindAccount, int64(id)} }

// Ref is the contact's code.
func (id ContactID) Ref() Ref { return Ref{KindContact, int64(id)} }

// Ref is the deal's code.
func (id DealID) Ref() Ref { return Ref{KindDeal, int64(id)} }

// Ref is the contract's code.
func (id ContractID) Ref() Ref { return Ref{KindContract, int64(id)} }

// Ref is the approval request's code.
func (id RequestID) Ref() Ref { return Ref{KindRequest, int64(id)} }

// Ref is the activity's code.
func (id ActivityID) Ref() Ref { return Ref{KindActivity, int64(id)} }

// Ref is the report's code.
func (id ReportID) Ref() Ref { return Ref{KindReport, int64(id)} }

// Ref is the import's code.
func (id ImportID) Ref() Ref { return Ref{KindImport, int64(id)} }

func (id LeadID) String() string     { return id.Ref().String() }
func (id AccountID) String() string  { return id.Ref().String() }
func (id ContactID) String() string  { return id.Ref().String() }
func (id DealID) String() string     { return id.Ref().String() }
func (id ContractID) String() string { return id.Ref().String() }
func (id RequestID) String() string  { return id.Ref().String() }
func (id ActivityID) String() string { return id.Ref().String() }
func (id ReportID) String() string   { return id.Ref().String() }
func (id ImportID) String() string   { return id.Ref().String() }
