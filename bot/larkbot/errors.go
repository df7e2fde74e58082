package larkbot

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
)

// Error is the platform's refusal of a request. It keeps codes and places,
// never the text that was refused.
type Error struct {
	API  string
	HTTP int
	// Code is the platform's code, zero if the answer had none.
	Code int
	// Sub, Path and Reason are the details of a refused card (code 230099).
	Sub          int
	Path, Reason string
	// Scopes are the permissions of which the app lacks one (code 99991672).
	Scopes []string
	// Wait is what the platform asks to wait, zero if it does not say.
	Wait time.Duration
}

// Error names the request and the codes.
func (e *Error) Error() string {
	s := fmt.Sprintf("lark %s: HTTP %d, code %d", e.API, e.HTTP, e.Code)
	if e.Sub != 0 {
		s += fmt.Sprintf(", card error %d at %s: %s", e.Sub, e.Path, e.Reason)
	}
	if len(e.Scopes) > 0 {
		s += ", missing one of " + strings.Join(e.Scopes, " ")
	}
	return s
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// cardDetail reads "ext=ErrCode: 200550; ErrPath: ROOT -> elements; ErrMsg: …; ErrorValue: …".
// ErrorValue repeats the card's own text and is left out.
var cardDetail = regexp.MustCompile(`ErrCode:\s*(\d+)(?:;\s*ErrPath:\s*([^;]{0,200}))?(?:;\s*ErrMsg:\s*([^;]{0,200}))?`)

// scopeList reads "One of the following scopes is required: [im:chat, im:chat:readonly]".
var scopeList = regexp.MustCompile(`scopes? (?:is|are) required: \[([A-Za-z0-9_.:, -]{1,1000})\]`)

// noScope is the code for a permission that the app lacks.
const noScope = 99991672

func newError(api string, status, code int, msg string, wait time.Duration) *Error {
	e := &Error{API: api, HTTP: status, Code: code, Wait: wait}
	if m := cardDetail.FindStringSubmatch(msg); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			e.Sub, e.Path, e.Reason = n, strings.TrimSpace(m[2]), strings.TrimSpace(m[3])
		}
	}
	if m := scopeList.FindStringSubmatch(msg); m != nil && code == noScope {
		for _, s := range strings.Split(m[1], ",") {
			e.Scopes = append(e.Scopes, strings.TrimSpace(s))
		}
	}
	return e
}

func (e *Error) tokenRefused() bool {
	switch e.Code {
	case 99991661, 99991663, 99991664, 99991665, 99991668, 99991671, noScope, 99991677:
		return e.Code != noScope // a missing permission of the app, not of the token
	}
	return false
}

// verdict is what a refusal means for the message.
type verdict int

const (
	retry      verdict = iota // wait and send the same again
	refused                   // this will never be accepted
	badCard                   // this card will not be accepted, a simpler one may
	sensitive                 // the words are not accepted, others may be
	personGone                // nothing reaches this person any more
	chatGone                  // the chat is gone, or the bot is not in it
	tooOld                    // the message cannot be updated any more
	locked                    // the card is being pressed: update it a little later
	misset                    // somebody must mend the app's settings
)

// verdicts is the table of lark.md §5.3. Codes that it lacks are refused when
// the platform says that the request is wrong, and tried again otherwise.
var verdicts = map[int]verdict{
	99991400: retry, 230020: retry, 230049: retry, 11232: retry, 11233: retry,
	230001: refused, 230015: refused, 230017: refused, 230018: refused, 230019: refused, 230034: refused, 230035: refused, 230036: refused, 230038: refused,
	230054: refused, 230055: refused, 230075: refused, 99992351: refused, 99992361: refused, 99992402: refused,
	230025: badCard, 230099: badCard, 200621: badCard, 200861: badCard,
	230022: sensitive, 230028: sensitive,
	230013: personGone, 230029: personGone, 230053: personGone,
	230002: chatGone, 232009: chatGone,
	230011: tooOld, 230110: tooOld, 230031: tooOld,
	230006: misset, 230027: misset, 99991401: misset, 99991403: misset, noScope: misset,
	10003: misset, 10014: misset,
}

func (e *Error) verdict() verdict {
	if e.Code == 230099 && e.Sub == 11310 && strings.Contains(e.Reason, "lock") {
		return locked
	}
	if v, ok := verdicts[e.Code]; ok {
		return v
	}
	if e.HTTP == http.StatusTooManyRequests || e.HTTP >= 500 || e.Code == 0 {
		return retry
	}
	if e.tokenRefused() {
		return retry
	}
	return refused
}

// Waits where the platform names none.
const (
	retryWait  = time.Second
	lockedWait = time.Second
	missetWait = 5 * time.Minute
)

// outcome turns an error into what the outbox understands: a wait, a failure
// for good, or an error that its own backoff handles.
func outcome(err error) error {
	e := asError(err)
	if e == nil {
		return err
	}
	wait := func(d time.Duration) error {
		return &bot.RetryAfter{Wait: d + rand.N(d/2+1), Err: err}
	}
	switch e.verdict() {
	case retry:
		if e.Wait > 0 {
			return wait(e.Wait)
		}
		if e.HTTP == http.StatusTooManyRequests || e.Code == 230020 || e.Code == 99991400 || e.Code == 230049 {
			return wait(retryWait)
		}
		return err
	case locked:
		return wait(lockedWait)
	case misset:
		return wait(missetWait)
	}
	return fmt.Errorf("%w: %w", bot.ErrPermanent, err)
}
