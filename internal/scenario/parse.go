// Package scenario runs conversation scripts: a conversation that a salesperson
// could read, run against the whole program, checking what people see.
package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/tools/txtar"
)

// Script is a parsed script with the files that it carries.
type Script struct {
	Name  string
	Lines []Line
	Files map[string][]byte
	// Dir is where files are looked for that the script does not carry.
	Dir string
}

// Line is one statement.
type Line struct {
	No    int
	Text  string
	Fail  bool   // must be refused or not match
	Block []Line // the statements of "together:"
}

// Load reads a script from a file.
func Load(path string) (Script, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Script{}, err
	}
	s, err := Parse(filepath.Base(path), raw)
	s.Dir = filepath.Dir(path)
	return s, err
}

// Parse reads a script: statements, then the files that it carries after
// "-- name --" lines.
func Parse(name string, raw []byte) (Script, error) {
	a := txtar.Parse(raw)
	s := Script{Name: name, Files: map[string][]byte{}}
	for _, f := range a.Files {
		s.Files[f.Name] = f.Data
	}
	var block *Line
	for i, text := range strings.Split(string(a.Comment), "\n") {
		t := strings.TrimSpace(text)
		if t == "" || strings.HasPrefix(t, "#") {
			continue
		}
		l := Line{No: i + 1, Text: t}
		if rest, ok := strings.CutPrefix(t, "fail "); ok {
			l.Fail, l.Text = true, strings.TrimSpace(rest)
		}
		switch {
		case t == "together:":
			if block != nil {
				return s, fmt.Errorf("%s:%d: together inside together", name, l.No)
			}
			block = &l
		case t == "end":
			if block == nil {
				return s, fmt.Errorf("%s:%d: end without a together", name, l.No)
			}
			s.Lines = append(s.Lines, *block)
			block = nil
		case block != nil:
			block.Block = append(block.Block, l)
		default:
			s.Lines = append(s.Lines, l)
		}
	}
	if block != nil {
		return s, fmt.Errorf("%s:%d: together: without end", name, block.No)
	}
	if len(s.Lines) == 0 {
		return s, fmt.Errorf("%s: no statements", name)
	}
	if !strings.HasPrefix(s.Lines[0].Text, "at ") {
		return s, fmt.Errorf("%s:%d: the first statement must be: at 2026-03-02 09:00", name, s.Lines[0].No)
	}
	return s, nil
}

// quoted matches a string in double quotes; \" and \n are escapes.
const quoted = `"((?:[^"\\]|\\.)*)"`

func unquote(s string) string {
	return strings.NewReplacer(`\"`, `"`, `\n`, "\n", `\\`, `\`).Replace(s)
}

var (
	reTaps   = regexp.MustCompile(`^(.+?) taps ` + quoted + `(?: on ` + quoted + `)?( twice)?$`)
	reFills  = regexp.MustCompile(`^(.+?) fills (.+) and taps ` + quoted + `(?: on ` + quoted + `)?( twice)?$`)
	rePair   = regexp.MustCompile(`^\s*,?\s*` + quoted + `\s*=\s*` + quoted)
	reFile   = regexp.MustCompile(`^(.+?) sends file ` + quoted + `$`)
	reVoice  = regexp.MustCompile(`^(.+?) says ` + quoted + `$`)
	reSees   = regexp.MustCompile(`^(.+?) sees( not)? (?:` + quoted + `|/(.+)/)$`)
	reShows  = regexp.MustCompile(`^(.+?) card ` + quoted + ` shows( not)? (?:` + quoted + `|/(.+)/)$`)
	reOneOf  = regexp.MustCompile(`^one of (.+) sees (?:` + quoted + `|/(.+)/)$`)
	reGroup  = regexp.MustCompile(`^group (.+?)\s*[:：]\s*(.+)$`)
	reImport = regexp.MustCompile(`^import (org|leads|accounts|products|deals) (\S+)(?: with (\S+))?$`)
)

// pattern is what a person must (not) see: a text or a regular expression.
type pattern struct {
	text string
	re   *regexp.Regexp
}

func newPattern(text, expr string) (pattern, error) {
	if expr == "" {
		return pattern{text: unquote(text)}, nil
	}
	re, err := regexp.Compile("(?s)" + expr)
	return pattern{re: re}, err
}

func (p pattern) in(s string) bool {
	if p.re != nil {
		return p.re.MatchString(s)
	}
	return strings.Contains(s, p.text)
}

func (p pattern) String() string {
	if p.re != nil {
		return "/" + p.re.String() + "/"
	}
	return fmt.Sprintf("%q", p.text)
}

// comma separates names: ASCII, full-width and enumeration comma.
func comma(r rune) bool { return r == ',' || r == '\uff0c' || r == '、' }
