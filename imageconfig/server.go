package imageconfig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A server is one host that has been greeted.
type server struct {
	registry  name.Registry
	transport http.RoundTripper
	challenge *transport.Challenge
	// remembered is whether another run has greeted it.
	remembered bool
}

// server greets the server of an endpoint, once for all. One that an earlier run
// has greeted is taken to be as it was.
func (c *client) server(ctx context.Context, endpoint Endpoint) (*server, error) {
	address, err := url.Parse(endpoint.URL)
	if err != nil {
		return nil, err
	}
	return c.servers.do(ctx, serverKey(address, endpoint), func(ctx context.Context) (*server, error) {
		return c.newServer(ctx, endpoint, address)
	})
}

func serverKey(address *url.URL, endpoint Endpoint) string {
	return fmt.Sprint(address.Scheme, "://", address.Host, " ", endpoint.HTTPFallback)
}

// newServer finds out which scheme a server speaks and how it authorises.
func (c *client) newServer(ctx context.Context, endpoint Endpoint, address *url.URL) (*server, error) {
	options := []name.Option{name.WeakValidation}
	if address.Scheme == "http" || endpoint.HTTPFallback {
		options = append(options, name.Insecure)
	}
	registry, err := name.NewRegistry(address.Host, options...)
	if err != nil {
		return nil, err
	}
	base, err := c.transportOf(endpoint)
	if err != nil {
		return nil, err
	}
	s := &server{registry: registry, transport: &endpointTransport{base, endpoint, address}}
	key := serverKey(address, endpoint)
	if s.challenge = c.kept.challenge(key); s.challenge != nil {
		s.remembered = true
		return s, nil
	}
	if err := s.greet(ctx); err != nil {
		return nil, err
	}
	c.kept.putChallenge(key, s.challenge)
	return s, nil
}

// forget has the server of an endpoint greeted anew, if it was not in this run.
func (c *client) forget(at site, of *server) bool {
	if !of.remembered {
		return false
	}
	address, err := url.Parse(at.endpoint.URL)
	if err != nil {
		return false
	}
	key := serverKey(address, at.endpoint)
	c.kept.putChallenge(key, nil)
	c.servers.drop(key)
	c.sessions.drop(keyOf(at))
	return true
}

func (s *server) greet(ctx context.Context) (err error) {
	s.challenge, err = transport.Ping(ctx, s.registry, &boundedTransport{s.transport})
	if err != nil {
		s.challenge, err = open(err)
	}
	if err != nil {
		return &handshakeError{err}
	}
	return nil
}

// scheme returns what the server speaks.
func (s *server) scheme() string {
	if s.challenge.Insecure {
		return "http"
	}
	return "https"
}

// open takes a server that has no greeting, but answers, for one that asks for
// nothing: a file server has no /v2/.
func open(err error) (*transport.Challenge, error) {
	var answer *transport.Error
	if !errors.As(err, &answer) || answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.Request == nil {
		return nil, err
	}
	return &transport.Challenge{Insecure: answer.Request.URL.Scheme == "http"}, nil
}

// transportOf returns the transport with an endpoint's TLS settings.
func (c *client) transportOf(endpoint Endpoint) (http.RoundTripper, error) {
	if endpoint.TLS == nil {
		return c.transport, nil
	}
	base, ok := c.base.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("%s has TLS settings, which a transport of type %T does not take", endpoint.URL, c.base)
	}
	own := base.Clone()
	own.TLSClientConfig = endpoint.TLS
	return c.careful(own), nil
}

// A handshakeError is a failure before anything was asked about an image.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// An endpointTransport sends an endpoint's headers to the endpoint alone, and
// speaks no other scheme with it than it has.
type endpointTransport struct {
	base     http.RoundTripper
	endpoint Endpoint
	address  *url.URL
}

func (t *endpointTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host != t.address.Host {
		return t.base.RoundTrip(request)
	}
	if t.address.Scheme != "" && request.URL.Scheme != t.address.Scheme && !t.endpoint.HTTPFallback {
		return nil, fmt.Errorf("%s is asked over %s only", t.address.Host, t.address.Scheme)
	}
	if len(t.endpoint.Header) > 0 {
		request = request.Clone(request.Context())
		for key, values := range t.endpoint.Header {
			request.Header[key] = slices.Clone(values)
		}
	}
	return t.base.RoundTrip(request)
}
