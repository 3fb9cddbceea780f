package imageconfig_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// A layer that is wrong is given up at once, though its registry goes on without
// sending anything.
func TestStalledLayer(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	answers := liar{}
	layer := v1.Descriptor{MediaType: types.OCIUncompressedLayer, Size: 1 << 30, Digest: hashOf(nil)}
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, hashOf(nil)))
	answers.tag(manifestOf(t, config, layer), types.OCIManifestSchema1)
	answers["/blobs/"+layer.Digest.String()] = content{write: func(w io.Writer) error {
		_, err := w.Write(bytes.Repeat([]byte("no tar"), 1000))
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		<-done
		return err
	}}
	host := serve(t, answers)
	t.Cleanup(func() { close(done) })
	files := filesOf(t, find(t, &imageconfig.Registry{}, host+"/app"))
	_, err := files.Open("etc/passwd")
	wantKind(t, err, imageconfig.ErrInvalid)
}
