package contract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// MaxScan is the largest scan in bytes.
const MaxScan = 10 << 20

// AttachScan keeps the scan of the signed paper and asks legal to confirm it
// (CT-02). The same file again changes nothing.
func (s *Service) AttachScan(ctx context.Context, a crm.Actor, id crm.ContractID, name string, body []byte) (Contract, File, error) {
	var f File
	if err := checkScan(name, body); err != nil {
		return Contract{}, f, err
	}
	sum := sha256.Sum256(body)
	c, err := s.change(ctx, a, id, 0, func(ctx context.Context, c *Contract, now time.Time) ([]Entry, error) {
		if !CanWork(a, *c) && !a.Is(crm.Legal) {
			return nil, crm.Forbid(a, crm.Legal)
		}
		if c.State != ToSign {
			_, err := Next(c.State, Sign)
			if c.State.Signed() {
				err = crm.Refused("CT-02", "合同 "+id.String()+" 已签署，不需要再传扫描件", "contract "+id.String()+" is signed already; no further scan is needed")
			}
			return nil, err
		}
		f = File{Contract: c.ID, Name: clipName(name), Hash: hex.EncodeToString(sum[:]), Size: int64(len(body)), User: a.ID, At: now}
		have, err := s.Store.ContractFiles(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, h := range have {
			if h.Hash == f.Hash {
				f = h
				return nil, nil
			}
		}
		if err := s.Store.AddContractFile(ctx, &f, body); err != nil {
			return nil, err
		}
		if err := s.askLegal(ctx, c, f); err != nil {
			return nil, err
		}
		return []Entry{{Event: Scan, From: c.State, To: c.State, Note: f.Name}}, nil
	})
	return c, f, err
}

// askLegal sends legal the card that confirms the signature.
func (s *Service) askLegal(ctx context.Context, c *Contract, f File) error {
	people, err := s.People.WithRole(ctx, crm.Legal)
	if err != nil {
		return err
	}
	for _, u := range people {
		n := crm.Notice{To: crm.ToUser(u.ID), View: crm.View{Name: ViewSign, Ref: c.ID.String()}, Topic: "contract.sign:" + c.ID.String(),
			Key: fmt.Sprintf("contract:scan:%d:%d", f.ID, u.ID)}
		if err := s.Effects.Notify(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func checkScan(name string, body []byte) error {
	switch {
	case len(body) == 0:
		return crm.Invalid("文件是空的", "the file is empty")
	case len(body) > MaxScan:
		return &crm.Error{Code: crm.CodeTooMany, Text: crm.Text{Zh: fmt.Sprintf("扫描件 %.1f MB，最大 %d MB", float64(len(body))/(1<<20), MaxScan>>20),
			En: fmt.Sprintf("the scan has %.1f MB, at most %d MB are taken", float64(len(body))/(1<<20), MaxScan>>20)}}
	}
	for _, magic := range []string{"%PDF-", "\xff\xd8\xff", "\x89PNG\r\n\x1a\n"} {
		if bytes.HasPrefix(body, []byte(magic)) {
			return nil
		}
	}
	return crm.Invalid("“"+clip(name)+"”不是 PDF、JPG 或 PNG", "“"+clip(name)+"” is no PDF, JPG or PNG").WithNext("请上传盖章合同的扫描件或照片", "send a scan or photo of the signed contract")
}

// clipName keeps a file name's last part within what is stored.
func clipName(s string) string {
	s = crm.Normalize(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	for utf8.RuneCountInString(s) > 120 {
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	}
	return s
}

// Signed notes that both sides have signed: for paper a scan is there and legal
// confirms it; online the provider says so through the system actor, or legal
// does (CT-02). The credit counts on the day of signature (zero: today). When
// the start date is reached the contract comes into force in the same
// transaction (CT-01).
func (s *Service) Signed(ctx context.Context, a crm.Actor, id crm.ContractID, version int64, on crm.Day, via Channel) (Contract, error) {
	return s.change(ctx, a, id, version, func(ctx context.Context, c *Contract, now time.Time) ([]Entry, error) {
		if !a.Is(crm.Legal) {
			return nil, crm.Forbid(a, crm.Legal)
		}
		from := c.State
		to, err := Next(from, Sign)
		if err != nil {
			return nil, err
		}
		today := s.Calendar.DayOf(now)
		if on == "" {
			on = today
		}
		if via == "" {
			via = c.Channel
		}
		if err := s.checkSignature(ctx, *c, on, today, via); err != nil {
			return nil, err
		}
		c.State, c.SignedOn, c.SignedAt, c.SignedVia = to, on, now, via
		c.CreditUser = c.Owner
		if c.CreditTeam, err = s.teamNow(ctx, *c); err != nil {
			return nil, err
		}
		entries := []Entry{{Event: Sign, From: from, To: to, Note: string(on)}}
		if c.StartsOn <= today {
			if c.State, err = Next(c.State, Start); err != nil {
				return nil, err
			}
			entries = append(entries, Entry{Event: Start, From: to, To: c.State, Note: string(c.StartsOn)})
		}
		if err := s.share(ctx, c); err != nil {
			return nil, err
		}
		if err := s.Effects.Record(ctx, credit(*c, now, on, 1)...); err != nil {
			return nil, err
		}
		if err := s.Customers.Touch(ctx, c.Account, 0, now); err != nil {
			return nil, err
		}
		return entries, s.Customers.Dealt(ctx, map[crm.AccountID]time.Time{c.Account: now})
	})
}

func (s *Service) checkSignature(ctx context.Context, c Contract, on, today crm.Day, via Channel) error {
	approved := s.Calendar.DayOf(c.ApprovedAt)
	switch {
	case on > today:
		return crm.Refused("CT-02", "签署日期 "+string(on)+" 在将来，今天是 "+string(today), "the date of signature "+string(on)+" is in the future; today is "+string(today)).
			WithNext("请填写双方都已签字的日期", "enter the day on which both sides had signed")
	case on < approved:
		return crm.Refused("CT-02", "签署日期 "+string(on)+" 早于审批通过的日期 "+string(approved), "the date of signature "+string(on)+" is before the approval on "+string(approved)).
			WithNext("请核对日期", "please check the date")
	case via == Online:
		return nil
	}
	files, err := s.Store.ContractFiles(ctx, c.ID)
	if err != nil || len(files) > 0 {
		return err
	}
	return crm.Refused("CT-02", "合同 "+c.ID.String()+" 线下签署，还没有扫描件", "contract "+c.ID.String()+" is signed on paper and has no scan yet").
		WithNext("请负责人把扫描件发给我，文件名带上 "+c.ID.String(), "its owner sends me the scan with "+c.ID.String()+" in the file name")
}

// Declined notes that the customer does not sign; the contract can be changed
// and submitted again.
func (s *Service) Declined(ctx context.Context, a crm.Actor, id crm.ContractID, version int64, reason string) (Contract, error) {
	reason, err := reasonOf(reason)
	if err != nil {
		return Contract{}, err
	}
	return s.change(ctx, a, id, version, func(_ context.Context, c *Contract, _ time.Time) ([]Entry, error) {
		if !CanWork(a, *c) && !a.Is(crm.Legal) {
			return nil, crm.Forbid(a, crm.Legal)
		}
		from := c.State
		to, err := Next(from, Decline)
		if err != nil {
			return nil, err
		}
		c.State, c.Cause = to, Declined
		return []Entry{{Event: Decline, From: from, To: to, Note: reason}}, nil
	})
}

// Terminated ends a signed contract before its time. Within the days of
// CT-02.reversal the credit of the signature is taken back.
func (s *Service) Terminated(ctx context.Context, a crm.Actor, id crm.ContractID, version int64, reason string) (Contract, error) {
	reason, err := reasonOf(reason)
	if err != nil {
		return Contract{}, err
	}
	return s.change(ctx, a, id, version, func(ctx context.Context, c *Contract, now time.Time) ([]Entry, error) {
		if !a.Is(crm.Legal, crm.Boss) {
			return nil, crm.Forbid(a, crm.Legal, crm.Boss)
		}
		if !c.TerminatedAt.IsZero() {
			return nil, crm.Conflict("CT-02", "合同 "+id.String()+" 已经终止", "contract "+id.String()+" is terminated already")
		}
		if c.State != NotStarted && c.State != Active {
			return nil, crm.Refused("CT-01", "合同现在是“"+c.State.Name(crm.Chinese)+"”，不能终止", "the contract is "+c.State.Name(crm.English)+" and cannot be terminated").
				WithNext("只有已签署且未过期的合同可以终止", "only a signed contract that has not expired can be terminated")
		}
		c.TerminatedAt, c.TerminatedReason = now, reason
		today := s.Calendar.DayOf(now)
		if int64(today.Sub(c.SignedOn)) <= ReversalDays.Of(ctx, s.Rules) {
			if err := s.Effects.Record(ctx, credit(*c, now, today, -1)...); err != nil {
				return nil, err
			}
		}
		return []Entry{{Event: Terminate, From: c.State, To: c.State, Note: reason}}, nil
	})
}

func reasonOf(s string) (string, error) {
	s = strings.TrimSpace(crm.Normalize(s))
	if s == "" {
		return "", crm.Invalid("请填写原因", "a reason is needed")
	}
	if n := utf8.RuneCountInString(s); n > MaxRemark {
		return "", crm.Invalid(fmt.Sprintf("原因有 %d 字，最多 %d 字", n, MaxRemark), fmt.Sprintf("the reason has %d characters, at most %d are kept", n, MaxRemark))
	}
	return s, nil
}
