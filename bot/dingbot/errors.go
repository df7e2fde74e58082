package dingbot

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"crmbot/bot"
)

// Error is the platform's refusal of a request. It keeps codes and permissions,
// never the text that was refused.
type Error struct {
	API  string
	HTTP int
	// Code is the new API's word or the old API's number, "" if the answer had
	// neither: a page of some proxy, or nothing.
	Code string
	// Scopes are the permissions that the app lacks.
	Scopes []string
	// Wait is what the platform asks to wait, zero if it does not say.
	Wait time.Duration
}

// Error names the request and the code.
func (e *Error) Error() string {
	s := fmt.Sprintf("dingtalk %s: HTTP %d, code %s", e.API, e.HTTP, e.Code)
	if len(e.Scopes) > 0 {
		s += ", missing permissions " + strings.Join(e.Scopes, " ")
	}
	return s
}

// Codes of the old API that the doctor tells apart.
const (
	noScope   = "60011"
	notListed = "60020" // the caller's address is not on the app's whitelist
)

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// verdict is what a refusal means for the message.
type verdict int

const (
	retry      verdict = iota // wait and send the same again
	throttled                 // too fast: wait a little longer
	noQuota                   // the month's calls are used up
	badToken                  // get a new token and send again
	exists                    // it was sent before
	refused                   // this will never be accepted
	badCard                   // this card will not be accepted, a simpler one may
	noTemplate                // cards of this template are not accepted
	sensitive                 // the words are not accepted
	personGone                // nothing reaches this person any more
	chatGone                  // the chat is gone, or the bot is not in it
	noSession                 // the session webhook does not work any more
	misset                    // somebody must mend the app's settings
)

// verdicts is the table of dingtalk.md §5.3. Codes that it lacks are refused
// when the platform says that the request is wrong, and tried again otherwise.
var verdicts = map[string]verdict{
	"InvalidAuthentication": badToken, "40014": badToken, "42001": badToken,
	"system.busy": retry, "unknown.send.result": retry, "-1": retry, "ServiceUnavailable": retry, "InternalError": retry,
	"90018": throttled, "90002": throttled, "90005": throttled, "send.too.fast": throttled, "410100": throttled, "1111": throttled,
	"90020":                  noQuota,
	"param.cardAlreadyExist": exists,
	"param.templateNotExist": noTemplate, "param.templateUnpublished": noTemplate,
	"param.contentUnsafe": sensitive, "430101": sensitive, "430102": sensitive, "430103": sensitive, "430104": sensitive,
	"param.invalid": badCard, "invalidParameter.msgParam.tooLong": badCard, "invalidParameter.msgParam.invalid": badCard, "460101": badCard, "40035": badCard,
	"param.cardNotExist": refused,
	"33012":              personGone, "60121": personGone, "param.userIdNotExist": personGone,
	"param.openSpaceIdInvalid": chatGone, "invalid.openConversationId": chatGone, "group.disbanded": chatGone, "resource.not.found": chatGone, "bot.stopped": chatGone, "400013": chatGone,
	"400102": chatGone, "400106": chatGone,
	"300001":                              noSession,
	"invalidClientIdOrSecret":             misset,
	"invalidParameter.robotCode.notExsit": misset, "invalidParameter.robotCode.auth": misset, "param.openDeliverModelError": misset, noScope: misset, "88": misset, notListed: misset,
}

func (e *Error) verdict() verdict {
	if v, ok := verdicts[e.Code]; ok {
		return v
	}
	switch {
	case strings.Contains(e.Code, "ApiCountLimit"):
		return noQuota
	case strings.Contains(e.Code, "QpsLimit"), strings.Contains(e.Code, "QpmLimit"), e.HTTP == http.StatusTooManyRequests:
		return throttled
	case strings.HasPrefix(e.Code, "Forbidden.AccessDenied"):
		return misset
	case e.HTTP >= 500, e.Code == "":
		return retry
	}
	return refused
}

// Waits where the platform names none.
const (
	throttledWait = time.Second
	quotaWait     = time.Hour
	missetWait    = 5 * time.Minute
)

// outcome turns an error into what the outbox understands: a wait, a failure
// for good, or an error that its own backoff handles.
func outcome(err error) error {
	e := asError(err)
	if e == nil || errors.Is(err, bot.ErrPermanent) {
		return err
	}
	wait := func(d time.Duration) error {
		return &bot.RetryAfter{Wait: d + rand.N(d/2+1), Err: err}
	}
	switch e.verdict() {
	case retry, badToken:
		if e.Wait > 0 {
			return wait(e.Wait)
		}
		return err
	case throttled:
		return wait(max(e.Wait, throttledWait))
	case noQuota:
		return wait(quotaWait)
	case misset:
		return wait(missetWait)
	}
	return fmt.Errorf("%w: %w", bot.ErrPermanent, err)
}

// unclear reports whether a failed request may have taken effect.
func unclear(err error) bool {
	e := asError(err)
	if e == nil {
		return err != nil && !errors.Is(err, bot.ErrPermanent) && !errors.Is(err, bot.ErrBusy)
	}
	return e.verdict() == retry
}
