package importer

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
)

// State is how far an import is.
type State string

// The states. Running and Undoing are left by whoever works on the import; after
// a crash the work is taken up again from where it was.
const (
	Choosing State = "mapping" // columns are being chosen
	Tried    State = "tried"   // a dry run was shown
	Running  State = "running"
	Done     State = "done"
	Undoing  State = "undoing"
	Undone   State = "undone"
)

// Counts are the rows of an import by outcome.
type Counts struct{ New, Update, Same, Bad int }

// Total is the number of all rows.
func (c Counts) Total() int { return c.New + c.Update + c.Same + c.Bad }

func (c *Counts) add(o bulk.Outcome) {
	switch o {
	case bulk.New:
		c.New++
	case bulk.Update:
		c.Update++
	case bulk.Same:
		c.Same++
	default:
		c.Bad++
	}
}

// Job is one import of one file.
type Job struct {
	ID      crm.ImportID
	Author  crm.UserID
	File    string // name
	Size    int64  // bytes
	Format  string // "CSV · GB18030 · ;"
	Header  []string
	Sample  [][]string // the first rows
	Rows    int        // data rows; zero: not counted (command line)
	Mapping Mapping
	// Remembered reports that the mapping was chosen for an earlier file of the
	// same form.
	Remembered bool
	State      State
	// Counts are of the dry run in state Tried, else of what was done so far.
	Counts Counts
	// Problems are the first bad rows, at most maxShown.
	Problems []Problem
	// Alike are the first rows of leads that became, or would become, a record whose
	// name is like that of another one; Known those that are a record already (DU-01).
	Alike, Known []Twin
	// Line is the last line that was dealt with while Running.
	Line int
	// Taken and Kept are the rows that an undo took back and left alone.
	Taken, Kept              int
	CreatedAt, DoneAt, Until time.Time // Until: undo is possible
	UpdatedAt                time.Time
	Version                  int64
}

// Problem is one row that was not taken.
type Problem struct {
	Line   int
	Reason crm.Text
}

// Twin is a row whose company is, or may be, a record that exists.
type Twin struct {
	Line int
	// Made is the record of the row; zero: there is none. Other is the one that it is
	// or may be.
	Made, Other crm.Ref
	Reason      crm.Text
}

// forget forgets what an earlier run found in the rows.
func (j *Job) forget() { j.Counts, j.Problems, j.Alike, j.Known = Counts{}, nil, nil, nil }

// maxShown is how many rows of a sort a card names.
const maxShown = 5

// count adds the outcomes of a batch.
func (j *Job) count(rows []row, res []bulk.Result) {
	for i, r := range res {
		j.Counts.add(r.Outcome)
		if r.Outcome == bulk.Bad && len(j.Problems) < maxShown {
			j.Problems = append(slices.Clip(j.Problems), Problem{rows[i].line, r.Reason})
		}
		switch {
		case j.Mapping.Kind != Leads:
		case r.Outcome == bulk.New && r.Like.ID != 0 && len(j.Alike) < maxShown:
			j.Alike = append(slices.Clip(j.Alike), Twin{rows[i].line, r.Ref, r.Like, r.Reason})
		case r.Outcome == bulk.Same && r.Ref.ID != 0 && len(j.Known) < maxShown:
			j.Known = append(slices.Clip(j.Known), Twin{rows[i].line, crm.Ref{}, r.Ref, r.Reason})
		}
	}
}

// RowRecord is what an import did with one row, kept for the undo.
type RowRecord struct {
	Line int
	bulk.Result
}

// Store keeps imports.
type Store interface {
	// AddImport stores a new import with its file and sets its id.
	AddImport(ctx context.Context, j *Job, data []byte) error
	Import(ctx context.Context, id crm.ImportID) (Job, error)
	// ImportFile is the file as it was sent; crm.CodeNotFound when it was removed
	// to save space.
	ImportFile(ctx context.Context, id crm.ImportID) ([]byte, error)
	// UpdateImport stores the import if its version is still the given one and
	// counts the version up; otherwise crm.CodeStale.
	UpdateImport(ctx context.Context, j *Job) error
	AddImportRows(ctx context.Context, id crm.ImportID, rows []RowRecord) error
	// ImportRows are rows to be taken back, last line first, at most n.
	ImportRows(ctx context.Context, id crm.ImportID, n int) ([]RowRecord, error)
	// DropImportRows removes rows that an undo has dealt with.
	DropImportRows(ctx context.Context, id crm.ImportID, lines []int) error
	// RememberMapping keeps the mapping for headers of this form.
	RememberMapping(ctx context.Context, fingerprint string, m Mapping, by crm.UserID) error
	// RememberedMapping finds it; ok is false when there is none.
	RememberedMapping(ctx context.Context, fingerprint string) (m Mapping, ok bool, err error)
	// DropImportFiles removes the files of imports made before the time and
	// returns how many.
	DropImportFiles(ctx context.Context, before time.Time) (int64, error)
}
