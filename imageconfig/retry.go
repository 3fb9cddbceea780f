package imageconfig

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// attempts is how often a request is made at the most.
const attempts = 3

// A retryTransport makes a request again that the registry could not answer for
// the moment: after the time that it asks for, else after half a second, then
// one. It waits no longer than the request's context lasts, and at most a minute.
type retryTransport struct{ base http.RoundTripper }

func (t *retryTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		response, err := t.base.RoundTrip(request)
		if err != nil || attempt == attempts || !temporary(response.StatusCode) || request.Body != nil {
			return response, err
		}
		wait := pause(response.Header.Get("Retry-After"), attempt)
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		if err := sleep(request.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// temporary reports whether a status says that another attempt may succeed.
func temporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// pause returns how long to wait before the next attempt.
func pause(retryAfter string, attempt int) time.Duration {
	wait := time.Duration(attempt) * 500 * time.Millisecond
	if seconds, err := strconv.Atoi(retryAfter); err == nil && seconds >= 0 {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(retryAfter); err == nil {
		wait = max(0, time.Until(at))
	}
	return min(wait, time.Minute)
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
