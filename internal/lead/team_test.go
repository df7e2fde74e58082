package lead_test

import (
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// TestF06ReleaseCountsInTheTeamOfTheMoment: somebody who changed teams since the
// claim releases for the new one; the claim stays where it was.
func TestF06ReleaseCountsInTheTeamOfTheMoment(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	old := na.Team
	id := h.pooled("华星")
	_, err := h.leads.Claim(h.ctx, na, id)
	h.must(err)
	west := &org.Team{Name: "华西"}
	h.must(h.dir.SaveTeam(h.ctx, west))
	u, err := h.dir.User(h.ctx, na.ID)
	h.must(err)
	u.Team = west.ID
	h.must(h.dir.SaveUser(h.ctx, &u))
	_, err = h.leads.Release(h.ctx, h.as("李娜"), id, "no_need", "")
	h.must(err)
	for key, team := range map[string]crm.TeamID{"lead.claim": old, "lead.release": west.ID} {
		if n := h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = ? AND team_id = ?", key, team); n != 1 {
			t.Errorf("%s in team %d: %d", key, team, n)
		}
	}
}
