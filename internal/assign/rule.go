package assign

import (
	"fmt"
	"slices"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/rule"
)

// Method is how a step finds somebody (AS-01).
type Method string

// The methods.
const (
	Turn     Method = "turn"     // whoever waited longest gets it
	Weighted Method = "weighted" // whoever has the least for their weight gets it
	Bid      Method = "offer"    // one after the other is asked, with a timer
	Claim    Method = "claim"    // it stays in the pool, and the pool's people are told
	Manual   Method = "manual"   // a manager decides
)

// Methods are all methods with their names, in the order of lists.
var Methods = []Method{Turn, Weighted, Bid, Claim, Manual}

var methodNames = map[Method]crm.Text{
	Turn: {Zh: "轮流", En: "turn"}, Weighted: {Zh: "加权", En: "weighted"}, Bid: {Zh: "派单", En: "offer"},
	Claim: {Zh: "认领", En: "claim"}, Manual: {Zh: "人工", En: "manual"},
}

// Name is the method's word in the language.
func (m Method) Name(l crm.Lang) string { return methodNames[m].In(l) }

// ends reports that nothing comes after the method.
func (m Method) ends() bool { return m == Claim || m == Manual }

// Step is one way of finding somebody. When it finds nobody the next step
// follows.
type Step struct {
	Method Method `json:"method"`
	// Teams, with the teams below them, and People are who may get it; both empty:
	// everybody of the pool.
	Teams  []crm.TeamID `json:"teams,omitempty"`
	People []crm.UserID `json:"people,omitempty"`
	// Most is how many people are asked by offers; zero: the setting AS-03.bounces.
	Most int `json:"most,omitempty"`
}

// Condition is which leads a rule is for. Every part that is not empty must fit.
type Condition struct {
	Sources   []string     `json:"sources,omitempty"`
	Campaigns []string     `json:"campaigns,omitempty"`
	Places    []string     `json:"places,omitempty"`   // city or region
	Products  []string     `json:"products,omitempty"` // words in the need
	Grades    []lead.Grade `json:"grades,omitempty"`
	Pools     []crm.PoolID `json:"pools,omitempty"`
}

// Rule is one named rule of distribution. The first that fits decides.
type Rule struct {
	ID    int64     `json:"id"`
	Name  string    `json:"name"`
	Off   bool      `json:"off,omitempty"`
	When  Condition `json:"when"`
	Steps []Step    `json:"steps"`
}

// Way is what a pool does with leads that no rule decided.
type Way struct {
	Pool  crm.PoolID `json:"pool"`
	Steps []Step     `json:"steps"`
}

// Book is all that decides: rules in order, and the ways of the pools.
type Book struct {
	Rules []Rule `json:"rules,omitempty"`
	Ways  []Way  `json:"pools,omitempty"`
}

// Rules is the setting that keeps them, versioned like every other (RC-01).
var Rules = rule.JSON[Book]{Key: "AS-01.rules", Title: crm.Text{Zh: "线索分配规则", En: "rules of distribution"}, Valid: Book.Check}

// The bounds of rules.
const (
	maxRules = 60
	maxSteps = 6
	maxName  = 30
	maxParts = 30
)

// Check reports the first thing that is wrong with the rules.
func (b Book) Check() error {
	if len(b.Rules) > maxRules || len(b.Ways) > maxRules {
		return crm.Refused("AS-01", fmt.Sprintf("最多 %d 条规则", maxRules), fmt.Sprintf("at most %d rules", maxRules)).WithNext("请合并或删除不用的规则", "merge rules or delete those that are not used")
	}
	ids, names := map[int64]bool{}, map[string]bool{}
	for _, r := range b.Rules {
		switch n := len([]rune(r.Name)); {
		case n == 0:
			return crm.Invalid("规则需要名称", "a rule needs a name")
		case n > maxName:
			return crm.Invalid(fmt.Sprintf("规则名称最多 %d 个字", maxName), fmt.Sprintf("the name of a rule takes up to %d characters", maxName))
		case r.ID <= 0 || ids[r.ID]:
			return crm.Invalid("每条规则需要不同的编号", "every rule needs a number of its own")
		case names[strings.ToLower(r.Name)]:
			return crm.Conflict("AS-01", "已经有叫“"+r.Name+"”的规则", "there is a rule called “"+r.Name+"” already").WithNext("请换一个名称", "please take another name")
		}
		ids[r.ID], names[strings.ToLower(r.Name)] = true, true
		if err := r.When.check(); err != nil {
			return err
		}
		if err := checkSteps(r.Steps); err != nil {
			return err
		}
	}
	for _, w := range b.Ways {
		if err := checkSteps(w.Steps); err != nil {
			return err
		}
	}
	return nil
}

func (c Condition) check() error {
	for _, n := range []int{len(c.Sources), len(c.Campaigns), len(c.Places), len(c.Products), len(c.Pools)} {
		if n > maxParts {
			return crm.Invalid(fmt.Sprintf("一个条件最多 %d 项", maxParts), fmt.Sprintf("a condition takes up to %d values", maxParts))
		}
	}
	for _, g := range c.Grades {
		if !g.Valid() {
			return crm.Invalid("没有“"+string(g)+"”这个等级，等级是 A 到 D", "there is no grade “"+string(g)+"”; grades are A to D")
		}
	}
	return nil
}

func checkSteps(steps []Step) error {
	if len(steps) == 0 || len(steps) > maxSteps {
		return crm.Refused("AS-01", fmt.Sprintf("需要 1 到 %d 个方式", maxSteps), fmt.Sprintf("it takes 1 to %d steps", maxSteps)).
			WithNext("例如 方式=派单 华东 2人 > 认领", "for example do=offer East, 2 people > claim")
	}
	for i, s := range steps {
		switch {
		case !slices.Contains(Methods, s.Method):
			return crm.Invalid("没有“"+string(s.Method)+"”这种方式", "there is no method “"+string(s.Method)+"”").WithNext("方式有：轮流、加权、派单、认领、人工", "the methods are: turn, weighted, offer, claim, manual")
		case s.Method.ends() && i < len(steps)-1:
			return crm.Refused("AS-01", "“"+s.Method.Name(crm.Chinese)+"”之后不能再有别的方式", "nothing can follow “"+s.Method.Name(crm.English)+"”").WithNext("请把它放到最后", "put it last")
		case s.Most < 0 || s.Most > 20 || s.Most > 0 && s.Method != Bid:
			return crm.Invalid("人数只用于派单，最多 20", "a number of people is for offers only, up to 20")
		case len(s.Teams) > maxParts || len(s.People) > maxParts:
			return crm.Invalid(fmt.Sprintf("一个方式最多写 %d 个团队或成员", maxParts), fmt.Sprintf("a step names up to %d teams or people", maxParts))
		}
	}
	return nil
}

// Fits reports whether the condition holds for the lead.
func (c Condition) Fits(l lead.Lead) bool {
	anyFold := func(list []string, words ...string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(x string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return w != "" && strings.EqualFold(x, w) })
		})
	}
	need := strings.ToLower(l.Need)
	return anyFold(c.Sources, l.Source) && anyFold(c.Campaigns, l.Campaign) &&
		anyFold(c.Places, l.City, strings.TrimSuffix(l.City, "市"), l.Region) &&
		(len(c.Products) == 0 || slices.ContainsFunc(c.Products, func(p string) bool { return strings.Contains(need, strings.ToLower(p)) })) &&
		(len(c.Grades) == 0 || slices.Contains(c.Grades, l.Grade)) &&
		(len(c.Pools) == 0 || slices.Contains(c.Pools, l.Pool))
}

// Plan is what happens with the lead: the steps of the first rule that fits,
// then the way of its pool. No steps: it stays in the pool, as without rules.
func (b Book) Plan(l lead.Lead) (RuleName, []Step) {
	var name RuleName
	var steps []Step
	for _, r := range b.Rules {
		if !r.Off && r.When.Fits(l) {
			name, steps = RuleName{ID: r.ID, Name: r.Name}, slices.Clone(r.Steps)
			break
		}
	}
	if len(steps) > 0 && steps[len(steps)-1].Method.ends() {
		return name, steps
	}
	for _, w := range b.Ways {
		if w.Pool == l.Pool {
			return name, append(steps, w.Steps...)
		}
	}
	return name, steps
}

// next is the number of a new rule.
func (b Book) next() int64 {
	n := int64(1)
	for _, r := range b.Rules {
		n = max(n, r.ID+1)
	}
	return n
}

func (b Book) index(id int64) int {
	return slices.IndexFunc(b.Rules, func(r Rule) bool { return r.ID == id })
}

// clone is a book that can be changed without changing this one.
func (b Book) clone() Book {
	out := Book{Rules: slices.Clone(b.Rules), Ways: slices.Clone(b.Ways)}
	return out
}
