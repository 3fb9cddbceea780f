package imageconfig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// registryError tells the answers of a registry apart.
func registryError(ctx context.Context, err error, secrets []string) *Error {
	if ctx.Err() != nil {
		return &Error{Kind: ErrUnreachable, Err: context.Cause(ctx)}
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	made := &Error{Kind: ErrUnreachable, Err: scrubbed(err, secrets)}
	var answer *transport.Error
	if errors.As(err, &answer) {
		made.Kind = kindOf(answer.StatusCode, err)
		made.Answer = scrub(wordsOf(answer), secrets)
	}
	return made
}

// kindOf returns what a status says about an image. That there is none says only
// an answer about the image: not one to a greeting, nor a token server's.
func kindOf(status int, err error) error {
	var handshake *handshakeError
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrUnauthorized
	case status == http.StatusNotFound && !errors.As(err, &handshake):
		return ErrNotFound
	default:
		return ErrUnreachable
	}
}

// wordsOf returns a registry's first error as clients print it: its code in
// words, and its message.
func wordsOf(answer *transport.Error) string {
	if len(answer.Errors) == 0 {
		return ""
	}
	first := answer.Errors[0]
	return strings.ToLower(strings.ReplaceAll(string(first.Code), "_", " ")) + ": " + first.Message
}

// describeAnswer returns what a server answered to which request.
func describeAnswer(answer *transport.Error) string {
	text := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	if request := answer.Request; request != nil {
		text = request.Method + " " + bare(request.URL) + ": " + text
	}
	if words := wordsOf(answer); words != "" {
		text += ": " + words
	}
	return text
}

// missing turns "not found" into "not valid": the image is there, a part of it
// is not.
func missing(err error) error {
	var known *Error
	if errors.As(err, &known) && errors.Is(known.Kind, ErrNotFound) {
		copied := *known
		copied.Kind = ErrInvalid
		return &copied
	}
	return err
}
