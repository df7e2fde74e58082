package activity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// maxPhoto is the largest photo in bytes, and maxPhotos how many a visit takes.
const (
	maxPhoto  = 8 << 20
	maxPhotos = 9
)

func (s *Service) photoUntil(ctx context.Context, act Activity) time.Time {
	return act.CreatedAt.Add(time.Duration(photoHours.Of(ctx, s.d.Rules)) * time.Hour)
}

// amend changes an own activity and settles what follows from the change.
func (s *Service) amend(ctx context.Context, a crm.Actor, id crm.ActivityID, action string, change func(ctx context.Context, act *Activity) (bool, error)) (Seen, error) {
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		act, err := s.d.Store.Activity(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case a.Frozen:
			return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
		case act.User != a.ID:
			return notMine("只能补充自己的记录", "only your own logs can be completed")
		case act.Undone():
			return crm.Conflict("CH-01", id.String()+" 已撤销", id.String()+" was taken back")
		}
		before := act.standing()
		changed, err := change(ctx, &act)
		if err != nil || !changed {
			return err
		}
		if err := s.settle(ctx, &act, before, false); err != nil {
			return err
		}
		return s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: action, Ref: id.Ref(), Rule: ruleOf(act), Detail: map[string]any{"valid": act.Valid, "missing": act.Missing, "photos": act.Photos, "result": act.Result}})
	})
	if err != nil {
		return Seen{}, err
	}
	return s.See(ctx, a, id)
}

// SetResult adds the result to an own activity that has none. Saying the same
// again changes nothing.
func (s *Service) SetResult(ctx context.Context, a crm.Actor, id crm.ActivityID, r Result) (Seen, error) {
	if !slices.Contains(Results, r) {
		return Seen{}, crm.Invalid("没有这种结果", "there is no such result").WithNext("可选：有进展、持平、遇阻、未见到", "there are: progress, flat, blocked, not met")
	}
	return s.amend(ctx, a, id, "activity.result", func(ctx context.Context, act *Activity) (bool, error) {
		switch {
		case act.Result == r:
			return false, nil
		case act.Result != "":
			return false, crm.Conflict("V-01", "结果已记为“"+act.Result.Name(crm.Chinese)+"”", "the result is “"+act.Result.Name(crm.English)+"” already").
				WithNext("写错了可在 10 分钟内撤销重记", "a mistake can be taken back and logged again within the undo time")
		}
		act.Result = r
		return true, nil
	})
}

// KeepPhoto stores a picture that is not yet attached to a visit.
func (s *Service) KeepPhoto(ctx context.Context, a crm.Actor, name string, data []byte) (Photo, error) {
	if !IsPhoto(data) {
		return Photo{}, crm.Invalid("只支持 JPEG、PNG、GIF、WebP 图片", "only JPEG, PNG, GIF and WebP pictures are taken")
	}
	if len(data) > maxPhoto {
		return Photo{}, crm.Invalid(fmt.Sprintf("照片最大 %d MB", maxPhoto>>20), fmt.Sprintf("a photo has at most %d MB", maxPhoto>>20)).WithNext("请压缩后再发", "please send a smaller one")
	}
	sum := sha256.Sum256(data)
	p := Photo{User: a.ID, Name: name, Hash: hex.EncodeToString(sum[:]), Size: len(data), At: s.d.Clock.Now()}
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.AddPhoto(ctx, &p, data) })
	return p, err
}

// IsPhoto reports whether the bytes are a picture by their content.
func IsPhoto(data []byte) bool {
	switch http.DetectContentType(data) {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return true
	}
	// HEIC, as phones write it, has no entry in the standard table.
	return len(data) > 12 && bytes.Equal(data[4:8], []byte("ftyp")) && (bytes.HasPrefix(data[8:], []byte("heic")) || bytes.HasPrefix(data[8:], []byte("mif1")))
}

// Photographable are the own visits that a photo can still be added to, those
// without one first, then the newest, of customers that the actor may still read.
// At most three.
func (s *Service) Photographable(ctx context.Context, a crm.Actor) ([]Named, error) {
	since := s.d.Clock.Now().Add(-time.Duration(photoHours.Of(ctx, s.d.Rules)) * time.Hour)
	list, err := s.d.Store.VisitsSince(ctx, a.ID, since, 20)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(x, y Activity) int { return min(x.Photos, 1) - min(y.Photos, 1) })
	var refs []crm.Ref
	n := 0
	for _, v := range list {
		switch err := s.reads(ctx, a, v.Customer); crm.CodeOf(err) {
		case "":
			list[n] = v
			n++
			refs = append(refs, v.Subject)
		case crm.CodeNotFound, crm.CodeForbidden, crm.CodeRefused:
		default:
			return nil, err
		}
		if n == 3 {
			break
		}
	}
	list = list[:n]
	names, err := s.d.Store.RecordNames(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := make([]Named, len(list))
	for i, v := range list {
		out[i] = Named{v, names[v.Subject]}
	}
	return out, nil
}

// Picture is a photo with its bytes.
type Picture struct {
	Photo
	Data []byte
}

// Pictures are the photos of an activity that the actor may see.
func (s *Service) Pictures(ctx context.Context, a crm.Actor, id crm.ActivityID) ([]Picture, error) {
	if _, err := s.See(ctx, a, id); err != nil {
		return nil, err
	}
	list, err := s.d.Store.PhotosOf(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Picture
	for _, p := range list {
		data, err := s.d.Store.PhotoData(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		if data != nil {
			out = append(out, Picture{p, data})
		}
	}
	return out, nil
}

// Attach ties a kept photo to an own visit. A photo that another activity
// already shows is attached all the same and noted for the manager (V-02).
func (s *Service) Attach(ctx context.Context, a crm.Actor, photo int64, id crm.ActivityID) (Seen, error) {
	p, err := s.d.Store.Photo(ctx, photo)
	if err != nil {
		return Seen{}, err
	}
	if p.User != a.ID {
		return Seen{}, notMine("这不是您发的照片", "you did not send this photo")
	}
	return s.amend(ctx, a, id, "activity.photo", func(ctx context.Context, act *Activity) (bool, error) {
		if until := s.photoUntil(ctx, *act); s.d.Clock.Now().After(until) {
			return false, crm.Refused("V-01", "照片要在 "+s.moment(until)+" 前补", "the photo had to be added by "+s.moment(until)).WithNext("下次请在拜访后尽快发送照片", "next time send it soon after the visit")
		}
		if act.Photos >= maxPhotos {
			return false, crm.Refused("V-01", fmt.Sprintf("一次拜访最多 %d 张照片", maxPhotos), fmt.Sprintf("a visit takes at most %d photos", maxPhotos))
		}
		ok, err := s.d.Store.AttachPhoto(ctx, photo, id)
		if err != nil || !ok {
			return false, err
		}
		same, err := s.d.Store.SamePhoto(ctx, p.Hash, id)
		if err != nil {
			return false, err
		}
		if same != 0 {
			if err := s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "activity.same_photo", Ref: id.Ref(), Rule: "V-02", Detail: map[string]any{"other": same.String()}}); err != nil {
				return false, err
			}
		}
		act.Photos++
		return true, nil
	})
}
