package recycle

import (
	"context"

	"crmbot/internal/crm"
)

// Grace puts off the day of a record that was handed over (HO-02), in the
// transaction of the context. It is no extension that anybody asked for.
func (s *Service) Grace(ctx context.Context, ref crm.Ref, days int) error {
	keeps, err := s.d.Store.Keeps(ctx, []crm.Ref{ref})
	if err != nil {
		return err
	}
	k, ok := keeps[ref]
	if !ok {
		return nil
	}
	k.Extra += days
	k.Check = ""
	return s.d.Store.SaveKeep(ctx, k)
}
