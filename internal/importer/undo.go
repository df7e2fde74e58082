package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/internal/crm"
)

// Undo takes an import back within its hours (CH-05): new rows are removed and
// changed ones restored, unless somebody touched them since.
func (s *Service) Undo(ctx context.Context, a crm.Actor, id crm.ImportID) (Job, error) {
	var j Job
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if j, err = s.Get(ctx, a, id); err != nil {
			return err
		}
		now := s.Clock.Now()
		dead := j.State == Undoing && now.Sub(j.UpdatedAt) > stale
		switch {
		case j.State == Choosing || j.State == Tried:
			return crm.Conflict("CH-05", j.ID.String()+" 还没有导入", j.ID.String()+" was not imported yet")
		case j.State != Done && !dead:
			return over(j)
		case j.Mapping.Kind == Org:
			return crm.Refused("CH-05", "人员导入不能撤销", "an import of people cannot be taken back").WithNext("请逐个修改成员", "change the people one by one")
		case now.After(j.Until) && !dead:
			_, _, hours := s.Limits(ctx)
			return crm.Refused("CH-05", fmt.Sprintf("导入超过 %d 小时，不能撤销", hours), fmt.Sprintf("an import can be taken back for %d hours only", hours)).
				WithNext("请逐条处理", "please handle the records one by one")
		}
		j.State = Undoing
		return s.save(ctx, &j, nil)
	})
	if crm.CodeOf(err) == crm.CodeStale {
		j.ID, j.State = id, Undoing
		return Job{}, over(j)
	}
	if err != nil {
		return Job{}, err
	}
	if err := s.takeBack(ctx, a, &j); err != nil {
		j.UpdatedAt = time.Time{}
		return Job{}, errors.Join(err, s.Store.UpdateImport(context.WithoutCancel(ctx), &j))
	}
	j.State = Undone
	err = s.save(ctx, &j, func(ctx context.Context) error {
		if err := s.audit(ctx, a, j, "import.undo"); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, j.ID.Ref())
	})
	return j, err
}

func (s *Service) takeBack(ctx context.Context, a crm.Actor, j *Job) error {
	if j.Mapping.Kind == Leads {
		var err error
		j.Taken, j.Kept, err = s.Nouns.Leads.UndoImport(ctx, a, int64(j.ID))
		return err
	}
	k, err := s.sink(ctx, j.Mapping, int64(j.ID))
	if err != nil {
		return err
	}
	for {
		more := false
		next := *j
		if err := s.Tx.InTx(ctx, func(ctx context.Context) error {
			next = *j
			rows, err := s.Store.ImportRows(ctx, j.ID, batchRows)
			if err != nil || len(rows) == 0 {
				return err
			}
			more = true
			lines := make([]int, len(rows))
			for i, r := range rows {
				lines[i] = r.Line
				ok, err := k.undo(ctx, a, r.Result)
				if err != nil {
					return err
				}
				if ok {
					next.Taken++
				} else {
					next.Kept++
				}
			}
			if err := s.Store.DropImportRows(ctx, j.ID, lines); err != nil {
				return err
			}
			return s.save(ctx, &next, nil)
		}); err != nil {
			return err
		}
		*j = next
		if !more {
			return nil
		}
	}
}
