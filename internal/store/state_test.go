package store

import (
	"slices"
	"testing"
)

func TestRightsOfADatabaseUser(t *testing.T) {
	const db = "crm_bot"
	for _, x := range []struct {
		name   string
		grants []string
		want   []string
	}{
		{"everything everywhere", []string{"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"}, nil},
		{"everything here", []string{"GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*X'", "GRANT ALL PRIVILEGES ON `crm\\_bot`.* TO `u`@`%`"}, nil},
		{"by a pattern", []string{"GRANT ALL PRIVILEGES ON `crm%`.* TO `u`@`%`"}, nil},
		{"_ is any character", []string{"GRANT ALL PRIVILEGES ON `crm_bot`.* TO `u`@`%`"}, nil},
		{"somewhere else", []string{"GRANT ALL PRIVILEGES ON `crmxbot\\_2`.* TO `u`@`%`"}, neededRights},
		{"an escaped _ is itself", []string{"GRANT ALL PRIVILEGES ON `crmx\\_bot`.* TO `u`@`%`"}, neededRights},
		{"in two places", []string{"GRANT SELECT, INSERT ON *.* TO `u`@`%`", "GRANT UPDATE, DELETE, CREATE, INDEX ON `crm\\_bot`.* TO `u`@`%`"}, []string{"ALTER"}},
		{"of one table", []string{"GRANT ALL PRIVILEGES ON `crm_bot`.`t` TO `u`@`%`"}, neededRights},
		{"none", nil, neededRights},
	} {
		if got := lacks(x.grants, db); !slices.Equal(got, x.want) {
			t.Errorf("%s: lacks %v, want %v", x.name, got, x.want)
		}
	}
}
