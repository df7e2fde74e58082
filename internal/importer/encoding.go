package importer

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset is how a text file is encoded.
type charset struct {
	name string
	skip int64 // bytes of a byte order mark
	enc  encoding.Encoding
}

// sniffCharset reads the whole file once: a byte order mark decides; else text
// that is valid UTF-8 throughout is UTF-8; everything else is GB18030, which
// holds GBK and GB2312. Guessing by letter frequency is wrong for short files.
func sniffCharset(r io.ReadSeeker) (charset, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	head, err := br.Peek(3)
	if err != nil && err != io.EOF {
		return charset{}, fmt.Errorf("read file: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return charset{name: "UTF-8", skip: 3}, nil
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return charset{name: "UTF-16", enc: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}, nil
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return charset{name: "UTF-16", enc: unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}, nil
	}
	valid := true
	rest := 0 // bytes of an unfinished character at the beginning of buf
	buf := make([]byte, 1<<16)
	for {
		n, err := br.Read(buf[rest:])
		part := buf[:rest+n]
		if bytes.IndexByte(part, 0) >= 0 {
			return charset{}, notATable()
		}
		if valid {
			i := len(part)
			for back := 1; back < utf8.UTFMax && back <= len(part); back++ {
				if b := part[len(part)-back]; utf8.RuneStart(b) {
					if !utf8.FullRune(part[len(part)-back:]) {
						i = len(part) - back
					}
					break
				}
			}
			valid = utf8.Valid(part[:i])
			rest = copy(buf, part[i:])
		} else {
			rest = 0
		}
		if err == io.EOF {
			if valid && rest == 0 {
				return charset{name: "UTF-8"}, nil
			}
			return charset{name: "GB18030", enc: simplifiedchinese.GB18030}, nil
		}
		if err != nil {
			return charset{}, fmt.Errorf("read file: %w", err)
		}
	}
}

// reader decodes the file from its beginning.
func (c charset) reader(r io.ReadSeeker) (io.Reader, error) {
	if _, err := r.Seek(c.skip, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if c.enc == nil {
		return r, nil
	}
	return transform.NewReader(r, c.enc.NewDecoder()), nil
}
