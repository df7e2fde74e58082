package app

import (
	"bytes"
	"context"

	"crmbot/internal/crm"
	"crmbot/internal/importer"
)

// Import loads a file as `crmbot import KIND FILE` does and tells what
// happened; mapping is YAML or nil.
func (a *App) Import(ctx context.Context, kind, name string, data, mapping []byte) (string, error) {
	sum, err := a.Services.Imports.Run(ctx, crm.SystemActor(), importer.Kind(kind), name, bytes.NewReader(data), mapping, importer.Options{})
	return sum.String(), err
}

// ImportFile is Import for a file on the disk, which is read as it is imported
// and may be of any size.
func (a *App) ImportFile(ctx context.Context, kind, path string, mapping []byte, o importer.Options) (importer.Summary, error) {
	return a.Services.Imports.RunFile(ctx, crm.SystemActor(), importer.Kind(kind), path, mapping, o)
}
