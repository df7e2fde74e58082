package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
)

// batchRows is how many rows go into one transaction.
const batchRows = 500

// stale is after how long without progress a running import counts as dead.
const stale = 2 * time.Minute

// hooks are what a pass does with the results of each batch.
type hooks struct {
	// inside runs in a transaction, the one of the batch where the kind allows it;
	// it may run several times for one batch. Nil: nothing; always nil in a dry run.
	inside func(ctx context.Context, rows []row, res []bulk.Result) error
	// after runs once, when the batch is stored.
	after func(rows []row, res []bulk.Result) error
}

// pass reads the file from after a line on, says what becomes of the rows and,
// with commit, does it.
func (s *Service) pass(ctx context.Context, a crm.Actor, src Source, m Mapping, job crm.ImportID, after int, commit bool, h hooks) error {
	b, err := m.bind(src.Header())
	if err != nil {
		return err
	}
	k, err := s.sink(ctx, m, int64(job))
	if err != nil {
		return err
	}
	seen := map[string]int{}
	for {
		rows, end, err := nextBatch(src, b, after)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			res, err := s.batch(ctx, a, k, rows, commit, h.inside)
			if err != nil {
				return err
			}
			if !commit {
				markRepeated(seen, rows, res)
			}
			if err := h.after(rows, res); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (s *Service) batch(ctx context.Context, a crm.Actor, k sink, rows []row, commit bool, inside func(ctx context.Context, rows []row, res []bulk.Result) error) (res []bulk.Result, err error) {
	if !commit {
		return k.put(ctx, a, rows, false)
	}
	if k.joins() {
		err := s.Tx.InTx(ctx, func(ctx context.Context) error {
			if res, err = k.put(ctx, a, rows, true); err != nil || inside == nil {
				return err
			}
			return inside(ctx, rows, res)
		})
		return res, err
	}
	if res, err = k.put(ctx, a, rows, true); err != nil || inside == nil {
		return res, err
	}
	return res, s.Tx.InTx(ctx, func(ctx context.Context) error { return inside(ctx, rows, res) })
}

func nextBatch(src Source, b *binder, after int) (rows []row, end bool, err error) {
	for len(rows) < batchRows {
		r, err := src.Next()
		if errors.Is(err, io.EOF) {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		if r.Line > after {
			rows = append(rows, b.row(r))
		}
	}
	return rows, false, nil
}

// markRepeated notices in a dry run that a row repeats one of an earlier batch,
// which nothing stored.
func markRepeated(seen map[string]int, rows []row, res []bulk.Result) {
	for i := range res {
		if res[i].Key == "" || res[i].Outcome != bulk.New {
			continue
		}
		if line, ok := seen[res[i].Key]; ok {
			res[i] = bulk.Result{Outcome: bulk.Same, Reason: crm.Text{Zh: fmt.Sprintf("与文件第 %d 行重复", line), En: fmt.Sprintf("same as row %d of the file", line)}}
			continue
		}
		seen[res[i].Key] = rows[i].line
	}
}

// Try says what an import would do and returns the file with a result and a
// reason for every row.
func (s *Service) Try(ctx context.Context, a crm.Actor, id crm.ImportID) (Job, File, error) {
	j, err := s.Get(ctx, a, id)
	if err != nil {
		return Job{}, File{}, err
	}
	if j.State != Choosing && j.State != Tried {
		return Job{}, File{}, over(j)
	}
	src, err := s.open(ctx, j)
	if err != nil {
		return Job{}, File{}, err
	}
	defer src.Close()
	out, err := newMarked(j, a.Lang)
	if err != nil {
		return Job{}, File{}, err
	}
	j.forget()
	if err := s.pass(ctx, a, src, j.Mapping, j.ID, 0, false, hooks{after: func(rows []row, res []bulk.Result) error {
		j.count(rows, res)
		for i, r := range res {
			if err := out.row(rows[i], r); err != nil {
				return err
			}
		}
		return nil
	}}); err != nil {
		return Job{}, File{}, err
	}
	file, err := out.finish(a.Lang.T("试算", "dry-run"))
	if err != nil {
		return Job{}, File{}, err
	}
	j.State = Tried
	err = s.save(ctx, &j, func(ctx context.Context) error {
		if err := s.Store.RememberMapping(ctx, Fingerprint(j.Header), j.Mapping, a.ID); err != nil {
			return err
		}
		return s.audit(ctx, a, j, "import.try")
	})
	return j, file, err
}

// save stores the import together with what also writes; j changes only when
// both are stored.
func (s *Service) save(ctx context.Context, j *Job, also func(ctx context.Context) error) error {
	var next Job
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		next = *j
		next.UpdatedAt = s.Clock.Now()
		if err := s.Store.UpdateImport(ctx, &next); err != nil || also == nil {
			return err
		}
		return also(ctx)
	})
	if err == nil {
		*j = next
	}
	return err
}

func (s *Service) open(ctx context.Context, j Job) (Source, error) {
	data, err := s.Store.ImportFile(ctx, j.ID)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return nil, crm.NotFound("文件已过期删除", "the file has been removed").WithNext("请重新发送文件", "please send it again")
	}
	if err != nil {
		return nil, err
	}
	return Open(j.File, bytes.NewReader(data))
}

// Commit does the import, batch by batch, and returns the file with what became
// of every row. Only one caller does it: a second tap is crm.CodeConflict. An
// import that was interrupted is taken up after its last batch.
func (s *Service) Commit(ctx context.Context, a crm.Actor, id crm.ImportID) (Job, File, error) {
	j, err := s.begin(ctx, a, id)
	if err != nil {
		return Job{}, File{}, err
	}
	src, err := s.open(ctx, j)
	if err != nil {
		return Job{}, File{}, s.release(ctx, j, err)
	}
	defer src.Close()
	out, err := newMarked(j, a.Lang)
	if err != nil {
		return Job{}, File{}, s.release(ctx, j, err)
	}
	if err := s.pass(ctx, a, src, j.Mapping, j.ID, j.Line, true, s.recorder(&j, out)); err != nil {
		return Job{}, File{}, s.release(ctx, j, err)
	}
	file, err := out.finish(a.Lang.T("结果", "result"))
	if err != nil {
		return Job{}, File{}, err
	}
	return j, file, s.finish(ctx, a, &j)
}

// begin takes the import for this caller.
func (s *Service) begin(ctx context.Context, a crm.Actor, id crm.ImportID) (Job, error) {
	var j Job
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if j, err = s.Get(ctx, a, id); err != nil {
			return err
		}
		dead := j.State == Running && s.Clock.Now().Sub(j.UpdatedAt) > stale
		if j.State == Choosing {
			return crm.Refused("CH-05", "请先试算再导入", "a dry run comes before the import").WithNext("点“试算”查看会新增和重复多少", "press “dry run” to see what would happen")
		}
		if j.State != Tried && !dead {
			return over(j)
		}
		if j.State == Tried {
			j.forget()
			j.Line = 0
		}
		j.State = Running
		return s.save(ctx, &j, nil)
	})
	if crm.CodeOf(err) == crm.CodeStale {
		j.ID, j.State = id, Running // somebody else was faster with the same tap
		return Job{}, over(j)
	}
	return j, err
}

// release gives an import back after a failure before or between batches; what
// was done stays done and is remembered, so that the next try goes on.
func (s *Service) release(ctx context.Context, j Job, cause error) error {
	j.State = Running
	if j.Line == 0 {
		j.State = Tried
	}
	j.UpdatedAt = time.Time{} // nobody works on it
	if err := s.Store.UpdateImport(context.WithoutCancel(ctx), &j); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// recorder keeps what was done with each row, counts, and moves the progress on.
func (s *Service) recorder(j *Job, out *marked) hooks {
	var next Job
	inside := func(ctx context.Context, rows []row, res []bulk.Result) error {
		next = *j // the transaction may run again: it must not count twice
		var keep []RowRecord
		next.count(rows, res)
		for i, r := range res {
			if (r.Outcome == bulk.New || r.Outcome == bulk.Update) && j.Mapping.Kind != Leads && j.Mapping.Kind != Org {
				keep = append(keep, RowRecord{Line: rows[i].line, Result: r})
			}
		}
		next.Line = rows[len(rows)-1].line
		if err := s.Store.AddImportRows(ctx, j.ID, keep); err != nil {
			return err
		}
		return s.save(ctx, &next, func(ctx context.Context) error {
			if next.Rows <= 2*batchRows {
				return nil
			}
			return s.Effects.Refresh(ctx, j.ID.Ref())
		})
	}
	after := func(rows []row, res []bulk.Result) error {
		*j = next
		for i := range res {
			if out == nil {
				break
			}
			if err := out.row(rows[i], res[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return hooks{inside, after}
}

func (s *Service) finish(ctx context.Context, a crm.Actor, j *Job) error {
	now := s.Clock.Now()
	_, _, hours := s.Limits(ctx)
	j.State, j.DoneAt = Done, now
	if j.Mapping.Kind != Org && j.Counts.New+j.Counts.Update > 0 {
		j.Until = now.Add(time.Duration(hours) * time.Hour)
	}
	err := s.save(ctx, j, func(ctx context.Context) error {
		if err := s.audit(ctx, a, *j, "import.commit"); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, j.ID.Ref())
	})
	if err != nil || j.Mapping.Kind != Org {
		return err
	}
	return s.Nouns.Directory.Reload(ctx)
}
