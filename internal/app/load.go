package app

import (
	"context"

	"crmbot/internal/crm"
)

// Import loads a file as `crmbot import KIND FILE` does and tells what
// happened; mapping is YAML or nil.
func (a *App) Import(ctx context.Context, kind, name string, data, mapping []byte) (string, error) {
	return "", crm.Invalid("不支持导入 "+kind, "cannot import "+kind)
}
