package handlers

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/calendar"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

func (s *Services) createFromForm(ctx context.Context, a crm.Actor, c bot.Call, p cards.CreateContract) (bot.Reply, error) {
	base := contract.Contract{}
	base.Deal = p.Deal
	in, err := s.contractInput(c.Values, base)
	if err != nil {
		return bot.Reply{}, err
	}
	if rep, ask, err := s.askCustomer(ctx, a, in, base); ask || err != nil {
		rep.Update = rep.Card != nil
		return rep, err
	}
	x, err := s.Contracts.CreateOnce(ctx, a, in)
	return s.contractDone(ctx, a, c, x.ID, crm.Text{Zh: "已保存草稿", En: "draft saved"}, err)
}

func (s *Services) saveFromForm(ctx context.Context, a crm.Actor, c bot.Call, p cards.SaveContract) (bot.Reply, error) {
	base, err := s.Contracts.Get(ctx, a, p.Contract)
	if err != nil {
		return bot.Reply{}, err
	}
	in, err := s.contractInput(c.Values, base)
	if err != nil {
		return bot.Reply{}, err
	}
	clearMissing(c.Values, &in, lockedState(base.State))
	if rep, ask, err := s.askCustomer(ctx, a, in, base); ask || err != nil {
		rep.Update = rep.Card != nil
		return rep, err
	}
	return s.saveContract(ctx, a, c, p.Contract, p.Version, in)
}

func (s *Services) saveContract(ctx context.Context, a crm.Actor, c bot.Call, id crm.ContractID, version int64, in contract.Input) (bot.Reply, error) {
	_, voided, err := s.Contracts.Edit(ctx, a, id, version, in)
	done := crm.Text{Zh: "已保存", En: "saved"}
	if voided {
		done = crm.Text{Zh: "已保存；原审批已失效，请重新提交", En: "saved; the open request is void, please submit again"}
	}
	return s.contractDone(ctx, a, c, id, done, err)
}

// tappedAgain answers a second tap on a card as the first one was answered: the
// version that it showed is gone because the deed is done.
func (s *Services) tappedAgain(ctx context.Context, a crm.Actor, c bot.Call, id crm.ContractID, x contract.Contract, err error, done func(contract.Contract) bool) (contract.Contract, error) {
	if crm.CodeOf(err) != crm.CodeStale || c.Req == nil || c.Req.Kind != bot.Press {
		return x, err
	}
	now, getErr := s.Contracts.Get(ctx, a, id)
	if getErr != nil || !done(now) {
		return x, err
	}
	return now, nil
}

// editContract changes the named fields, or shows the form.
func (s *Services) editContract(ctx context.Context, a crm.Actor, c bot.Call, e contractEdit) (bot.Reply, error) {
	base, err := s.Contracts.Get(ctx, a, e.id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !contract.CanWork(a, base) {
		return bot.Reply{}, crm.Forbid(a, crm.Manager)
	}
	in, err := s.contractInput(e.fields.values(), base)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(e.fields.named) == 0 {
		return s.contractForm(ctx, a, in, base, nil)
	}
	if rep, ask, err := s.askCustomer(ctx, a, in, base); ask || err != nil {
		return rep, err
	}
	return s.saveContract(ctx, a, c, e.id, 0, in)
}

// signContract confirms the signature for legal; from others it takes the
// scans that came with the message.
func (s *Services) signContract(ctx context.Context, a crm.Actor, c bot.Call, in contractArgs) (bot.Reply, error) {
	if c.Req != nil && len(c.Req.Files) > 0 {
		rep, err := s.takeScans(ctx, a, c, in.id)
		if err != nil || !a.Is(crm.Legal) {
			return rep, err
		}
	}
	return s.confirmSignature(ctx, a, c, in.id, 0, in.text)
}

func (s *Services) confirmSignature(ctx context.Context, a crm.Actor, c bot.Call, id crm.ContractID, version int64, date string) (bot.Reply, error) {
	on := crm.Day("")
	if date = strings.TrimSpace(date); date != "" {
		w, err := calendar.ParseWhen(date, s.Clock.Now(), s.Calendar)
		if err != nil {
			return bot.Reply{}, err
		}
		on = w.Day
	}
	x, err := s.Contracts.Signed(ctx, a, id, version, on, "")
	x, err = s.tappedAgain(ctx, a, c, id, x, err, func(x contract.Contract) bool { return x.State.Signed() })
	return s.contractDone(ctx, a, c, x.ID, crm.Text{Zh: "已确认签署，签署日期 " + string(x.SignedOn), En: "signature confirmed for " + string(x.SignedOn)}, err)
}

func (s *Services) takeScans(ctx context.Context, a crm.Actor, c bot.Call, id crm.ContractID) (bot.Reply, error) {
	for _, f := range c.Req.Files {
		if _, _, err := s.Contracts.AttachScan(ctx, a, id, f.Name, f.Data); err != nil {
			return bot.Reply{}, err
		}
	}
	return s.contractDone(ctx, a, c, id, crm.Text{Zh: "扫描件已保存，已请法务确认签署", En: "the scan is kept; legal was asked to confirm"}, nil)
}

var contractCode = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])(c-[0-9]{1,18})(?:[^0-9]|$)`)

// uploadScan takes a scan that was sent without a command: the contract is
// named in the file's name, or it is the only one of the person's that waits
// for a signature on paper (documents only; a photo may be anything).
func (s *Services) uploadScan(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	if c.Req == nil || len(c.Req.Files) == 0 {
		return bot.Reply{}, bot.ErrUnhandled
	}
	name := crm.Normalize(c.Req.Files[0].Name)
	ext := strings.ToLower(filepath.Ext(name))
	if ext != ".pdf" && ext != ".jpg" && ext != ".jpeg" && ext != ".png" {
		return bot.Reply{}, bot.ErrUnhandled
	}
	if m := contractCode.FindStringSubmatch(name); m != nil {
		if ref, err := crm.ParseRef(m[1]); err == nil {
			return s.takeScans(ctx, a, c, crm.ContractID(ref.ID))
		}
	}
	if ext != ".pdf" {
		return bot.Reply{}, bot.ErrUnhandled
	}
	waiting, err := s.Contracts.AwaitingScan(ctx, a, 5)
	switch {
	case err != nil:
		return bot.Reply{}, err
	case len(waiting) == 1:
		return s.takeScans(ctx, a, c, waiting[0].ID)
	case len(waiting) == 0:
		return bot.Reply{}, bot.ErrUnhandled
	}
	codes := make([]string, len(waiting))
	for i, x := range waiting {
		codes[i] = x.ID.String()
	}
	return bot.Reply{}, crm.Invalid("您有多份合同待签署："+strings.Join(codes, "、"), "several of your contracts wait for a signature: "+strings.Join(codes, ", ")).
		WithNext("请把合同编号写在文件名里再发一次，如 "+codes[0]+".pdf", "put the code into the file's name and send it again, such as "+codes[0]+".pdf")
}

func (s *Services) contractScans(ctx context.Context, a crm.Actor, _ bot.Call, in contractArgs) (bot.Reply, error) {
	files, err := s.Contracts.Files(ctx, a, in.id)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(files) == 0 {
		return bot.Reply{}, crm.NotFound("合同 "+in.id.String()+" 还没有扫描件", "contract "+in.id.String()+" has no scan yet").WithNext("负责人把扫描件发给我，文件名带上 "+in.id.String(), "its owner sends me the scan with "+in.id.String()+" in its name")
	}
	const most = 5
	rep := bot.Reply{Text: a.Lang.T(in.id.String()+" 的扫描件：", "the scans of "+in.id.String()+":"), Private: true}
	for _, f := range files[max(0, len(files)-most):] {
		meta, body, err := s.Contracts.OpenFile(ctx, a, f.ID)
		if err != nil {
			return bot.Reply{}, err
		}
		rep.Files = append(rep.Files, bot.File{Name: meta.Name, Data: body})
	}
	return rep, nil
}
