//go:build !unix

package store

import "os"

// lockFile keeps the file open; elsewhere than on unix that is the best the
// standard library offers, and the database's own locks still guard the data.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
