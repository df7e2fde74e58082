package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
)

// Options say how Run imports.
type Options struct {
	// DryRun changes nothing.
	DryRun bool
	// Progress is told after every batch; nil: nobody.
	Progress func(done Counts)
}

// Summary is what Run did.
type Summary struct {
	Job    crm.ImportID // for an undo in the chat: /导入 I-3; zero in a dry run
	Kind   Kind
	DryRun bool
	Counts
	// Problems are the first bad rows.
	Problems []Problem
	Took     time.Duration
}

// maxProblems is how many bad rows a summary names.
const maxProblems = 20

// String is the summary for a terminal.
func (s Summary) String() string {
	var b strings.Builder
	what := "imported"
	if s.DryRun {
		what = "would import"
	}
	fmt.Fprintf(&b, "%s %s: %d rows: %d new, %d updated, %d duplicate, %d bad (%s)", what, s.Kind, s.Total(), s.New, s.Update, s.Same, s.Bad, s.Took.Round(time.Millisecond))
	for _, p := range s.Problems {
		fmt.Fprintf(&b, "\n  line %d: %s", p.Line, p.Reason.En)
	}
	if n := s.Bad - len(s.Problems); n > 0 {
		fmt.Fprintf(&b, "\n  and %d more bad rows", n)
	}
	return b.String()
}

// RunFile is Run on a file of the disk.
func (s *Service) RunFile(ctx context.Context, a crm.Actor, kind Kind, path string, mapping []byte, o Options) (Summary, error) {
	f, err := os.Open(path)
	if err != nil {
		return Summary{}, fmt.Errorf("open import file: %w", err)
	}
	defer f.Close()
	return s.Run(ctx, a, kind, filepath.Base(path), f, mapping, o)
}

// Run imports a file of any size in batches, without the chat's questions: the
// mapping is the given YAML or, without one, proposed from the header. Rows that
// were imported before are counted as duplicates, so running it again changes
// nothing.
func (s *Service) Run(ctx context.Context, a crm.Actor, kind Kind, name string, r io.ReadSeeker, mapping []byte, o Options) (Summary, error) {
	began := time.Now()
	sum := Summary{Kind: kind, DryRun: o.DryRun}
	if err := may(a); err != nil {
		return sum, err
	}
	src, err := Open(name, r)
	if err != nil {
		return sum, err
	}
	defer src.Close()
	m := Propose(kind, src.Header())
	if len(mapping) > 0 {
		if m, err = ParseMapping(mapping); err != nil {
			return sum, err
		}
		if m.Kind != kind {
			return sum, crm.Invalid("映射文件是“"+m.Kind.Name(crm.Chinese)+"”的，不是“"+kind.Name(crm.Chinese)+"”的", "the mapping is for "+string(m.Kind)+", not for "+string(kind))
		}
	}
	if _, err := m.bind(src.Header()); err != nil {
		return sum, err
	}
	j := Job{Author: a.ID, File: cutRunes(crm.Normalize(name), 120), Format: src.Format(), Header: src.Header(), Mapping: m, State: Running, CreatedAt: s.Clock.Now()}
	h := hooks{after: func(rows []row, res []bulk.Result) error {
		j.count(rows, res)
		return nil
	}}
	if !o.DryRun {
		if err := s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Store.AddImport(ctx, &j, nil) }); err != nil {
			return sum, err
		}
		h = s.recorder(&j, nil)
	}
	after := h.after
	h.after = func(rows []row, res []bulk.Result) error {
		if err := after(rows, res); err != nil {
			return err
		}
		for i, x := range res {
			if x.Outcome == bulk.Bad && len(sum.Problems) < maxProblems {
				sum.Problems = append(sum.Problems, Problem{rows[i].line, x.Reason})
			}
		}
		if o.Progress != nil {
			o.Progress(j.Counts)
		}
		return nil
	}
	err = s.pass(ctx, a, src, m, j.ID, 0, !o.DryRun, h)
	sum.Job, sum.Counts, sum.Took = j.ID, j.Counts, time.Since(began)
	if o.DryRun {
		return sum, err
	}
	if err != nil {
		return sum, errors.Join(err, s.finish(context.WithoutCancel(ctx), a, &j))
	}
	err = s.finish(ctx, a, &j)
	sum.Took = time.Since(began)
	return sum, err
}
