package store

import (
	"context"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/deal"
)

type productRow struct {
	ID      int64
	Name    string
	NameKey string
	Series  string
	Price   int64
	ExtNo   string
	Version int64
}

func (productRow) TableName() string { return "crm_products" }

func productRowOf(p deal.Product) productRow {
	return productRow{ID: int64(p.ID), Name: p.Name, NameKey: strings.ToLower(p.Name), Series: p.Series, Price: int64(p.Price), ExtNo: p.No, Version: p.Version}
}

func (r productRow) entity() deal.Product {
	return deal.Product{ID: deal.ProductID(r.ID), Name: r.Name, Series: r.Series, Price: crm.Money(r.Price), No: r.ExtNo, Version: r.Version}
}

// Product implements deal.Store.
func (d *DB) Product(ctx context.Context, id deal.ProductID) (deal.Product, error) {
	var r productRow
	err := d.read(ctx).Take(&r, "id = ?", int64(id)).Error
	if missing(err) {
		return deal.Product{}, crm.NotFound("没有这个产品", "there is no such product")
	}
	return r.entity(), err
}

// Products implements deal.Store.
func (d *DB) Products(ctx context.Context) ([]deal.Product, error) {
	var rows []productRow
	if err := d.read(ctx).Order("name_key").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]deal.Product, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// AddProducts implements deal.Store.
func (d *DB) AddProducts(ctx context.Context, ps []*deal.Product) error {
	if len(ps) == 0 {
		return nil
	}
	rows := make([]productRow, len(ps))
	for i, p := range ps {
		p.Version = 1
		rows[i] = productRowOf(*p)
	}
	err := d.write(ctx).CreateInBatches(rows, 100).Error
	if duplicate(err) {
		return crm.Conflict("", "产品已存在", "the product exists")
	}
	if err != nil {
		return err
	}
	for i, p := range ps {
		p.ID = deal.ProductID(rows[i].ID)
	}
	return nil
}

// UpdateProduct implements deal.Store.
func (d *DB) UpdateProduct(ctx context.Context, p *deal.Product) error {
	r := productRowOf(*p)
	r.Version++
	res := d.write(ctx).Model(&productRow{}).Select("*").Omit("id").Where("id = ? AND version = ?", r.ID, p.Version).Updates(&r)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("", "产品已被别人修改", "the product was changed by somebody else")
	}
	p.Version = r.Version
	return nil
}

// RemoveProduct implements deal.Store.
func (d *DB) RemoveProduct(ctx context.Context, id deal.ProductID, version int64) (bool, error) {
	res := d.write(ctx).Where("id = ? AND version = ? AND NOT EXISTS (SELECT 1 FROM crm_deals WHERE product_id = ?)", int64(id), version, int64(id)).Delete(&productRow{})
	return res.RowsAffected > 0, res.Error
}
