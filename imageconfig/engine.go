package imageconfig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// newestAPI is the highest 1.x of the Docker API that is asked for: above it
	// nothing is needed, and inspecting costs more.
	newestAPI = 52
	// platformAPI is the lowest 1.x that inspects an image for a platform. Saving
	// one is older.
	platformAPI = 49
)

// An engine is a daemon that has answered.
type engine struct {
	client *http.Client
	base   url.URL
	minor  int // the x of the API's version 1.x
	podman bool
}

// connect asks which version of the API the daemon speaks. No connection stays
// open after a request: a Daemon has nothing to close.
func (d Daemon) connect(ctx context.Context) (*engine, error) {
	transport, base, err := d.transport()
	if err != nil {
		return nil, err
	}
	e := &engine{base: base, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	header, body, err := e.get(ctx, "/_ping", nil, ErrUnreachable)
	if err != nil {
		return nil, err
	}
	if err := body.Close(); err != nil {
		return nil, err
	}
	version := header.Get("Api-Version")
	minor, err := strconv.Atoi(strings.TrimPrefix(version, "1."))
	if err != nil || !strings.HasPrefix(version, "1.") || minor < 0 {
		return nil, fmt.Errorf("%s is no container daemon: it speaks the API version %q", base.Host, version)
	}
	e.minor, e.podman = min(minor, newestAPI), header.Get("Libpod-Api-Version") != ""
	e.base = *base.JoinPath("v1." + strconv.Itoa(e.minor))
	return e, nil
}

// platformQuery returns the query for a platform; nil if the daemon knows none.
func (e *engine) platformQuery(platform v1.Platform) url.Values {
	wanted := normalize(platform)
	if e.minor < platformAPI || wanted.os == "" || wanted.arch == "" {
		return nil
	}
	text, err := json.Marshal(v1.Platform{OS: wanted.os, Architecture: wanted.arch, Variant: wanted.variant})
	if err != nil {
		return nil
	}
	return url.Values{"platform": {string(text)}}
}

// inspect asks for an image's config.
func (e *engine) inspect(ctx context.Context, name string, query url.Values) (found inspection, err error) {
	_, body, err := e.get(ctx, "/images/"+name+"/json", query, ErrNotHeld)
	if err != nil {
		return inspection{}, err
	}
	defer func() { err = firstError(err, body.Close()) }()
	content, err := io.ReadAll(&boundedStream{ReadCloser: body, left: maxDocumentBytes})
	if err != nil {
		return inspection{}, err
	}
	if err := json.Unmarshal(content, &found); err != nil {
		return inspection{}, invalid("the daemon's answer: %w", err)
	}
	return found, nil
}

// save asks for the archive of an image.
func (e *engine) save(ctx context.Context, query url.Values) (io.ReadCloser, error) {
	_, body, err := e.get(ctx, "/images/get", query, ErrNotHeld)
	return body, err
}

// get makes a request. Only the status 200 is an answer; the status 404 is an
// error of the kind missing.
func (e *engine) get(ctx context.Context, path string, query url.Values, missing error) (http.Header, io.ReadCloser, error) {
	at := e.base
	at.Path += path
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	answer, err := e.client.Do(request)
	if err != nil {
		return nil, nil, engineError(ctx, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, nil, firstError(refusal(ctx, answer, missing), answer.Body.Close())
	}
	return answer.Header, &engineBody{ReadCloser: answer.Body, ctx: ctx}, nil
}

// refusal returns what a status other than 200 means, in the daemon's words.
func refusal(ctx context.Context, answer *http.Response, missing error) error {
	var said struct{ Message string }
	content, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return engineError(ctx, err)
	}
	if json.Unmarshal(content, &said) != nil || said.Message == "" {
		said.Message = answer.Status
	}
	kind := ErrUnreachable
	if answer.StatusCode == http.StatusNotFound {
		kind = missing
	}
	return &Error{Kind: kind, Err: fmt.Errorf("the daemon says: %s", said.Message)}
}

// engineError returns why a daemon has not answered to the end.
func engineError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return &Error{Kind: ErrUnreachable, Err: err}
}

// An engineBody tells a daemon that breaks off from an answer that is wrong.
type engineBody struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // lives as long as the request
}

func (b *engineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = engineError(b.ctx, err)
	}
	return n, err
}

// A boundedStream fails once it is too long.
type boundedStream struct {
	io.ReadCloser
	left int64
}

func (b *boundedStream) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.left = -1
		return n, invalid("the daemon's answer is longer than it can be")
	}
	return n, err
}
