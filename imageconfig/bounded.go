package imageconfig

import (
	"io"
	"net/http"
)

// A boundedTransport bounds answers that are read to their end unseen: those to
// a greeting.
type boundedTransport struct{ base http.RoundTripper }

func (t *boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{response.Body, io.LimitReader(response.Body, maxDocumentBytes)}
	return response, nil
}

type boundedBody struct {
	io.Closer
	io.Reader
}
