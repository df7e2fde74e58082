package org

import "time"

// Expire makes the copy in memory old.
func (d *Directory) Expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loaded = time.Time{}
}
