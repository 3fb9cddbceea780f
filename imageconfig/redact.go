package imageconfig

import (
	"errors"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A scrubbedError is an error without what is secret: not in its text, and not
// in what it unwraps to.
type scrubbedError struct {
	text  string
	cause error
}

func (e *scrubbedError) Error() string { return e.text }
func (e *scrubbedError) Unwrap() error { return e.cause }

// scrubbed takes credentials out of an error, whoever has put them there: a
// registry may answer with what it was sent, and an address that a registry
// redirects to is a credential itself.
func scrubbed(err error, secrets []string) error {
	clean := &scrubbedError{text: scrub(describeRequest(err), secrets)}
	var answer *transport.Error
	var failed *url.Error
	var handshake *handshakeError
	switch {
	case errors.As(err, &answer): // it has the request's headers
	case errors.As(err, &failed):
		clean.cause = failed.Err
	case !errors.As(err, &handshake): // it may have a token server's answer
		clean.cause = err
	}
	return clean
}

func scrub(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	return text
}

// describeRequest returns the text of a request's error. Of an address it has
// neither the query nor the user, of an answer only the registry's own words.
func describeRequest(err error) string {
	var answer *transport.Error
	var failed *url.Error
	switch {
	case errors.As(err, &answer):
		return describeAnswer(answer)
	case errors.As(err, &failed):
		address, parseErr := url.Parse(failed.URL)
		if parseErr != nil {
			return failed.Op + ": " + describeRequest(failed.Err)
		}
		return failed.Op + " " + bare(address) + ": " + describeRequest(failed.Err)
	default:
		text, _, _ := strings.Cut(err.Error(), "\n") // a token server's answer follows
		return text
	}
}

func bare(address *url.URL) string {
	return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}).String()
}
