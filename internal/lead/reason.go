package lead

import "crmbot/internal/pool"

// ReleaseReason is why somebody gives a lead back (P-17).
type ReleaseReason = pool.ReleaseReason

// ReleaseReasons is the list to choose from.
var ReleaseReasons = pool.ReleaseReasons

// ParseReason reads a reason and the words after it, see pool.ParseReason.
func ParseReason(list []ReleaseReason, text string) (ReleaseReason, string, error) {
	return pool.ParseReason(list, text)
}

// CheckReason is P-17: a reason that needs words gets them.
func CheckReason(r ReleaseReason, note string) error { return pool.CheckReason(r, note) }

// ReasonByCode finds a reason by its code.
func ReasonByCode(list []ReleaseReason, code string) (ReleaseReason, bool) {
	return pool.ReasonByCode(list, code)
}

// cut is the first n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
