package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
)

// ErrInUse means that another process has the SQLite file.
var ErrInUse = errors.New("in use by another crmbot")

// OpenProblem is why a database cannot be opened.
type OpenProblem string

// The problems.
const (
	ProblemInUse   OpenProblem = "in use"      // SQLite: another process has the file
	ProblemLogin   OpenProblem = "login"       // user or password
	ProblemRights  OpenProblem = "rights"      // the user may not use the database
	ProblemMissing OpenProblem = "missing"     // there is no such database
	ProblemAway    OpenProblem = "unreachable" // nobody answers
)

// WhyNot sorts an error of Open.
func WhyNot(err error) OpenProblem {
	var me *gomysql.MySQLError
	switch {
	case errors.Is(err, ErrInUse):
		return ProblemInUse
	case !errors.As(err, &me):
		return ProblemAway
	case me.Number == 1045 || me.Number == 1698:
		return ProblemLogin
	case me.Number == 1044:
		return ProblemRights
	case me.Number == 1049:
		return ProblemMissing
	}
	return ProblemAway
}

var deniedAccount = regexp.MustCompile(`'((?:[^']|'')*)'@'([^']*)'`)

// DeniedAccount is the user and host that the server refused, as SQL names
// them: 'crmbot'@'10.0.0.5'. Empty: the error does not say.
func DeniedAccount(err error) string {
	var me *gomysql.MySQLError
	if !errors.As(err, &me) {
		return ""
	}
	return deniedAccount.FindString(me.Message)
}

// sqlAccount is user@host as SQL writes it; the host has no @, the user may.
func sqlAccount(s string) string {
	i := strings.LastIndex(s, "@")
	if i < 0 {
		return ""
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	return quote(s[:i]) + "@" + quote(s[i+1:])
}

// Target is what a MySQL DSN names, without the password.
func Target(dsn string) (addr, database, user string) {
	c, err := gomysql.ParseDSN(dsn)
	if err != nil {
		return "", "", ""
	}
	return c.Addr, c.DBName, c.User
}

// State is what the doctor wants to know of a database.
type State struct {
	// Version is the server's own text.
	Version string
	// Account is the user and host that the server took the login for, as SQL names
	// them; empty for SQLite.
	Account string
	// Charset is the database's default; empty where that means nothing.
	Charset string
	// Now is the server's time and Asked when it was asked; zero for SQLite.
	Now, Asked time.Time
	// Applied and Pending count the migrations of this program. Newer is a
	// migration that this program does not know, zero if there is none.
	Applied, Pending int
	Newer            int64
	// Lacks are the rights that the user lacks. Unsure: the rights could not be
	// read.
	Lacks  []string
	Unsure bool
}

// neededRights are what migrations and the program do.
var neededRights = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX"}

// State looks at the database and changes nothing.
func (d *DB) State(ctx context.Context) (State, error) {
	var s State
	pool, err := d.r.DB()
	if err != nil {
		return s, err
	}
	if err := d.migrated(ctx, pool, &s); err != nil {
		return s, err
	}
	if d.Dialect == SQLite {
		return s, pool.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&s.Version)
	}
	sent := time.Now()
	var ms int64
	if err := pool.QueryRowContext(ctx, "SELECT VERSION(), CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)").Scan(&s.Version, &ms); err != nil {
		return s, fmt.Errorf("ask for version and time: %w", err)
	}
	s.Asked, s.Now = sent.Add(time.Since(sent)/2), time.UnixMilli(ms)
	var name string
	if err := pool.QueryRowContext(ctx, "SELECT DATABASE(), default_character_set_name FROM information_schema.schemata WHERE schema_name = DATABASE()").Scan(&name, &s.Charset); err != nil {
		return s, fmt.Errorf("ask for the character set: %w", err)
	}
	var who string
	if err := pool.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&who); err != nil {
		return s, fmt.Errorf("ask for the account: %w", err)
	}
	s.Account = sqlAccount(who)
	grants, err := grants(ctx, pool)
	s.Lacks = lacks(grants, name)
	// Rights that come by a role are not listed.
	s.Unsure = err != nil || len(s.Lacks) > 0 && slices.ContainsFunc(grants, func(g string) bool { return !strings.Contains(g, " ON ") })
	return s, nil
}

// migrated counts the migrations, without the table that Migrate would make.
func (d *DB) migrated(ctx context.Context, pool *sql.DB, s *State) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	applied := map[int64]bool{}
	// Without the table nothing was applied; any other trouble shows in the next question.
	if rows, err := pool.QueryContext(ctx, "SELECT version_id FROM goose_db_version WHERE is_applied = 1"); err == nil {
		defer rows.Close()
		for rows.Next() {
			var v int64
			if err := rows.Scan(&v); err != nil {
				return err
			}
			applied[v] = true
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	last := int64(0)
	for _, m := range p.ListSources() {
		last = max(last, m.Version)
		if applied[m.Version] {
			s.Applied++
		} else {
			s.Pending++
		}
	}
	for v := range applied {
		if v > last {
			s.Newer = max(s.Newer, v)
		}
	}
	return nil
}

func grants(ctx context.Context, pool *sql.DB) ([]string, error) {
	rows, err := pool.QueryContext(ctx, "SHOW GRANTS FOR CURRENT_USER")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var g string
		if err := rows.Scan(&g); err != nil {
			return out, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

var grantLine = regexp.MustCompile("^GRANT (.+) ON (?:`((?:[^`]|``)*)`|(\\*))\\.\\* TO ")

// lacks are the needed rights that no grant on the database gives.
func lacks(grants []string, database string) []string {
	have := map[string]bool{}
	for _, g := range grants {
		m := grantLine.FindStringSubmatch(g)
		if m == nil || m[3] == "" && !fits(strings.ReplaceAll(m[2], "``", "`"), database) {
			continue
		}
		for _, right := range strings.Split(m[1], ",") {
			have[strings.TrimSpace(right)] = true
		}
	}
	if have["ALL PRIVILEGES"] || have["ALL"] {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(neededRights), func(r string) bool { return have[r] })
}

// fits matches a database's name with the pattern of a grant, in which _ and %
// stand for one and many characters and \ takes that from them.
func fits(pattern, name string) bool {
	var re strings.Builder
	escaped := false
	for _, r := range pattern {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			re.WriteString(".*")
		case !escaped && r == '_':
			re.WriteString(".")
		default:
			re.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	ok, err := regexp.MatchString("^(?s:"+re.String()+")$", name)
	return ok && err == nil
}
