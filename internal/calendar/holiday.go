package calendar

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"crmbot/internal/crm"
)

//go:embed holidays/*.json
var holidayFiles embed.FS

// Holiday is one day whose work differs from the plain week: a day off, or a
// weekend day that is worked to make up for one (调休).
type Holiday struct {
	Name string // such as 春节, or 国庆节、中秋节 when two fall together
	Day  crm.Day
	Off  bool
}

// HolidayYear is what was announced for a year. Without days it is not
// announced yet.
type HolidayYear struct {
	Year int
	Days []Holiday
}

// ReadHolidays reads one year in the form of the embedded files. It fails on
// days that do not exist or are far from the year.
func ReadHolidays(r io.Reader) (HolidayYear, error) {
	var file struct {
		Year int `json:"year"`
		Days []struct {
			Name string `json:"name"`
			Date string `json:"date"`
			Off  bool   `json:"isOffDay"`
		} `json:"days"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return HolidayYear{}, crm.Invalid("节假日文件不是有效的 JSON", "the holiday file is not valid JSON").WithCause(err)
	}
	out := HolidayYear{Year: file.Year}
	for _, d := range file.Days {
		day, err := crm.ParseDay(d.Date)
		if err != nil {
			return HolidayYear{}, err
		}
		// A year's notice may name days just across New Year.
		if y := day.Year(); y < file.Year-1 || y > file.Year+1 {
			return HolidayYear{}, crm.Invalid(fmt.Sprintf("%d 年的节假日里有 %s", file.Year, day), fmt.Sprintf("the holidays of %d contain %s", file.Year, day))
		}
		out.Days = append(out.Days, Holiday{Name: d.Name, Day: day, Off: d.Off})
	}
	return out, nil
}

// EmbeddedHolidays are the announced holidays of mainland China that the
// program carries, one entry per file.
func EmbeddedHolidays() ([]HolidayYear, error) {
	names, err := fs.Glob(holidayFiles, "holidays/*.json")
	if err != nil {
		return nil, fmt.Errorf("list holidays: %w", err)
	}
	var years []HolidayYear
	for _, name := range names {
		f, err := holidayFiles.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open holidays: %w", err)
		}
		year, err := ReadHolidays(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		years = append(years, year)
	}
	return years, nil
}

// holidayNames are the statutory holidays in both languages.
var holidayNames = map[string]string{
	"元旦": "New Year", "春节": "Spring Festival", "清明节": "Qingming", "劳动节": "Labour Day",
	"端午节": "Dragon Boat Festival", "中秋节": "Mid-Autumn Festival", "国庆节": "National Day",
}

// Note says what is special about the day: a holiday's name, a weekend, a
// make-up working day, or that the year is not announced. Empty for an ordinary
// working day of a known year.
func (c *Calendar) Note(d crm.Day, l crm.Lang) string {
	if h, ok := c.special[d]; ok {
		if !h.Off {
			return l.T("调休上班", "make-up working day")
		}
		return l.T(h.Name, englishHoliday(h.Name))
	}
	var parts []string
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		parts = append(parts, l.T("周末", "weekend"))
	}
	if d.Valid() && !c.Known(d.Year()) {
		parts = append(parts, l.T(fmt.Sprintf("%d年放假安排未公布，按周一至周五计", d.Year()), fmt.Sprintf("holidays of %d are not announced, counted as Monday to Friday", d.Year())))
	}
	return strings.Join(parts, l.T(",", ", "))
}

func englishHoliday(name string) string {
	parts := strings.Split(name, "、")
	for i, p := range parts {
		if en, ok := holidayNames[p]; ok {
			parts[i] = en
		} else {
			parts[i] = "public holiday"
		}
	}
	return strings.Join(parts, " / ")
}

// Break is a run of days off: From is the first, To the first day worked again.
type Break = crm.Period

// Breaks are the runs of days off around the named holiday in the year, weekends
// that touch them included. There is none when the year is not announced.
func (c *Calendar) Breaks(year int, name string) []Break {
	first, ok := crm.NewDay(year, time.January, 1)
	if !ok {
		return nil
	}
	var out []Break
	for d := first; d.Year() == year; d = d.AddDays(1) {
		h, ok := c.special[d]
		if !ok || !h.Off || !strings.Contains(h.Name, name) {
			continue
		}
		b := Break{From: c.PreviousWorkday(d).AddDays(1), To: c.NextWorkday(d)}
		if len(out) == 0 || out[len(out)-1] != b {
			out = append(out, b)
		}
	}
	return out
}
