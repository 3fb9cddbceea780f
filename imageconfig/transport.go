package imageconfig

import (
	"io"
	"net/http"
	"path"
)

// A boundedTransport bounds what a registry may answer where the whole answer is
// held in memory: everything but blobs.
type boundedTransport struct{ base http.RoundTripper }

func (t *boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(request)
	if err != nil || isBlob(request) {
		return response, err
	}
	response.Body = &boundedBody{ReadCloser: response.Body, url: request.URL.Redacted(), left: maxDocumentBytes}
	return response, nil
}

// isBlob reports whether a request is one for a blob: to the registry's own
// address for it or to where the registry sent the request.
func isBlob(request *http.Request) bool {
	// The request that the redirects began with.
	for request.Response != nil && request.Response.Request != nil {
		request = request.Response.Request
	}
	return path.Base(path.Dir(request.URL.Path)) == "blobs"
}

type boundedBody struct {
	io.ReadCloser
	url  string
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return n, invalid("the answer of %s has more than %d bytes", b.url, maxDocumentBytes)
	}
	return n, err
}
