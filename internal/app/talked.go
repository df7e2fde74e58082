package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"crmbot/handlers"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// talkedFor is how long a record counts as the one just talked about.
const talkedFor = 24 * time.Hour

// talk implements handlers.Talk.
type talk struct{ kv kv.Store }

func talkedKey(user crm.UserID) string { return fmt.Sprintf("talked:%d", user) }

const aboutFiles = " files"

// About notes it; that it could not be noted changes nothing of the answer.
func (t talk) About(ctx context.Context, user crm.UserID, ref crm.Ref, files bool) {
	said := ref.String()
	if files {
		said += aboutFiles
	}
	if err := t.kv.Set(ctx, talkedKey(user), []byte(said), talkedFor); err != nil {
		slog.WarnContext(ctx, "the record last talked about was not kept", "record", ref.String(), "err", err)
	}
}

// Last is what was noted; without it files are only not offered to a record.
func (t talk) Last(ctx context.Context, user crm.UserID) handlers.Talked {
	raw, ok, err := t.kv.Get(ctx, talkedKey(user))
	if err != nil {
		slog.WarnContext(ctx, "the record last talked about is not known", "err", err)
	}
	if err != nil || !ok {
		return handlers.Talked{}
	}
	code, files := strings.CutSuffix(string(raw), aboutFiles)
	ref, err := crm.ParseRef(code)
	if err != nil {
		return handlers.Talked{}
	}
	return handlers.Talked{Ref: ref, Files: files}
}
