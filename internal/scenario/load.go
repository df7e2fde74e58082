package scenario

import (
	"context"
	"fmt"
)

// load imports a file as `crmbot import` does.
func (w *world) load(ctx context.Context, kind, name, mapping string) error {
	data, err := w.file(name)
	if err != nil {
		return err
	}
	var m []byte
	if mapping != "" {
		if m, err = w.file(mapping); err != nil {
			return err
		}
	}
	if w.app.Import == nil {
		return fmt.Errorf("nothing imports %s", kind)
	}
	return w.app.Import(ctx, kind, name, data, m)
}
