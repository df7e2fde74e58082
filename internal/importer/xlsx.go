package importer

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"crmbot/internal/crm"
)

const (
	// A workbook is a zip: what it unpacks to is bounded, so that a small file
	// cannot fill the memory. Sheets beyond the second bound go to disk.
	unzipLimit    = 1 << 30
	unzipXMLLimit = 32 << 20
)

type xlsxSource struct {
	file   *excelize.File
	rows   *excelize.Rows
	header []string
	format string
	no     int
	queue  []Record
}

func openXLSX(r io.ReadSeeker) (Source, error) {
	// Raw values keep long numbers whole; dates arrive as serial numbers, which
	// the date parser knows.
	f, err := excelize.OpenReader(r, excelize.Options{UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: unzipXMLLimit, RawCellValue: true})
	if err != nil {
		return nil, crm.Invalid("这个 Excel 文件打不开（损坏、加密或解压后超过 1 GB）", "this Excel file cannot be opened (damaged, encrypted, or more than 1 GB when unpacked)").
			WithNext("请另存为 .xlsx 或 CSV 后重发", "save it again as .xlsx or CSV and send that").WithCause(err)
	}
	s := &xlsxSource{file: f}
	if err := s.begin(); err != nil {
		return nil, errorsJoinClose(err, s)
	}
	return s, nil
}

// begin finds the first sheet with a header.
func (s *xlsxSource) begin() error {
	for _, sheet := range s.file.GetSheetList() {
		rows, err := s.file.Rows(sheet)
		if err != nil {
			continue // a chart sheet
		}
		s.rows, s.no = rows, 0
		var first []Record
		at := -1
		for len(first) < 6 {
			rec, err := s.raw()
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			if emptyRow(rec.Cells) {
				continue
			}
			first = append(first, rec)
			if at < 0 && headerRow(rec.Cells) {
				at = len(first) - 1
				break
			}
		}
		if len(first) > 0 {
			at = max(at, 0)
			if s.header, err = header(first[at].Cells); err != nil {
				return err
			}
			s.queue = first[at+1:]
			s.format = "Excel · " + sheet
			return nil
		}
		if err := rows.Close(); err != nil {
			return fmt.Errorf("close sheet: %w", err)
		}
	}
	return crm.Invalid("工作簿里没有数据", "there are no rows in the workbook")
}

func (s *xlsxSource) raw() (Record, error) {
	if !s.rows.Next() {
		if err := s.rows.Error(); err != nil {
			return Record{}, crm.Invalid("Excel 文件在中途损坏", "the Excel file is damaged").WithCause(err)
		}
		return Record{}, io.EOF
	}
	s.no++
	cells, err := s.rows.Columns()
	if err != nil {
		return Record{}, crm.Invalid(fmt.Sprintf("Excel 第 %d 行无法读取", s.no), fmt.Sprintf("row %d of the Excel file cannot be read", s.no)).WithCause(err)
	}
	return Record{Line: s.no, Cells: cells}, nil
}

func (s *xlsxSource) Header() []string { return s.header }
func (s *xlsxSource) Format() string   { return s.format }

func (s *xlsxSource) Next() (Record, error) {
	for {
		var r Record
		var err error
		if len(s.queue) > 0 {
			r, s.queue = s.queue[0], s.queue[1:]
		} else if r, err = s.raw(); err != nil {
			return Record{}, err
		}
		if !emptyRow(r.Cells) {
			return fit(r, len(s.header)), nil
		}
	}
}

func (s *xlsxSource) Close() error {
	if s.rows != nil {
		if err := s.rows.Close(); err != nil {
			return fmt.Errorf("close sheet: %w", err)
		}
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close workbook: %w", err)
	}
	return nil
}

// errorsJoinClose closes the file after a failed start; the failure counts.
func errorsJoinClose(err error, s *xlsxSource) error {
	if cerr := s.Close(); cerr != nil {
		return fmt.Errorf("%w (and %w)", err, cerr)
	}
	return err
}
