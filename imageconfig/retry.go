package imageconfig

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const (
	// attempts is how often a request is made at the most.
	attempts = 3
	// maxPause is how long an attempt is waited for at the most.
	maxPause = time.Minute
)

// A retryTransport makes a request again that the registry could not answer for
// the moment, or that the network lost: after the time that the registry asks
// for, else after half a second, then one. It waits no longer than the request's
// context lasts; for a registry that asks for more than a minute it does not
// wait at all.
type retryTransport struct{ base http.RoundTripper }

func (t *retryTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		response, err := t.base.RoundTrip(request)
		if attempt == attempts || request.Body != nil || !temporary(response, err) {
			return response, err
		}
		wait := pause(response, attempt)
		if wait > maxPause {
			return response, err
		}
		if response != nil {
			if err := response.Body.Close(); err != nil {
				return nil, err
			}
		}
		if err := sleep(request.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// temporary reports whether another attempt may succeed.
func temporary(response *http.Response, err error) bool {
	if err != nil {
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	switch response.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// pause returns how long to wait before the next attempt.
func pause(response *http.Response, attempt int) time.Duration {
	wait := time.Duration(attempt) * 500 * time.Millisecond
	if response == nil {
		return wait
	}
	asked := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(asked); err == nil && seconds >= 0 {
		return min(time.Duration(seconds), 2*maxPause/time.Second) * time.Second
	}
	if at, err := http.ParseTime(asked); err == nil {
		return max(0, time.Until(at))
	}
	return wait
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
