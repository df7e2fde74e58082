package chart

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"unicode"

	"github.com/go-analyze/charts"
)

//go:embed font/DroidSansFallback-subset.ttf
var fontData []byte

// Font is a TrueType font that PNG writes with. It may be used from several
// goroutines.
type Font struct {
	family string
	has    func(r rune) bool
}

// LoadFont reads a TrueType font (outlines of the glyf kind, so .ttf and some
// .ttc files, not .otf) from a file; an empty path means the font that is built
// in, which has the Chinese characters of GB 2312 and some that are common in
// names. Latin letters and digits that the font lacks come from the drawing
// library's own font.
func LoadFont(path string) (*Font, error) {
	if path == "" {
		return builtIn()
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read chart font: %w", err)
	}
	return parseFont(data)
}

// builtIn parses the embedded font once.
var builtIn = sync.OnceValues(func() (*Font, error) { return parseFont(fontData) })

// parseFont installs the font with the drawing library under a name made from
// its content, so that installing it again changes nothing. It does not become
// the library's default. The library's parser panics on some files that are
// not TrueType, which is answered as an error here.
func parseFont(data []byte) (f *Font, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("chart font is not a usable TrueType font: %v", r)
		}
	}()
	sum := sha256.Sum256(data)
	family := "chart-" + hex.EncodeToString(sum[:8])
	if err := charts.InstallFont(family, data); err != nil {
		return nil, fmt.Errorf("chart font is not a usable TrueType font: %w", err)
	}
	installed := charts.GetFont(family)
	// The library writes what a font lacks in its own fonts: Latin and symbols.
	latin, symbols := charts.GetFont(charts.FontFamilyNotoSans), charts.GetFont("notosans-chartsymbols")
	return &Font{family: family, has: func(r rune) bool {
		return installed.Index(r) != 0 || latin.Index(r) != 0 || symbols.Index(r) != 0
	}}, nil
}

// printable is text in characters that the font has: emoji and joining marks
// are left out, other missing characters become □.
func (f *Font) printable(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			out = append(out, ' ')
		case f.has(r) && !unicode.IsControl(r):
			out = append(out, r)
		case pictorial(r) || unicode.IsControl(r):
		case f.has('□'):
			out = append(out, '□')
		default:
			out = append(out, '?')
		}
	}
	return string(out)
}

// pictorial tells emoji, variation selectors and joiners, which carry no
// meaning that a chart label needs.
func pictorial(r rune) bool {
	return unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Sk, r) ||
		unicode.Is(unicode.So, r) && r > 0x2000 || r >= 0x1F000 && r <= 0x1FAFF
}
