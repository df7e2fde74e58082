package crm

import (
	"errors"
	"fmt"
)

// Code classifies an error for the edge: what happens next depends on it.
type Code string

// The error codes.
const (
	CodeInvalid     Code = "invalid"     // the input cannot be understood or is out of range
	CodeNotFound    Code = "not_found"   // no such record, or none that the actor may know of
	CodeForbidden   Code = "forbidden"   // the actor has no right to do this
	CodeRefused     Code = "refused"     // a business rule says no
	CodeConflict    Code = "conflict"    // somebody else was faster, or the state moved on
	CodeStale       Code = "stale"       // the card or form is of an older version
	CodeDuplicate   Code = "duplicate"   // this event was already handled
	CodeTooMany     Code = "too_many"    // a technical limit: size, rate
	CodeUnavailable Code = "unavailable" // a dependency is down; trying again helps
	CodeInternal    Code = "internal"    // a defect
)

// Error is the one error type that people may see. Zh and En are complete
// sentences that name the rule, the numbers and the next possible step (CH-06);
// they never contain secrets. Cause is for logs only.
type Error struct {
	Code Code
	// Rule is the id of the business rule that decided, such as "P-04". Empty
	// when no rule did.
	Rule  string
	Text  Text
	Next  Text // the next possible step; may be empty
	Cause error
}

// Error is the English text with rule and cause, for logs and tests.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Rule != "" {
		s += " " + e.Rule
	}
	s += ": " + e.Text.En
	if e.Next.En != "" {
		s += "; " + e.Next.En
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Message is what the person reads.
func (e *Error) Message(l Lang) string {
	s := e.Text.In(l)
	if n := e.Next.In(l); n != "" {
		s += l.T("；", "; ") + n
	}
	if e.Rule != "" {
		s += l.T("（规则 "+e.Rule+"）", " (rule "+e.Rule+")")
	}
	return s
}

// WithNext adds the next possible step.
func (e *Error) WithNext(zh, en string) *Error {
	c := *e
	c.Next = Text{zh, en}
	return &c
}

// WithCause adds the cause.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.Cause = err
	return &c
}

// Invalid is input that cannot be understood.
func Invalid(zh, en string) *Error { return &Error{Code: CodeInvalid, Text: Text{zh, en}} }

// NotFound is a record that does not exist for this actor.
func NotFound(zh, en string) *Error { return &Error{Code: CodeNotFound, Text: Text{zh, en}} }

// Forbidden is a missing right.
func Forbidden(zh, en string) *Error { return &Error{Code: CodeForbidden, Text: Text{zh, en}} }

// Refused is a business rule's no.
func Refused(rule, zh, en string) *Error {
	return &Error{Code: CodeRefused, Rule: rule, Text: Text{zh, en}}
}

// Conflict is a race that somebody else won, or a state that moved on.
func Conflict(rule, zh, en string) *Error {
	return &Error{Code: CodeConflict, Rule: rule, Text: Text{zh, en}}
}

// Stale is an action on an older version than the present one.
func Stale(rule, zh, en string) *Error {
	return &Error{Code: CodeStale, Rule: rule, Text: Text{zh, en}}
}

// Internal wraps a defect or an unexpected failure of a dependency.
func Internal(err error) *Error {
	return &Error{Code: CodeInternal, Cause: err, Text: Text{"系统出错了，您的操作没有生效，请稍后重试", "something went wrong and nothing was changed; please try again later"}}
}

// CodeOf is the code of the first Error in the chain, CodeInternal for any
// other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// RuleOf is the rule id of the first Error in the chain, or "".
func RuleOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}

// MessageOf is what a person may read of any error.
func MessageOf(err error, l Lang) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message(l)
	}
	return Internal(err).Message(l)
}

// Forbid says that the actor's roles do not allow it and who could do it.
func Forbid(a Actor, needs ...Role) *Error {
	if a.Frozen {
		e := Forbidden("您的账号正在交接，只能查看自己的记录", "your account is being handed over; you can only read what is yours").WithNext("请联系您的经理", "please ask your manager")
		e.Rule = "HO-01"
		return e
	}
	zh, en := "", ""
	for i, r := range needs {
		if i > 0 {
			zh, en = zh+"、", en+", "
		}
		zh, en = zh+r.Name(Chinese), en+r.Name(English)
	}
	return Forbidden(fmt.Sprintf("您没有权限做这个操作，需要角色：%s", zh),
		fmt.Sprintf("you have no right to do this; it needs the role: %s", en)).WithNext("请找"+zh+"办理，职责有变可联系管理员", "ask one of them to do it, or an administrator to change your role")
}
