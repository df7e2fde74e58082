package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// termMatch finds the terms that begin with what the query says; "" when that
// has neither letters nor digits.
func termMatch(q account.Query) (where string, args []any) {
	var parts []string
	for _, t := range slices.Compact([]string{lead.Term(q.Name), lead.Term(q.Key)}) {
		if t != "" {
			parts, args = append(parts, "term >= ? AND term < ?"), append(args, t, t+lastRune)
		}
	}
	return strings.Join(parts, " OR "), args
}

// renameAccount lets an account be found under its present name; one that became
// part of another is found no more.
func (d *DB) renameAccount(ctx context.Context, a account.Account) error {
	if err := d.dropTerms(ctx, a.ID.Ref()); err != nil || a.State == account.Merged {
		return err
	}
	return d.AddTerms(ctx, map[crm.Ref][]string{a.ID.Ref(): lead.SearchTerms(a.Name, "")})
}

func (d *DB) dropTerms(ctx context.Context, ref crm.Ref) error {
	return d.write(ctx).Exec("DELETE FROM crm_search_terms WHERE kind = ? AND record_id = ?", string(ref.Kind), ref.ID).Error
}

// accountTerms is the version of the migration that makes the terms of accounts
// that were there before accounts had any.
const accountTerms = 143

// makeAccountTerms works in batches and may run again.
func makeAccountTerms(ctx context.Context, tx *sql.Tx) error {
	for after := int64(0); ; {
		rows, err := tx.QueryContext(ctx, "SELECT id, name FROM crm_accounts WHERE id > ? AND state <> 'merged' ORDER BY id LIMIT 500", after)
		if err != nil {
			return fmt.Errorf("search terms of accounts: %w", err)
		}
		var ids []int64
		var names []string
		for rows.Next() {
			var id int64
			var name string
			if err := rows.Scan(&id, &name); err != nil {
				rows.Close()
				return err
			}
			ids, names = append(ids, id), append(names, name)
		}
		if err := rows.Close(); err != nil || len(ids) == 0 {
			return err
		}
		for i, id := range ids {
			if err := addTerms(ctx, tx, id, lead.SearchTerms(names[i], "")); err != nil {
				return fmt.Errorf("search terms of accounts: %w", err)
			}
		}
		after = ids[len(ids)-1]
	}
}

func addTerms(ctx context.Context, tx *sql.Tx, id int64, terms []string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM crm_search_terms WHERE kind = 'A' AND record_id = ?", id); err != nil || len(terms) == 0 {
		return err
	}
	args := make([]any, 0, 2*len(terms))
	for _, t := range terms {
		args = append(args, t, id)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO crm_search_terms (kind, term, record_id) VALUES ('A', ?, ?)"+strings.Repeat(", ('A', ?, ?)", len(terms)-1), args...)
	return err
}
