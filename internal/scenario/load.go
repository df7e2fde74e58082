package scenario

import "context"

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
	sum, err := w.app.Import(ctx, kind, name, data, m)
	w.say("  %s", sum)
	return err
}
