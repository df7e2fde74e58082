package dingbot_test

import (
	"testing"

	"crmbot/internal/emulator"
)

const apiDownload = "POST /v1.0/robot/messageFiles/download"

// The files of a message cost memory and calls of the month: those of a stranger,
// or of somebody who sends too many, stay where they are.
func TestNothingIsDownloadedForWhatIsRefused(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	w.ding.AddPerson(emulator.DingPerson{UserID: "stranger", Name: "Stranger"})
	w.deliver(emulator.DingIncoming{Person: "stranger", Type: "picture", Data: onePixel})
	if r := d.await(t, 1)[0]; len(r.Files) != 0 || r.Unfetched != 1 || r.From != "stranger" {
		t.Errorf("request %+v", r)
	}
	w.deliver(emulator.DingIncoming{Person: "ann", Type: "richText", Data: onePixel, Change: func(p map[string]any) {
		parts := make([]any, 60)
		for i := range parts {
			parts[i] = map[string]any{"type": "picture", "downloadCode": "code"}
		}
		p["content"] = map[string]any{"richText": parts}
	}})
	if r := d.await(t, 2)[1]; len(r.Files) != 0 || r.Unfetched != 60 || r.From != "ann" {
		t.Errorf("request %+v", r)
	}
	if n := w.calls(apiDownload); n != 0 {
		t.Errorf("%d downloads", n)
	}
	w.deliver(emulator.DingIncoming{Person: "ann", Type: "picture", Data: onePixel})
	if r := d.await(t, 3)[2]; len(r.Files) != 1 || r.Unfetched != 0 || w.calls(apiDownload) != 1 {
		t.Errorf("request %+v, %d downloads", r, w.calls(apiDownload))
	}
}
