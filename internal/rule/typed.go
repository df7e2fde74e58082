package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// Int is a setting that is a whole number within bounds.
type Int struct {
	Key      string
	Title    crm.Text
	Unit     crm.Text
	Default  int64
	Min, Max int64
}

// Def is the definition for the book.
func (k Int) Def() Def {
	return Def{Key: k.Key, Title: k.Title, Unit: k.Unit, Default: strconv.FormatInt(k.Default, 10), Form: Form{Kind: NumberForm, Min: k.Min, Max: k.Max}, Check: func(s string) error {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil || n < k.Min || n > k.Max {
			return crm.Invalid(fmt.Sprintf("%s 需要 %d 到 %d 的整数，收到“%s”", k.Key, k.Min, k.Max, s),
				fmt.Sprintf("%s takes a whole number from %d to %d, got “%s”", k.Key, k.Min, k.Max, s))
		}
		return nil
	}}
}

// Of is the value in force.
func (k Int) Of(ctx context.Context, b *Book, scopes ...Scope) int64 {
	n, _ := k.With(ctx, b, scopes...)
	return n
}

// With is the value in force and its version (zero: the default).
func (k Int) With(ctx context.Context, b *Book, scopes ...Scope) (int64, int64) {
	v, id := b.Value(ctx, k.Key, scopes...)
	n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
	if err != nil {
		return k.Default, 0
	}
	return n, id
}

// Bool is a setting that is on or off.
type Bool struct {
	Key     string
	Title   crm.Text
	Default bool
}

// Def is the definition for the book.
func (k Bool) Def() Def {
	return Def{Key: k.Key, Title: k.Title, Default: strconv.FormatBool(k.Default), Form: Form{Kind: SwitchForm}, Check: func(s string) error {
		if _, ok := parseBool(s); !ok {
			return crm.Invalid(k.Key+" 需要 开 或 关", k.Key+" takes on or off")
		}
		return nil
	}}
}

// Of is the value in force.
func (k Bool) Of(ctx context.Context, b *Book, scopes ...Scope) bool {
	v, _ := b.Value(ctx, k.Key, scopes...)
	on, ok := parseBool(v)
	if !ok {
		return k.Default
	}
	return on
}

func parseBool(s string) (on, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "on", "1", "开", "是":
		return true, true
	case "false", "off", "0", "关", "否":
		return false, true
	}
	return false, false
}

// Clock is a setting that is a time of day, "17:30".
type Clock struct {
	Key     string
	Title   crm.Text
	Default string
}

// Def is the definition for the book.
func (k Clock) Def() Def {
	return Def{Key: k.Key, Title: k.Title, Default: k.Default, Form: Form{Kind: TimeForm}, Check: func(s string) error {
		if _, err := time.Parse("15:04", strings.TrimSpace(s)); err != nil {
			return crm.Invalid(k.Key+" 需要时间，如 17:30", k.Key+" takes a time of day such as 17:30")
		}
		return nil
	}}
}

// Of is the value in force as hours and minutes.
func (k Clock) Of(ctx context.Context, b *Book, scopes ...Scope) (hour, minute int) {
	v, _ := b.Value(ctx, k.Key, scopes...)
	t, err := time.Parse("15:04", strings.TrimSpace(v))
	if err != nil {
		t, _ = time.Parse("15:04", k.Default)
	}
	return t.Hour(), t.Minute()
}

// JSON is a setting with structure, such as an approval flow. Valid reports
// what is wrong with a decoded value; nil accepts everything that decodes.
type JSON[T any] struct {
	Key     string
	Title   crm.Text
	Default T
	Valid   func(T) error
	// Brief is how people write it; nil: as JSON.
	Brief *Brief[T]
}

// Def is the definition for the book.
func (k JSON[T]) Def() Def {
	raw, err := json.Marshal(k.Default)
	if err != nil {
		raw = []byte("null") // a default that cannot be encoded fails its own check below
	}
	d := Def{Key: k.Key, Title: k.Title, Default: string(raw), Form: Form{Kind: StructureForm}}
	if k.Brief != nil {
		d.Form.Help, d.short, d.long = k.Brief.Help, k.Brief.short, k.Brief.long
	}
	d.Check = func(s string) error {
		var v T
		dec := json.NewDecoder(strings.NewReader(s))
		dec.DisallowUnknownFields()
		err := dec.Decode(&v)
		if err == nil {
			if _, end := dec.Token(); !errors.Is(end, io.EOF) {
				err = errors.New("there is something behind the value")
			}
		}
		if err != nil {
			what := fault(s, err)
			return crm.Invalid(k.Key+" 的内容不是有效的 JSON："+what.Zh, k.Key+" is not valid JSON: "+what.En)
		}
		if k.Valid != nil {
			return k.Valid(v)
		}
		return nil
	}
	return d
}

// Of is the value in force and its version (zero: the default).
func (k JSON[T]) Of(ctx context.Context, b *Book, scopes ...Scope) (T, int64) {
	raw, id := b.Value(ctx, k.Key, scopes...)
	var v T
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		return k.Default, 0
	}
	return v, id
}

// Read is Of for those who only read: all of them share one value, which is
// decoded once per change.
func (k JSON[T]) Read(ctx context.Context, b *Book, scopes ...Scope) (T, int64) {
	type decoded struct {
		raw string
		v   T
	}
	raw, id := b.Value(ctx, k.Key, scopes...)
	if x, ok := b.decoded.Load(k.Key); ok {
		if d, ok := x.(decoded); ok && d.raw == raw {
			return d.v, id
		}
	}
	v, id := k.Of(ctx, b, scopes...)
	b.decoded.Store(k.Key, decoded{raw, v})
	return v, id
}

func (b *Book) define(d Def) error {
	if d.Key == "" || d.Title.Zh == "" || d.Title.En == "" {
		return fmt.Errorf("setting %q needs a key and a title in both languages", d.Key)
	}
	if _, dup := b.defs[d.Key]; dup {
		return fmt.Errorf("setting %q is defined twice", d.Key)
	}
	if d.Check != nil {
		if err := d.Check(d.Default); err != nil {
			return fmt.Errorf("setting %q: its default: %w", d.Key, err)
		}
	}
	b.defs[d.Key] = d
	b.order = append(b.order, d.Key)
	return nil
}
