package store

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/channel"
	"crmbot/internal/crm"
)

type costRow struct {
	ID                int64
	Channel, Campaign string
	FromDay, ToDay    string // ToDay is the first day after it
	Amount            int64
	ByID, AtMs        int64
	CorrectsID        int64
	VoidedMs          int64
	VoidedBy          int64
}

func (costRow) TableName() string { return "crm_channel_costs" }

func (r costRow) entity() channel.Cost {
	return channel.Cost{ID: channel.CostID(r.ID), Origin: channel.Origin{Channel: r.Channel, Campaign: r.Campaign}, Period: crm.Period{From: crm.Day(r.FromDay), To: crm.Day(r.ToDay)},
		Amount: crm.Money(r.Amount), By: crm.UserID(r.ByID), At: at(r.AtMs), Corrects: channel.CostID(r.CorrectsID), VoidedAt: at(r.VoidedMs), VoidedBy: crm.UserID(r.VoidedBy)}
}

// AddCost implements channel.Store.
func (d *DB) AddCost(ctx context.Context, c *channel.Cost) error {
	row := costRow{Channel: c.Channel, Campaign: c.Campaign, FromDay: string(c.Period.From), ToDay: string(c.Period.To), Amount: int64(c.Amount), ByID: int64(c.By), AtMs: ms(c.At), CorrectsID: int64(c.Corrects)}
	err := d.write(ctx).Create(&row).Error
	c.ID = channel.CostID(row.ID)
	return err
}

// Cost implements channel.Store.
func (d *DB) Cost(ctx context.Context, id channel.CostID) (channel.Cost, error) {
	var rows []costRow
	if err := d.read(ctx).Where("id = ?", int64(id)).Limit(1).Find(&rows).Error; err != nil {
		return channel.Cost{}, err
	}
	if len(rows) == 0 {
		return channel.Cost{}, crm.NotFound("没有花费 "+id.String(), "there is no cost "+id.String()).WithNext("发送 /渠道 花费 查看", "send /channels cost to see them")
	}
	return rows[0].entity(), nil
}

// VoidCost implements channel.Store.
func (d *DB) VoidCost(ctx context.Context, id channel.CostID, by crm.UserID, when time.Time) (bool, error) {
	res := d.write(ctx).Model(&costRow{}).Where("id = ? AND voided_ms = 0", int64(id)).Updates(map[string]any{"voided_ms": ms(when), "voided_by": int64(by)})
	return res.RowsAffected == 1, res.Error
}

// Costs implements channel.Store.
func (d *DB) Costs(ctx context.Context, n int) ([]channel.Cost, error) {
	var rows []costRow
	if err := d.read(ctx).Order("id DESC").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]channel.Cost, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// originQueries say where the records of a kind came from. A deal came from where
// the lead came from that its account was.
var originQueries = map[crm.Kind]string{
	crm.KindLead: "SELECT id, source AS channel, campaign FROM crm_leads WHERE id IN ?",
	crm.KindDeal: "SELECT d.id AS id, l.source AS channel, l.campaign AS campaign FROM crm_deals d JOIN crm_accounts a ON a.id = d.account_id JOIN crm_leads l ON l.id = a.lead_id WHERE d.id IN ?",
	crm.KindCost: "SELECT id, channel, campaign FROM crm_channel_costs WHERE id IN ?",
}

// Origins implements channel.Store.
func (d *DB) Origins(ctx context.Context, refs []crm.Ref) (map[crm.Ref]channel.Origin, error) {
	ids := map[crm.Kind][]int64{}
	for _, r := range refs {
		ids[r.Kind] = append(ids[r.Kind], r.ID)
	}
	out := make(map[crm.Ref]channel.Origin, len(refs))
	for kind, query := range originQueries {
		list := ids[kind]
		slices.Sort(list)
		for chunk := range slices.Chunk(slices.Compact(list), 500) {
			var rows []struct {
				ID                int64
				Channel, Campaign string
			}
			if err := d.read(ctx).Raw(query, chunk).Scan(&rows).Error; err != nil {
				return nil, err
			}
			for _, r := range rows {
				out[crm.Ref{Kind: kind, ID: r.ID}] = channel.Origin{Channel: r.Channel, Campaign: r.Campaign}
			}
		}
	}
	return out, nil
}
