package org

import (
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// AutoRep names the departments whose people become sales reps by themselves;
// about everybody else an administrator is asked. Empty: everybody does.
var AutoRep = rule.JSON[[]string]{Key: "ORG.auto_rep", Title: crm.Text{Zh: "哪些部门（含下级）的人自动成为销售，空为所有人", En: "departments (with those below) whose people become sales reps by themselves; none: everybody"}, Default: []string{}}

// Settings are the definitions for the book of rules.
func Settings() []rule.Def { return []rule.Def{AutoRep.Def()} }
