package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

type contractRow struct {
	ID               int64
	Number           string
	Type             string
	AccountID        int64
	AccountName      string
	DealID           int64
	Amount           int64
	Terms            string
	StartsOn         string
	EndsOn           string
	Channel          string
	Contact          string
	Remark           string
	OwnerID          int64
	TeamID           int64
	State            string
	Cause            string
	Round            int
	Version          int64
	Hash             string
	SubmittedAmount  int64
	ApprovedMs       int64
	ApprovedAmount   int64
	SignedOn         string
	SignedMs         int64
	SignedVia        string
	CreditUserID     int64
	CreditTeamID     int64
	HandedFromID     int64
	HandedMs         int64
	ShareUserID      int64
	ShareTeamID      int64
	ShareAmount      int64
	ArchivedMs       int64
	TerminatedMs     int64
	TerminatedReason string
	SupersededBy     int64
	CreatedMs        int64
	UpdatedMs        int64
}

func (contractRow) TableName() string { return "crm_contracts" }

type contractEntryRow struct {
	ID         int64
	ContractID int64
	AtMs       int64
	UserID     int64
	Event      string
	FromState  string
	ToState    string
	Diff       string
	Note       string
}

func (contractEntryRow) TableName() string { return "crm_contract_log" }

type contractVersionRow struct {
	ID         int64
	ContractID int64
	Round      int
	Hash       string
	Content    string
	AtMs       int64
}

func (contractVersionRow) TableName() string { return "crm_contract_versions" }

type contractFileRow struct {
	ID         int64
	ContractID int64
	Name       string
	Hash       string
	Size       int64
	UserID     int64
	AtMs       int64
	Body       []byte
}

func (contractFileRow) TableName() string { return "crm_contract_files" }

func contractRowOf(c contract.Contract) contractRow {
	return contractRow{ID: int64(c.ID), Number: c.Number, Type: c.Type, AccountID: int64(c.Account), AccountName: c.AccountName, DealID: int64(c.Deal), Amount: int64(c.Amount),
		Terms: c.Terms, StartsOn: string(c.StartsOn), EndsOn: string(c.EndsOn), Channel: string(c.Channel), Contact: c.Contact, Remark: c.Remark, OwnerID: int64(c.Owner),
		TeamID: int64(c.Team), State: string(c.State), Cause: string(c.Cause), Round: c.Round, Version: c.Version, Hash: c.Hash, SubmittedAmount: int64(c.SubmittedAmount),
		ApprovedMs: ms(c.ApprovedAt), ApprovedAmount: int64(c.ApprovedAmount), SignedOn: string(c.SignedOn), SignedMs: ms(c.SignedAt), SignedVia: string(c.SignedVia),
		CreditUserID: int64(c.CreditUser), CreditTeamID: int64(c.CreditTeam), HandedFromID: int64(c.HandedFrom), HandedMs: ms(c.HandedAt),
		ShareUserID: int64(c.ShareUser), ShareTeamID: int64(c.ShareTeam), ShareAmount: int64(c.ShareAmount), ArchivedMs: ms(c.ArchivedAt), TerminatedMs: ms(c.TerminatedAt), TerminatedReason: c.TerminatedReason,
		SupersededBy: int64(c.SupersededBy), CreatedMs: ms(c.CreatedAt), UpdatedMs: ms(c.UpdatedAt)}
}

func (r contractRow) entity() contract.Contract {
	return contract.Contract{ID: crm.ContractID(r.ID), Number: r.Number,
		Content: contract.Content{Type: r.Type, Account: crm.AccountID(r.AccountID), AccountName: r.AccountName, Deal: crm.DealID(r.DealID), Amount: crm.Money(r.Amount), Terms: r.Terms,
			StartsOn: crm.Day(r.StartsOn), EndsOn: crm.Day(r.EndsOn), Channel: contract.Channel(r.Channel), Contact: r.Contact, Remark: r.Remark},
		Owner: crm.UserID(r.OwnerID), Team: crm.TeamID(r.TeamID), State: contract.State(r.State), Cause: contract.Cause(r.Cause), Round: r.Round, Version: r.Version, Hash: r.Hash,
		SubmittedAmount: crm.Money(r.SubmittedAmount), ApprovedAt: at(r.ApprovedMs), ApprovedAmount: crm.Money(r.ApprovedAmount), SignedOn: crm.Day(r.SignedOn), SignedAt: at(r.SignedMs),
		SignedVia: contract.Channel(r.SignedVia), CreditUser: crm.UserID(r.CreditUserID), CreditTeam: crm.TeamID(r.CreditTeamID), HandedFrom: crm.UserID(r.HandedFromID), HandedAt: at(r.HandedMs),
		ShareUser: crm.UserID(r.ShareUserID), ShareTeam: crm.TeamID(r.ShareTeamID), ShareAmount: crm.Money(r.ShareAmount), ArchivedAt: at(r.ArchivedMs),
		TerminatedAt: at(r.TerminatedMs), TerminatedReason: r.TerminatedReason, SupersededBy: crm.ContractID(r.SupersededBy), CreatedAt: at(r.CreatedMs), UpdatedAt: at(r.UpdatedMs)}
}

// AddContract implements contract.Store.
func (d *DB) AddContract(ctx context.Context, c *contract.Contract) error {
	c.ID, c.Version = 0, 1
	row := contractRowOf(*c)
	err := d.write(ctx).Create(&row).Error
	c.ID = crm.ContractID(row.ID)
	return err
}

// Contract implements contract.Store.
func (d *DB) Contract(ctx context.Context, id crm.ContractID, lock bool) (contract.Contract, error) {
	db := d.read(ctx)
	if lock {
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var row contractRow
	err := db.Where("id = ?", int64(id)).Take(&row).Error
	if missing(err) {
		return contract.Contract{}, contract.NotFound(id)
	}
	return row.entity(), err
}

// ContractParties implements contract.Store. What was removed since, with an
// import that was taken back, has no owner.
func (d *DB) ContractParties(ctx context.Context, ids []crm.ContractID) (map[crm.ContractID][]crm.UserID, error) {
	out := make(map[crm.ContractID][]crm.UserID, len(ids))
	for part := range slices.Chunk(ids, 500) {
		var rows []struct{ ID, Owner, Account, Deal int64 }
		err := d.read(ctx).Table("crm_contracts AS c").Joins("LEFT JOIN crm_accounts a ON a.id = c.account_id").Joins("LEFT JOIN crm_deals d ON d.id = c.deal_id").
			Select("c.id AS id, c.owner_id AS owner, COALESCE(a.owner_id, 0) AS account, COALESCE(d.owner_id, 0) AS deal").Where("c.id IN ?", part).Find(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[crm.ContractID(r.ID)] = []crm.UserID{crm.UserID(r.Owner), crm.UserID(r.Account), crm.UserID(r.Deal)}
		}
	}
	return out, nil
}

// SaveContract implements contract.Store.
func (d *DB) SaveContract(ctx context.Context, c *contract.Contract) error {
	row := contractRowOf(*c)
	row.Version++
	res := d.write(ctx).Model(&row).Select("*").Omit("id").Where("id = ? AND version = ?", row.ID, c.Version).Updates(&row)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return contract.Moved(c.ID)
	}
	c.Version = row.Version
	return nil
}

// FindContracts implements contract.Store.
func (d *DB) FindContracts(ctx context.Context, q contract.Query) ([]contract.Contract, int64, error) {
	db := d.read(ctx).Model(&contractRow{})
	if !q.Scope.All {
		db = db.Where("owner_id = ? OR team_id IN ?", int64(q.Scope.User), append([]crm.TeamID{-1}, q.Scope.Teams...))
	}
	if q.Owner != 0 {
		db = db.Where("owner_id = ?", int64(q.Owner))
	}
	if q.Account != 0 {
		db = db.Where("account_id = ?", int64(q.Account))
	}
	if q.Text != "" {
		db = db.Where("account_name LIKE ? ESCAPE '!' OR number LIKE ? ESCAPE '!'", "%"+likeText(q.Text)+"%", likeText(q.Text)+"%")
	}
	if len(q.States) > 0 {
		db = db.Where("state IN ?", q.States)
	}
	var n int64
	if err := db.Count(&n).Error; err != nil {
		return nil, 0, err
	}
	if q.Limit <= 0 {
		q.Limit = 10
	}
	var rows []contractRow
	err := db.Order("updated_ms DESC, id DESC").Offset(q.Offset).Limit(q.Limit).Find(&rows).Error
	return contracts(rows), n, err
}

func contracts(rows []contractRow) []contract.Contract {
	out := make([]contract.Contract, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out
}

// ContractsDue implements contract.Store.
func (d *DB) ContractsDue(ctx context.Context, s contract.State, day crm.Day, after crm.ContractID, n int) ([]contract.Contract, error) {
	col := "starts_on"
	if s == contract.Active {
		col = "ends_on"
	}
	var rows []contractRow
	err := d.read(ctx).Where("state = ? AND "+col+" <> '' AND "+col+" <= ? AND terminated_ms = 0 AND id > ?", string(s), string(day), int64(after)).Order("id").Limit(n).Find(&rows).Error
	return contracts(rows), err
}

// ContractHistory implements contract.Store.
func (d *DB) ContractHistory(ctx context.Context, id crm.AccountID, except crm.ContractID) (contract.History, error) {
	var h contract.History
	mine := func() *gorm.DB {
		return d.read(ctx).Model(&contractRow{}).Where("account_id = ? AND id <> ?", int64(id), int64(except))
	}
	signed := []string{string(contract.NotStarted), string(contract.Active), string(contract.Expired)}
	var sum struct{ N, Total int64 }
	if err := mine().Where("state IN ? AND terminated_ms = 0", signed).Select("COUNT(*) AS n, COALESCE(SUM(amount), 0) AS total").Scan(&sum).Error; err != nil {
		return h, err
	}
	h.Signed, h.Amount = sum.N, crm.Money(sum.Total)
	var last []contractRow
	if err := mine().Where("signed_on <> ''").Select("signed_on").Order("signed_on DESC").Limit(1).Find(&last).Error; err != nil {
		return h, err
	}
	if len(last) == 1 {
		h.LastOn = crm.Day(last[0].SignedOn)
	}
	err := mine().Where("state IN ?", []string{string(contract.Pending), string(contract.ToSign)}).Count(&h.Open).Error
	return h, err
}

// AddContractEntry implements contract.Store.
func (d *DB) AddContractEntry(ctx context.Context, e *contract.Entry) error {
	diff, err := json.Marshal(e.Diff)
	if err != nil {
		return fmt.Errorf("encode contract diff: %w", err)
	}
	row := contractEntryRow{ContractID: int64(e.Contract), AtMs: ms(e.At), UserID: int64(e.User), Event: string(e.Event), FromState: string(e.From), ToState: string(e.To), Diff: string(diff), Note: e.Note}
	err = d.write(ctx).Create(&row).Error
	e.ID = row.ID
	return err
}

// ContractEntries implements contract.Store.
func (d *DB) ContractEntries(ctx context.Context, id crm.ContractID, n int) ([]contract.Entry, error) {
	var rows []contractEntryRow
	if err := d.read(ctx).Where("contract_id = ?", int64(id)).Order("id DESC").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]contract.Entry, len(rows))
	for i, r := range rows {
		out[i] = contract.Entry{ID: r.ID, Contract: id, At: at(r.AtMs), User: crm.UserID(r.UserID), Event: contract.Event(r.Event), From: contract.State(r.FromState), To: contract.State(r.ToState), Note: r.Note}
		if err := json.Unmarshal([]byte(r.Diff), &out[i].Diff); err != nil {
			return nil, fmt.Errorf("decode contract diff %d: %w", r.ID, err)
		}
	}
	return out, nil
}

// AddContractContent implements contract.Store.
func (d *DB) AddContractContent(ctx context.Context, id crm.ContractID, round int, hash string, c contract.Content, when time.Time) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode contract content: %w", err)
	}
	return d.write(ctx).Create(&contractVersionRow{ContractID: int64(id), Round: round, Hash: hash, Content: string(raw), AtMs: ms(when)}).Error
}

// ContractContent implements contract.Store.
func (d *DB) ContractContent(ctx context.Context, id crm.ContractID, round int) (c contract.Content, ok bool, err error) {
	var rows []contractVersionRow
	if err := d.read(ctx).Where("contract_id = ? AND round = ?", int64(id), round).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return c, false, err
	}
	if err := json.Unmarshal([]byte(rows[0].Content), &c); err != nil {
		return c, false, fmt.Errorf("decode contract content %d/%d: %w", id, round, err)
	}
	return c, true, nil
}

// AddContractFile implements contract.Store.
func (d *DB) AddContractFile(ctx context.Context, f *contract.File, body []byte) error {
	row := contractFileRow{ContractID: int64(f.Contract), Name: f.Name, Hash: f.Hash, Size: f.Size, UserID: int64(f.User), AtMs: ms(f.At), Body: body}
	err := d.write(ctx).Create(&row).Error
	f.ID = row.ID
	return err
}

func (r contractFileRow) entity() contract.File {
	return contract.File{ID: r.ID, Contract: crm.ContractID(r.ContractID), Name: r.Name, Hash: r.Hash, Size: r.Size, User: crm.UserID(r.UserID), At: at(r.AtMs)}
}

// ContractFiles implements contract.Store; it does not read the files' bodies.
func (d *DB) ContractFiles(ctx context.Context, id crm.ContractID) ([]contract.File, error) {
	var rows []contractFileRow
	err := d.read(ctx).Select("id", "contract_id", "name", "hash", "size", "user_id", "at_ms").Where("contract_id = ?", int64(id)).Order("id").Find(&rows).Error
	out := make([]contract.File, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, err
}

// ContractFile implements contract.Store.
func (d *DB) ContractFile(ctx context.Context, id int64) (contract.File, []byte, error) {
	var row contractFileRow
	err := d.read(ctx).Where("id = ?", id).Take(&row).Error
	if missing(err) {
		return contract.File{}, nil, crm.NotFound("没有这个文件", "there is no such file")
	}
	return row.entity(), row.Body, err
}
