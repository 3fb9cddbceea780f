package imageconfig

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// A limitTransport bounds how many requests to one host are under way. A request
// is, until its response's body is closed.
type limitTransport struct {
	base    http.RoundTripper
	perHost int
	hosts   sync.Map // of host to chan struct{}, as wide as the limit
}

func (t *limitTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	value, _ := t.hosts.LoadOrStore(request.URL.Host, make(chan struct{}, t.perHost))
	places := value.(chan struct{})
	select {
	case places <- struct{}{}:
	case <-request.Context().Done():
		return nil, context.Cause(request.Context())
	}
	leave := sync.OnceFunc(func() { <-places })
	response, err := t.base.RoundTrip(request)
	if err != nil {
		leave()
		return nil, err
	}
	response.Body = &limitedBody{response.Body, leave}
	return response, nil
}

type limitedBody struct {
	io.ReadCloser
	leave func()
}

func (b *limitedBody) Close() error {
	defer b.leave()
	return b.ReadCloser.Close()
}
