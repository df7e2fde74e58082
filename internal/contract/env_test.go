package contract_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/approval"
	"crmbot/internal/calendar"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

// env is contracts and approvals on a real database with a small company.
type env struct {
	*contract.Service
	t         testing.TB
	db        *store.DB
	clock     *crm.MovableClock
	zone      *time.Location
	dir       *org.Directory
	book      *rule.Book
	approvals *approval.Service
	accounts  *account.Service
}

// The company: 李娜 and 张伟 sell for 王磊, who reports to 孙总监; two in legal.
const (
	lina crm.UserID = iota + 1
	zhang
	wang
	sun
	legal1
	legal2
	finance
	boss
	admin
)

func newEnv(t testing.TB, dsn string) *env {
	t.Helper()
	ctx := t.Context()
	zone, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 9, 0, 0, 0, zone), true)
	db, err := store.Open(ctx, dsn, clock)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, err = db.Migrate(ctx)
	must(t, err)
	cal, err := calendar.Standard(zone)
	must(t, err)
	defs := append(append(append(account.Settings(), deal.Settings()...), approval.Settings()...), contract.Settings()...)
	book, err := rule.NewBook(db, clock, defs...)
	must(t, err)
	dir := org.NewDirectory(db, db)
	e := &env{t: t, db: db, clock: clock, zone: zone, dir: dir, book: book}
	e.company()
	gate := pool.NewGate(pool.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, People: dir, Rules: book})
	e.accounts = account.NewService(account.Deps{Gate: gate, Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, Name: dir.Name})
	deals := deal.NewService(deal.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, Accounts: e.accounts, AccountStore: db, People: dir})
	e.approvals = approval.NewService(approval.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, People: dir})
	e.Service = contract.NewService(contract.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, Customers: e.accounts, Deals: deals,
		Approvals: e.approvals, People: dir})
	e.approvals.Register(e.Service)
	return e
}

func (e *env) company() {
	ctx := e.t.Context()
	top, east := &org.Team{Name: "总部"}, &org.Team{Name: "华东"}
	must(e.t, e.dir.SaveTeam(ctx, top))
	east.Parent = top.ID
	must(e.t, e.dir.SaveTeam(ctx, east))
	for _, p := range []struct {
		name string
		role crm.Role
		team crm.TeamID
	}{{"李娜", crm.Rep, east.ID}, {"张伟", crm.Rep, east.ID}, {"王磊", crm.Manager, east.ID}, {"孙总监", crm.Director, top.ID}, {"周法", crm.Legal, 0}, {"吴法", crm.Legal, 0},
		{"钱财", crm.Finance, 0}, {"赵总", crm.Boss, 0}, {"管理员", crm.Admin, 0}} {
		must(e.t, e.dir.SaveUser(ctx, &org.User{Name: p.name, Roles: []crm.Role{p.role}, Team: p.team, Active: true}))
	}
	top.Leader, east.Leader = sun, wang
	must(e.t, e.dir.SaveTeam(ctx, top))
	must(e.t, e.dir.SaveTeam(ctx, east))
}

// cases run on SQLite and on MySQL; SQLite proves nothing about row locks.
var cases = []struct {
	name string
	run  func(t *testing.T, e *env)
}{
	{"LifeOfAContract_CT01_CT02", testLifeOfAContract_CT01_CT02},
	{"StartReachedAtSigning_CT01", testStartReachedAtSigning_CT01},
	{"TerminationTakesTheCreditBack_CT02", testTerminationTakesTheCreditBack_CT02},
	{"RoundsCountOnce", testRoundsCountOnce},
	{"EditDuringApproval_AP04", testEditDuringApproval_AP04},
	{"ContentChangedBehindTheRequest_AP04", testContentChangedBehindTheRequest_AP04},
	{"Rights_PM01", testRights_PM01},
	{"StaleVersion_AP06", testStaleVersion_AP06},
	{"RetypingGivesANewNumber_CT03", testRetypingGivesANewNumber_CT03},
	{"MinutesCountWorkingTime_AP05", testMinutesCountWorkingTime_AP05},
	{"NumbersHaveNeitherGapsNorDuplicates_CT03", testNumbersHaveNeitherGapsNorDuplicates_CT03},
	{"TwoApproversAtOnce_AP06", testTwoApproversAtOnce_AP06},
	{"AllAtOnce_AP03", testAllAtOnce_AP03},
	{"DoubleTap_AP06", testDoubleTap_AP06},
	{"Redelivery_AP06", testRedelivery_AP06},
	{"StaleCard_AP06", testStaleCard_AP06},
	{"DecisionAgainstChange_AP04", testDecisionAgainstChange_AP04},
	{"SubmittedOnce_CT01", testSubmittedOnce_CT01},
	{"UrgentLimitHoldsUnderLoad_AP05", testUrgentLimitHoldsUnderLoad_AP05},
	{"PendingAsksOnceAndHidesNoFailure_AP03", testPendingAsksOnceAndHidesNoFailure_AP03},
	{"RightsAtTheClick_AP06", testRightsAtTheClick_AP06},
	{"SuperiorNoMore_AP06", testSuperiorNoMore_AP06},
	{"SuperiorAtAnyLevelStaysRight_AP06", testSuperiorAtAnyLevelStaysRight_AP06},
	{"SubmitterChangesTeam_AP06", testSubmitterChangesTeam_AP06},
	{"NothingIsDoneWithoutTheRight_AP06", testNothingIsDoneWithoutTheRight_AP06},
	{"AdministratorNoMore_AP06", testAdministratorNoMore_AP06},
	{"DelegatorsRightEnds_AP06", testDelegatorsRightEnds_AP06},
	{"LeaveOfTheApproverIsOver_AP06", testLeaveOfTheApproverIsOver_AP06},
	{"DeputyAndSuperiorOfBefore_AP05_AP06", testDeputyAndSuperiorOfBefore_AP05_AP06},
	{"RoleMovesOn_AP06", testRoleMovesOn_AP06},
	{"RemindersFindWhoIsRight_AP05", testRemindersFindWhoIsRight_AP05},
	{"RemindDeputyEscalate_AP05", testRemindDeputyEscalate_AP05},
	{"SubmitterIsNeverTheDeputyOrSuperior_AP03", testSubmitterIsNeverTheDeputyOrSuperior_AP03},
	{"LeaveAfterBeingAsked_AP03", testLeaveAfterBeingAsked_AP03},
	{"LeaverIsPassedOver_HO01", testLeaverIsPassedOver_HO01},
	{"LeaveAtSubmission_AP03", testLeaveAtSubmission_AP03},
	{"HandOnAndAdd_AP03", testHandOnAndAdd_AP03},
	{"RemindedAgainAfterAnAddedStep_AP05", testRemindedAgainAfterAnAddedStep_AP05},
	{"FormTappedTwiceIsOneDraft", testFormTappedTwiceIsOneDraft},
	{"CreditGoesToTheTeamOfTheMoment_F06", testCreditGoesToTheTeamOfTheMoment_F06},
	{"CreditIsSharedSoonAfterAHandOver_HO02", testCreditIsSharedSoonAfterAHandOver_HO02},
}

func TestSQLite(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, newEnv(t, testdb.SQLite(t))) })
	}
}

// TestMySQL shares one database, emptied before each case: making one is slow.
// What the migrations put in stays.
func TestMySQL(t *testing.T) {
	dsn := testdb.MySQL(t)
	var seeds []string
	t.Run("migrate", func(t *testing.T) {
		db, err := store.Open(t.Context(), dsn, crm.WallClock{})
		must(t, err)
		defer db.Close()
		_, err = db.Migrate(t.Context())
		must(t, err)
		seeds = filled(t, dsn)
	})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			empty(t, dsn, seeds)
			c.run(t, newEnv(t, dsn))
		})
	}
}

// filled are the tables that have rows.
func filled(t *testing.T, dsn string) []string {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'crm!_%' ESCAPE '!'")
	must(t, err)
	var names []string
	for rows.Next() {
		var n string
		must(t, rows.Scan(&n))
		names = append(names, n)
	}
	must(t, rows.Err())
	return slices.DeleteFunc(names, func(n string) bool {
		var some bool
		must(t, db.QueryRowContext(t.Context(), "SELECT EXISTS (SELECT 1 FROM "+n+")").Scan(&some))
		return !some
	})
}

// empty removes all rows of the tables but those to keep, and starts their
// numbers again.
func empty(t *testing.T, dsn string, keep []string) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	must(t, err)
	defer db.Close()
	for _, n := range filled(t, dsn) {
		if !slices.Contains(keep, n) {
			_, err := db.ExecContext(t.Context(), "TRUNCATE TABLE "+n)
			must(t, err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// as is the person as an actor of this moment.
func (e *env) as(id crm.UserID) crm.Actor {
	e.t.Helper()
	a, err := e.dir.Actor(e.t.Context(), id)
	must(e.t, err)
	return a
}

func (e *env) person(id crm.UserID, change func(*org.User)) {
	e.t.Helper()
	u, err := e.dir.User(e.t.Context(), id)
	must(e.t, err)
	change(&u)
	must(e.t, e.dir.SaveUser(e.t.Context(), &u))
}

func (e *env) at(s string) {
	e.t.Helper()
	t, err := time.ParseInLocation("2006-01-02 15:04", s, e.zone)
	must(e.t, err)
	must(e.t, e.clock.Set(t))
}

func input(amount int64) contract.Input {
	return contract.Input{Customer: "上海星河科技有限公司", Amount: crm.Yuan(amount), Terms: "月结30天", StartsOn: "2026-04-01", EndsOn: "2027-03-31"}
}

// draft makes a contract of 李娜.
func (e *env) draft(amount int64) contract.Contract {
	e.t.Helper()
	c, err := e.Create(e.t.Context(), e.as(lina), input(amount))
	must(e.t, err)
	return c
}

// submitted makes and submits a contract of 李娜.
func (e *env) submitted(amount int64) (contract.Contract, approval.Request) {
	e.t.Helper()
	c := e.draft(amount)
	c, r, err := e.SubmitForApproval(e.t.Context(), e.as(lina), c.ID, c.Version, false, "")
	must(e.t, err)
	return c, r
}

// approved brings a contract through manager and legal.
func (e *env) approved(amount int64, change func(*contract.Input)) contract.Contract {
	e.t.Helper()
	in := input(amount)
	if change != nil {
		change(&in)
	}
	c, err := e.Create(e.t.Context(), e.as(lina), in)
	must(e.t, err)
	_, r, err := e.SubmitForApproval(e.t.Context(), e.as(lina), c.ID, 0, false, "")
	must(e.t, err)
	e.yes(wang, r.ID)
	e.yes(legal1, r.ID)
	return e.contract(c.ID)
}

func (e *env) yes(u crm.UserID, id crm.RequestID) approval.Result {
	e.t.Helper()
	res, err := e.approvals.Approve(e.t.Context(), e.as(u), approval.Click{Request: id})
	must(e.t, err)
	return res
}

func (e *env) contract(id crm.ContractID) contract.Contract {
	e.t.Helper()
	c, err := e.Get(e.t.Context(), e.as(boss), id)
	must(e.t, err)
	return c
}

func (e *env) request(id crm.RequestID) approval.Chain {
	e.t.Helper()
	c, err := e.approvals.Get(e.t.Context(), e.as(boss), id)
	must(e.t, err)
	return c
}

// number runs a query that gives one number.
func (e *env) number(query string, args ...any) int64 {
	e.t.Helper()
	db, err := e.db.SQL()
	must(e.t, err)
	var n sql.NullInt64
	must(e.t, db.QueryRowContext(context.WithoutCancel(e.t.Context()), query, args...).Scan(&n))
	return n.Int64
}

// fact is the sum of a person's facts of a key: how many and how much.
func (e *env) fact(key string, u crm.UserID) (qty int64, amount crm.Money) {
	e.t.Helper()
	qty = e.number("SELECT SUM(qty) FROM crm_facts WHERE metric_key = ? AND user_id = ?", key, int64(u))
	amount = crm.Money(e.number("SELECT SUM(amount) FROM crm_facts WHERE metric_key = ? AND user_id = ?", key, int64(u)))
	if n := e.number("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = ? AND user_id = ?", key, int64(u)); n != qty {
		e.t.Errorf("%s: the facts add up to %d, the daily sums to %d", key, qty, n)
	}
	return qty, amount
}

func (e *env) wantFact(key string, u crm.UserID, qty int64, amount crm.Money) {
	e.t.Helper()
	if q, a := e.fact(key, u); q != qty || a != amount {
		e.t.Errorf("%s of person %d: %d, %s; want %d, %s", key, u, q, a, qty, amount)
	}
}

func (e *env) wantState(id crm.ContractID, s contract.State, cause contract.Cause) {
	e.t.Helper()
	if c := e.contract(id); c.State != s || c.Cause != cause {
		e.t.Errorf("%s is %s (%s), want %s (%s)", id, c.State, c.Cause, s, cause)
	}
}

// refused checks an error's code and rule.
func refused(t testing.TB, err error, code crm.Code, rule string) {
	t.Helper()
	if crm.CodeOf(err) != code || crm.RuleOf(err) != rule {
		t.Errorf("got %v; want %s by %q", err, code, rule)
	}
}
