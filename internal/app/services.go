package app

import (
	"context"

	"crmbot/handlers"
	"crmbot/internal/account"
	"crmbot/internal/activity"
	"crmbot/internal/approval"
	"crmbot/internal/assign"
	"crmbot/internal/attachment"
	"crmbot/internal/calendar"
	"crmbot/internal/channel"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/goal"
	"crmbot/internal/handover"
	"crmbot/internal/importer"
	"crmbot/internal/intake"
	"crmbot/internal/kv"
	"crmbot/internal/lead"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/push"
	"crmbot/internal/recycle"
	"crmbot/internal/report"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/undo"
)

// wiring is what services are built from.
type wiring struct {
	db    *store.DB
	kv    kv.Store
	clock crm.Clock
	cal   *calendar.Calendar
	book  *rule.Book
	dir   *org.Directory
	reg   *metric.Registry
	// intakeSecret is what keys for signatures are derived from; may be empty.
	intakeSecret string
}

// settings are the definitions of all run-time settings.
func settings(reg *metric.Registry) []rule.Def {
	var defs []rule.Def
	for _, s := range [][]rule.Def{
		// one line a noun, in the order of the list in handlers.All
		lead.Settings(),
		recycle.Settings(),
		assign.Settings(),
		handover.Settings(),
		account.Settings(),
		attachment.Settings(),
		deal.Settings(),
		importer.Settings(),
		undo.Settings(),
		activity.Settings(),
		push.Settings(),
		approval.Settings(),
		contract.Settings(),
		goal.Settings(reg),
		report.Settings(reg),
		org.Settings(),
	} {
		defs = append(defs, s...)
	}
	return defs
}

// services builds every service. The order follows the imports: a noun comes
// after those it builds on.
func services(w wiring) *handlers.Services {
	s := &handlers.Services{Clock: w.clock, Calendar: w.cal, Directory: w.dir, Rules: w.book}
	s.Binder = org.NewBinder(org.BinderDeps{Store: w.db, People: w.db, Directory: w.dir, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock})
	s.RuleDesk = rule.NewDesk(rule.DeskDeps{Book: w.book, Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Days: w.cal, Admins: adminsAtWork(w.dir)})
	s.Recycle = recycle.NewService(recycle.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, People: w.dir, Rules: w.book,
		Holds: []recycle.Source{w.db.ContractHolds, w.db.ApprovalHolds}, Stages: func(ctx context.Context) []string { return s.Deals.StageKeys(ctx) }})
	gate := pool.NewGate(pool.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, People: w.dir, Rules: w.book, Moved: s.Recycle.Moved, Nurture: nurturePool(w.db),
		Holds: map[crm.Kind]rule.Int{crm.KindAccount: account.HoldLimit}})
	s.Pools = gate
	s.Leads = lead.NewService(lead.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Gate: gate, Duplicates: lead.NewDuplicates(w.db, w.book), Index: w.db,
		Clock: w.clock, Calendar: w.cal, People: w.dir, Rules: w.book, Keep: s.Recycle, Told: told{w.kv}})
	s.Recycle.SetPools(gate)
	s.Recycle.Register(crm.KindLead, recycle.Mover{Free: s.Leads.Recycle, Return: s.Leads.Return, GiveBack: s.Leads.GiveBack})
	s.Accounts = account.NewService(account.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, Rules: w.book, People: w.dir, Name: w.dir.Name,
		Gate: gate, Keys: companyKeys{lead.NewDuplicates(w.db, w.book), w.db}, Leads: leadsOfAccounts{s.Leads}, Keep: s.Recycle, Told: told{w.kv}})
	s.Recycle.Register(crm.KindAccount, recycleAccount(s.Accounts))
	s.Attachments = attachment.NewService(attachment.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Rules: w.book, Rights: recordRights(s.Leads, s.Accounts)})
	s.Leads.SetFiles(s.Attachments.Count)
	s.Accounts.SetDue(dueOf(s.Recycle))
	s.Leads.DescribeKind(crm.KindAccount, describeAccount(w.db, s.Accounts))
	s.Undo = undo.NewService(w.db, w.db, w.db.Effects(), w.clock, w.book)
	s.Deals = deal.NewService(deal.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, Rules: w.book, Accounts: s.Accounts, AccountStore: w.db, People: w.dir, Undos: s.Undo})
	s.Undo.Register(deal.UndoKind, s.Deals.TakeBack)
	s.Imports = importer.NewService(importer.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, Rules: w.book,
		Nouns: importer.Nouns{Leads: s.Leads, Accounts: s.Accounts, Deals: s.Deals, OrgStore: w.db, Directory: w.dir, Pool: poolNamed(gate)}})
	s.Intake = intake.NewService(intake.Deps{Store: w.db, Leads: s.Leads, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, KV: w.kv, Secret: w.intakeSecret})
	s.Approvals = approval.NewService(approval.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, Rules: w.book, People: w.dir})
	s.Contracts = contract.NewService(contract.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, Rules: w.book,
		Customers: s.Accounts, Deals: s.Deals, Approvals: s.Approvals, People: w.dir})
	s.Approvals.Register(s.Contracts)
	s.Activities = activity.NewService(activity.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, Rules: w.book, People: w.dir,
		Leads: s.Leads, Accounts: s.Accounts, Deals: s.Deals, Keep: keeper{s.Recycle}, Undo: s.Undo, Approvals: waiting{s}})
	s.Teller = s.Activities
	s.Leads.SetTeller(s.Activities)
	s.Pushes = push.NewGate(push.Deps{Store: w.db, Calendar: w.cal, Rules: w.book, Clock: w.clock, Morning: activity.DigestAt})
	s.Assign = assign.NewService(assign.Deps{Store: w.db, Leads: s.Leads, Gate: gate, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, People: w.dir, Rules: w.book, Undo: s.Undo,
		Budget: budget{s.Pushes, w.dir}})
	s.Leads.SetDistributor(s.Assign)
	s.Intake.SetRouter(s.Assign)
	s.Handovers = handover.NewService(handover.Deps{Store: w.db, Leads: s.Leads, Accounts: s.Accounts, Gate: gate, Grace: s.Recycle, Teller: s.Activities, Remind: s.Activities, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Calendar: w.cal, People: w.dir, Rules: w.book})
	s.Channels = channel.NewService(channel.Deps{Store: w.db, Metrics: w.reg, Tx: w.db, Effects: w.db.Effects(), Clock: w.clock, Rules: w.book})
	reader := metric.NewReader(w.reg, w.db)
	s.Metrics = metric.NewService(reader, w.dir, w.cal, w.clock)
	s.Reports = report.NewService(report.Deps{Store: w.db, Tx: w.db, Effects: w.db.Effects(), Metrics: reader, Goals: goal.NewBook(w.book, w.reg, w.cal),
		Rules: w.book, Directory: w.dir, Calendar: w.cal, Clock: w.clock, Plans: plans{s.Activities, w.cal}})
	return s
}

// keeper tells the daily list which records are about to be lost.
type keeper struct{ *recycle.Service }

// Soon implements activity.Keeper.
func (k keeper) Soon(ctx context.Context, kind crm.Kind, owner crm.UserID, left, n int) ([]activity.AtRisk, error) {
	list, err := k.Service.Soon(ctx, kind, owner, left, n)
	out := make([]activity.AtRisk, len(list))
	for i, x := range list {
		out[i] = activity.AtRisk{Ref: x.Ref, Name: x.Name, Due: lead.DueIn(x.Seen)}
	}
	return out, err
}

// adminsAtWork are the administrators who can be asked.
func adminsAtWork(dir *org.Directory) func(context.Context) ([]crm.UserID, error) {
	return func(ctx context.Context) ([]crm.UserID, error) {
		us, err := dir.WithRole(ctx, crm.Admin)
		var out []crm.UserID
		for _, u := range us {
			if u.Active && !u.Frozen {
				out = append(out, u.ID)
			}
		}
		return out, err
	}
}
