package lead

import "crmbot/internal/crm"

// Meets reports whether a stored name would be found as similar to another one.
func Meets(stored, typed string, least float64) bool {
	_, grams := indexRows(crm.LeadID(1).Ref(), Identity{Company: stored})
	q := newNameQuery(typed, least)
	if q == nil {
		return false
	}
	var hits []Gram
	for _, g := range grams {
		for _, p := range q.prefix {
			if g.Gram == p && g.Size >= q.min && g.Size <= q.max {
				hits = append(hits, g)
			}
		}
	}
	return len(q.matches(hits, 1)) == 1
}
