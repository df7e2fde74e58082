package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// setup runs statements about the clock, the company and its settings.
func (w *world) setup(ctx context.Context, text string) (bool, error) {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "at":
		t, err := parseTime(rest, w.zone)
		if err != nil {
			return true, err
		}
		if w.clock.Now().Equal(t) {
			return true, nil
		}
		return true, w.clock.Set(t)
	case "wait":
		d, err := parseWait(rest)
		if err != nil {
			return true, err
		}
		return true, w.advance(ctx, w.clock.Now().Add(d))
	case "until":
		t, err := parseTime(rest, w.zone)
		if err != nil {
			return true, err
		}
		if now := w.clock.Now(); t.Before(now) {
			return true, fmt.Errorf("the clock only moves forward; it is %s", now.In(w.zone).Format("2006-01-02 15:04"))
		}
		return true, w.advance(ctx, t)
	case "team":
		return true, w.team(ctx, rest)
	case "person":
		return true, w.newPerson(ctx, rest)
	case "set":
		key, value, ok := strings.Cut(rest, " ")
		if !ok {
			return true, errors.New("set takes a key and a value")
		}
		_, err := w.app.Services.Rules.Set(ctx, crm.SystemActor(), key, "", strings.TrimSpace(value), "script", w.clock.Now())
		return true, err
	case "org":
		return true, w.load(ctx, "org", rest, "")
	case "redeliver":
		if w.last == nil {
			return true, errors.New("there was no event yet")
		}
		if err := w.last(ctx); err != nil {
			return true, err
		}
		return true, w.app.Settle(ctx)
	}
	if m := reImport.FindStringSubmatch(text); m != nil {
		return true, w.load(ctx, m[1], m[2], m[3])
	}
	if m := reGroup.FindStringSubmatch(text); m != nil {
		return true, w.newGroup(ctx, m[1], m[2])
	}
	return false, nil
}

func (w *world) advance(ctx context.Context, t time.Time) error {
	w.mu.Lock()
	w.moved = len(w.log)
	w.mu.Unlock()
	return w.app.Advance(ctx, w.clock, t)
}

// words splits "华东 leader 王磊 region 华东" into the name and its attributes.
func words(s string, keys ...string) (head []string, attrs map[string]string) {
	attrs = map[string]string{}
	f := strings.Fields(s)
	for i := 0; i < len(f); i++ {
		if slices.Contains(keys, f[i]) && i+1 < len(f) {
			attrs[f[i]] = f[i+1]
			i++
			continue
		}
		head = append(head, f[i])
	}
	return head, attrs
}

func (w *world) team(ctx context.Context, s string) error {
	head, attrs := words(s, "leader", "region", "under")
	if len(head) != 1 {
		return errors.New("team NAME [leader PERSON] [region REGION] [under TEAM]")
	}
	t := org.Team{Name: head[0], Region: attrs["region"]}
	dir := w.app.Services.Directory
	if p := attrs["under"]; p != "" {
		up, err := dir.TeamByName(ctx, p)
		if err != nil {
			return err
		}
		t.Parent = up.ID
	}
	if l := attrs["leader"]; l != "" {
		if us, err := dir.Find(ctx, l); err == nil && len(us) == 1 {
			t.Leader = us[0].ID
		} else {
			w.leaders[l] = head[0] // the person comes later
		}
	}
	return dir.SaveTeam(ctx, &t)
}

func (w *world) newPerson(ctx context.Context, s string) error {
	head, attrs := words(s, "team", "region", "lang", "no")
	if len(head) < 2 {
		return errors.New("person NAME ROLE… [team TEAM] [region REGION] [lang en] [no NUMBER]")
	}
	dir := w.app.Services.Directory
	u := org.User{Name: head[0], Region: attrs["region"], EmployeeNo: attrs["no"], Lang: crm.Lang(attrs["lang"]), Active: true}
	if u.Lang == "zh" {
		u.Lang = crm.Chinese
	}
	for _, r := range head[1:] {
		for _, x := range strings.Split(r, ",") {
			if !slices.Contains(crm.Roles, crm.Role(x)) {
				return fmt.Errorf("unknown role %q", x)
			}
			u.Roles = append(u.Roles, crm.Role(x))
		}
	}
	if t := attrs["team"]; t != "" {
		team, err := dir.TeamByName(ctx, t)
		if err != nil {
			return err
		}
		u.Team = team.ID
		if u.Region == "" {
			u.Region = team.Region
		}
	}
	if err := dir.SaveUser(ctx, &u); err != nil {
		return err
	}
	if t := w.leaders[u.Name]; t != "" {
		team, err := dir.TeamByName(ctx, t)
		if err != nil {
			return err
		}
		team.Leader = u.ID
		delete(w.leaders, u.Name)
		return dir.SaveTeam(ctx, &team)
	}
	return nil
}

func (w *world) newGroup(ctx context.Context, title, members string) error {
	var ids []crm.UserID
	for _, n := range strings.FieldsFunc(members, comma) {
		u, err := w.person(ctx, n)
		if err != nil {
			return err
		}
		ids = append(ids, u.ID)
	}
	_, err := w.hub.AddGroup(ctx, strings.TrimSpace(title), ids...)
	return err
}

// file is a file that the script carries or that lies beside it.
func (w *world) file(name string) ([]byte, error) {
	if data, ok := w.s.Files[name]; ok {
		return data, nil
	}
	if w.s.Dir == "" {
		return nil, fmt.Errorf("the script carries no file %q", name)
	}
	return os.ReadFile(filepath.Join(w.s.Dir, filepath.FromSlash(name)))
}
