package larkbot_test

import (
	"strings"
	"testing"

	"crmbot/internal/emulator"
)

// downloads is how often a file of a message was asked for.
func downloads(l *emulator.Lark) int {
	n := 0
	for _, c := range l.Calls("") {
		if strings.Contains(c.API, "/resources/") {
			n++
		}
	}
	return n
}

// The files of a message cost memory and time: those of a stranger, or of
// somebody who sends too many, stay where they are.
func TestNothingIsDownloadedForWhatIsRefused(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	send := func(in emulator.LarkIncoming) {
		t.Helper()
		if _, err := w.lark.Send(in); err != nil {
			t.Fatal(err)
		}
	}
	w.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_stranger", Name: "Stranger"})
	send(emulator.LarkIncoming{Person: "ou_stranger", Type: "file", Name: "a.csv", Data: []byte("a,b")})
	if r := d.await(t, 1)[0]; len(r.Files) != 0 || r.Unfetched != 1 || r.From != "ou_stranger" {
		t.Errorf("request %+v", r)
	}
	var pictures []map[string]any
	for range 60 {
		pictures = append(pictures, map[string]any{"tag": "img", "image_key": "img_v3_x"})
	}
	send(emulator.LarkIncoming{Person: "ou_ann", Type: "post", Post: map[string]any{"title": "", "content": [][]map[string]any{pictures}}})
	if r := d.await(t, 2)[1]; len(r.Files) != 0 || r.Unfetched != 60 || r.From != "ou_ann" {
		t.Errorf("request %+v", r)
	}
	if n := downloads(w.lark); n != 0 {
		t.Errorf("%d downloads", n)
	}
	send(emulator.LarkIncoming{Person: "ou_ann", Type: "file", Name: "a.csv", Data: []byte("a,b")})
	if r := d.await(t, 3)[2]; len(r.Files) != 1 || r.Unfetched != 0 || downloads(w.lark) != 1 {
		t.Errorf("request %+v, %d downloads", r, downloads(w.lark))
	}
}
