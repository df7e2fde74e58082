package bot_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
)

func TestClocksAreJudgedByHowFarTheyDiffer(t *testing.T) {
	them := crm.Text{Zh: "他们", En: "them"}
	for _, x := range []struct {
		skew time.Duration
		want bot.Mark
		says string
	}{
		{0, bot.Fine, "agrees"}, {2 * time.Second, bot.Fine, "agrees"}, {-2 * time.Second, bot.Fine, "agrees"},
		{29 * time.Second, bot.Fine, "29 s behind them"}, {30 * time.Second, bot.Fine, "30 s behind them"}, {-31 * time.Second, bot.Warning, "31 s ahead of them"},
		{299 * time.Second, bot.Warning, "4 min behind them"}, {300 * time.Second, bot.Bad, "5 min behind them"}, {-25 * time.Hour, bot.Bad, "25 h ahead of them"},
	} {
		f := bot.ClockFinding(them, x.skew, true)
		if f.Mark != x.want || !strings.Contains(f.Seen.En, x.says) || (f.Mend.Zh != "") != (x.want != bot.Fine) {
			t.Errorf("%v: %+v", x.skew, f)
		}
	}
	if f := bot.ClockFinding(them, time.Hour, false); f.Mark != bot.Skipped {
		t.Errorf("unknown: %+v", f)
	}
}

func TestSkewComesFromTheMiddleOfARequest(t *testing.T) {
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	h := http.Header{"Date": {sent.Add(time.Minute).Format(http.TimeFormat)}}
	if d, ok := bot.Skew(h, sent, sent.Add(time.Second)); !ok || d != time.Minute {
		t.Errorf("got %v, %v", d, ok)
	}
	for _, bad := range []http.Header{{}, {"Date": {"yesterday"}}} {
		if d, ok := bot.Skew(bad, sent, sent); ok || d != 0 {
			t.Errorf("got %v, %v", d, ok)
		}
	}
}

func TestAnUnreachablePlatformSaysWhatIsInTheWay(t *testing.T) {
	for _, x := range []struct {
		err  error
		says string
	}{
		{&net.DNSError{Err: "no such host", Name: "secret.example"}, "does not resolve"},
		{fmt.Errorf("get: %w", &tls.CertificateVerificationError{Err: errors.New("x509")}), "certificate"},
		{context.DeadlineExceeded, "in time"},
		{errors.New("connect: connection refused"), "refused"},
	} {
		f := bot.Unreachable("open.example", x.err)
		if f.Mark != bot.Bad || !strings.Contains(f.Seen.En, x.says) || !strings.Contains(f.Seen.En, "open.example") || strings.Contains(f.Seen.En, "secret") || f.Mend.Zh == "" || f.Mend.En == "" {
			t.Errorf("%v: %+v", x.err, f)
		}
	}
}

func TestEveryAreaHasANameInBothLanguages(t *testing.T) {
	for _, a := range []bot.Area{bot.AreaConfig, bot.AreaDatabase, bot.AreaSchema, bot.AreaRedis, bot.AreaClock, bot.AreaCredentials, bot.AreaRobot, bot.AreaPermissions, bot.AreaConnection,
		bot.AreaEvents, bot.AreaCallback, bot.AreaCards, bot.AreaQuota, bot.AreaDirectory, bot.AreaPeople, bot.AreaGroups, bot.AreaPlatform} {
		if a.Name(crm.Chinese) == "" || a.Name(crm.English) == "" {
			t.Errorf("%s has no name", a)
		}
	}
}
