package emulator

import (
	"encoding/binary"
	"errors"
)

// larkFrame is one message of the long connection: protobuf pbbp2.Frame. It is
// encoded here by hand, so that a mistake of the SDK's codec is not shared.
type larkFrame struct {
	seq, log        uint64
	service, method int32
	headers         [][2]string
	payload         []byte
	logNew          string
}

// The methods of a frame.
const (
	larkControl = 0
	larkData    = 1
)

func (f larkFrame) header(key string) string {
	for _, h := range f.headers {
		if h[0] == key {
			return h[1]
		}
	}
	return ""
}

// Wire types and field numbers of the frame (lark.md §1.3).
const (
	wireVarint = 0
	wireBytes  = 2
)

func appendVarint(b []byte, field int, v uint64) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|wireVarint)
	return binary.AppendUvarint(b, v)
}

func appendBytes(b []byte, field int, v []byte) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|wireBytes)
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func (f larkFrame) encode() []byte {
	b := appendVarint(nil, 1, f.seq)
	b = appendVarint(b, 2, f.log)
	b = appendVarint(b, 3, uint64(f.service))
	b = appendVarint(b, 4, uint64(f.method))
	for _, h := range f.headers {
		kv := appendBytes(nil, 1, []byte(h[0]))
		b = appendBytes(b, 5, appendBytes(kv, 2, []byte(h[1])))
	}
	if f.payload != nil {
		b = appendBytes(b, 8, f.payload)
	}
	if f.logNew != "" {
		b = appendBytes(b, 9, []byte(f.logNew))
	}
	return b
}

var errFrame = errors.New("malformed frame")

// eachField calls fn for every field of a message.
func eachField(b []byte, fn func(field int, v uint64, data []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return errFrame
		}
		b = b[n:]
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return errFrame
		}
		b = b[n:]
		var data []byte
		switch key & 7 {
		case wireVarint:
		case wireBytes:
			if v > uint64(len(b)) {
				return errFrame
			}
			data, b = b[:v], b[v:]
		default:
			return errFrame
		}
		if err := fn(int(key>>3), v, data); err != nil {
			return err
		}
	}
	return nil
}

func decodeLarkFrame(b []byte) (larkFrame, error) {
	var f larkFrame
	err := eachField(b, func(field int, v uint64, data []byte) error {
		switch field {
		case 1:
			f.seq = v
		case 2:
			f.log = v
		case 3:
			f.service = int32(v)
		case 4:
			f.method = int32(v)
		case 5:
			var h [2]string
			if err := eachField(data, func(field int, _ uint64, s []byte) error {
				if field == 1 || field == 2 {
					h[field-1] = string(s)
				}
				return nil
			}); err != nil {
				return err
			}
			f.headers = append(f.headers, h)
		case 8:
			f.payload = data
		case 9:
			f.logNew = string(data)
		}
		return nil
	})
	return f, err
}
