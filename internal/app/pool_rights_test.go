package app_test

import (
	"slices"
	"strings"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// who reads a record along decides nothing about it: a manager of another team
// who collaborates cannot merge it into a record of their own.
func TestPM01WhoReadsAlongMergesNothing(t *testing.T) {
	f := newBranch(t, "")
	leads, acc, na, chen := f.a.Services.Leads, f.a.Services.Accounts, f.as("李娜"), f.as("陈静")
	mine := f.lead("赵敏", lead.Info{Company: "远航物流", Phone: "13700003333"})
	theirs := f.lead("李娜", lead.Info{Company: "华星科技", Phone: "13800138000"})
	f.learns("陈静", "华星科技")
	_, err := leads.AskToJoin(f.ctx, chen, theirs)
	f.must(err)
	_, err = leads.AnswerCollab(f.ctx, na, theirs, chen.ID, true)
	f.must(err)
	for _, pair := range [][2]crm.LeadID{{mine, theirs}, {theirs, mine}} {
		if _, err := leads.MergePreview(f.ctx, chen, pair[0], pair[1]); crm.CodeOf(err) != crm.CodeForbidden {
			t.Errorf("preview of %s: %v", pair, err)
		}
		_, err := leads.Merge(f.ctx, chen, pair[0], pair[1], nil)
		f.refused(err, "PM-01", theirs.String())
	}
	if l, err := f.a.DB.Lead(f.ctx, theirs); err != nil || l.Owner != na.ID || l.Status != lead.Open {
		t.Errorf("it went to %d, %s, %v", l.Owner, l.Status, err)
	}

	x, err := acc.Create(f.ctx, f.as("赵敏"), account.Draft{Name: "南方电子"})
	f.must(err)
	y, err := acc.Create(f.ctx, na, account.Draft{Name: "东方电子"})
	f.must(err)
	f.learns("陈静", "东方电子")
	_, err = acc.AskToJoin(f.ctx, chen, y.ID)
	f.must(err)
	_, err = acc.AnswerCollab(f.ctx, na, y.ID, chen.ID, true)
	f.must(err)
	_, err = acc.Merge(f.ctx, chen, x.ID, y.ID, nil)
	f.refused(err, "PM-01", y.ID.String())
	if got, err := f.a.DB.Account(f.ctx, y.ID); err != nil || got.Owner != na.ID || got.State != account.Live {
		t.Errorf("it went to %d, %s, %v", got.Owner, got.State, err)
	}

	// Nor does a merge take a hidden record out of the pool for somebody who could
	// not assign it (P-08).
	free := f.lead("", lead.Info{Company: "明月贸易", Phone: "13900139000"})
	both := f.as("赵敏")
	both.Roles = append(slices.Clone(both.Roles), crm.Marketing)
	_, err = leads.Merge(f.ctx, both, mine, free, nil)
	f.refused(err, "P-08", free.String())
	if l, err := f.a.DB.Lead(f.ctx, mine); err != nil || l.Phone != "13700003333" {
		t.Errorf("the number is now %q, %v", l.Phone, err)
	}
	// A manager, who could assign it, may.
	_, err = leads.Merge(f.ctx, chen, mine, free, nil)
	f.must(err)

	// Who read the part along reads the whole only when its owner agrees.
	_, err = leads.Merge(f.ctx, f.as("管理员"), mine, theirs, nil)
	f.must(err)
	_, err = acc.Merge(f.ctx, f.as("管理员"), x.ID, y.ID, nil)
	f.must(err)
	for _, ref := range []crm.Ref{mine.Ref(), x.ID.Ref()} {
		if c, err := f.a.DB.Collaboration(f.ctx, ref, chen.ID); err != nil || c.State != pool.CollabAsked || c.Active(f.clock.Now()) {
			t.Errorf("the collaboration on %s is %+v, %v", ref, c, err)
		}
	}
}

func TestHO01WhoIsHandedOverChangesNothing(t *testing.T) {
	f := newBranch(t, "")
	s, na, lei := f.a.Services, f.as("李娜"), f.as("王磊")
	id := f.lead("李娜", lead.Info{Company: "华星科技"})
	file, err := s.Attachments.Keep(f.ctx, na, "名片.gif", []byte("GIF89a card"))
	f.must(err)
	na.Frozen, lei.Frozen = true, true
	f.refused(s.Attachments.Tie(f.ctx, na, file.ID, id.Ref()), "HO-01")
	f.refused(s.Attachments.Attach(f.ctx, na, file.ID, id.Ref()), "HO-01")
	if n, err := s.Attachments.Count(f.ctx, id.Ref()); err != nil || n != 0 {
		t.Errorf("%d files, %v", n, err)
	}
	f.refused(s.Assign.Set(f.ctx, lei, na.ID, assign.Setting{Day: "2026-03-09"}), "HO-01")
	f.refused(s.Assign.Bind(f.ctx, lei, pool.DefaultPool, crm.ToGroup("webchat", "g1"), true), "HO-01")
}

// What a file is called says what it is: nobody gets a page to open that was kept
// as a picture.
func TestAFileIsCalledWhatItIs(t *testing.T) {
	f := newBranch(t, "")
	for name, want := range map[string]string{"名片.gif": "名片.gif", "名片.GIF": "名片.GIF", "open.html": "open.html.gif", "run.gif.bat": "run.gif.bat.gif", "photo": "photo.gif", "": "file.gif", "a\u202egpj.exe": "agpj.exe.gif"} {
		got, err := f.a.Services.Attachments.Keep(f.ctx, f.as("李娜"), name, []byte("GIF89a <script>"))
		f.must(err)
		if got.Name != want {
			t.Errorf("%q is kept as %q, want %q", name, got.Name, want)
		}
	}
	long, err := f.a.Services.Attachments.Keep(f.ctx, f.as("李娜"), strings.Repeat("长", 300)+".exe", []byte("GIF89a"))
	f.must(err)
	if !strings.HasSuffix(long.Name, ".exe.gif") || len([]rune(long.Name)) > 100 {
		t.Errorf("%d characters: %s", len([]rune(long.Name)), long.Name)
	}
}

func TestP08ABatchDoesNotNameWhatThePoolHides(t *testing.T) {
	f := newBranch(t, "")
	s, lei := f.a.Services, f.as("王磊")
	home := f.newPool(pool.Pool{Name: "保密", Kind: crm.KindLead, Sort: 10, Teams: []crm.TeamID{f.teams["华东"]}, Managers: []crm.UserID{f.ids["李娜"]}, Hidden: []string{"company", "contact"}})
	v, err := s.Leads.Create(f.ctx, f.as("管理员"), lead.NewLead{Info: lead.Info{Company: "绝密科技", Contact: "王总", Phone: "13800138000"}, Pool: home}, true)
	f.must(err)
	room, err := s.Assign.Preview(f.ctx, lei, []crm.LeadID{v.ID}, f.ids["张伟"])
	f.must(err)
	if len(room.Leads) != 1 || strings.Contains(room.Leads[0].Name(), "绝密") || strings.Contains(room.Leads[0].Phone, "0013800") {
		t.Errorf("the preview shows %+v", room.Leads)
	}
	g, err := s.Assign.ByRules(f.ctx, lei, []crm.LeadID{v.ID})
	f.must(err)
	if len(g.Items) != 1 || g.Items[0].Err == nil || strings.Contains(g.Items[0].Name, "绝密") {
		t.Errorf("the result shows %+v", g.Items)
	}
	room, err = s.Assign.Preview(f.ctx, f.as("李娜"), []crm.LeadID{v.ID}, f.ids["张伟"])
	f.must(err)
	if len(room.Leads) != 1 || room.Leads[0].Name() != "绝密科技" {
		t.Errorf("who looks after the pool sees %+v", room.Leads)
	}
}
