package htmlcard_test

import (
	"flag"
	"testing"

	"crmbot/cards/htmlcard"
	"crmbot/cards/internal/cardtest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestSamplesMatchGoldenFiles(t *testing.T) {
	for lang, l := range cardtest.Langs {
		for _, s := range cardtest.Samples(l) {
			got, lossy, err := htmlcard.Render(s.Card, htmlcard.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(lossy) != 0 {
				t.Errorf("%s: %v", s.Name, lossy)
			}
			cardtest.Golden(t, *update, s.Name+"."+lang+".html", string(got)+"\n")
		}
	}
}
