package emulator

import (
	"bytes"
	"testing"

	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"
)

// The frame codec here and the SDK's understand each other.
func TestLarkFramesAreTheSDKs(t *testing.T) {
	f := larkFrame{seq: 1 << 40, log: 7, service: 33554678, method: larkData, headers: [][2]string{{"type", "event"}, {"message_id", "消息"}}, payload: []byte(`{"a":1}`), logNew: "log"}
	var theirs larkws.Frame
	if err := theirs.Unmarshal(f.encode()); err != nil {
		t.Fatal(err)
	}
	if theirs.SeqID != f.seq || theirs.LogID != f.log || theirs.Service != f.service || theirs.Method != f.method || string(theirs.Payload) != string(f.payload) || theirs.LogIDNew != "log" ||
		len(theirs.Headers) != 2 || theirs.Headers[1].Value != "消息" {
		t.Errorf("the SDK reads %+v", theirs)
	}
	raw, err := theirs.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeLarkFrame(raw)
	if err != nil || back.seq != f.seq || back.header("message_id") != "消息" || !bytes.Equal(back.payload, f.payload) {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func FuzzLarkFrame(f *testing.F) {
	f.Add(larkFrame{seq: 1, headers: [][2]string{{"a", "b"}}, payload: []byte("x")}.encode())
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := decodeLarkFrame(raw)
		if err != nil {
			return
		}
		y, err := decodeLarkFrame(x.encode())
		if err != nil || y.seq != x.seq || !bytes.Equal(y.payload, x.payload) || len(y.headers) != len(x.headers) {
			t.Errorf("%+v became %+v, %v", x, y, err)
		}
	})
}
