package main

import (
	"io"
	"net/http"
	"testing"
)

// watched passes on what is written to it.
type watched struct{ seen chan string }

func (w *watched) Write(p []byte) (int, error) {
	select {
	case w.seen <- string(p):
	default: // nobody reads any more
	}
	return len(p), nil
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
