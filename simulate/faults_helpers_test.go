package simulate_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/drystart/drystart/simulate/internal/faulty"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// pullers are nodes each of which pulls in a way of its own.
var pullers = []simulate.Node{
	{},
	{Runtime: "containerd", RuntimeVersion: "1.7.34"},
	{Runtime: "containerd", RuntimeVersion: "2.0.11"},
	{Runtime: "cri-o", RuntimeVersion: "1.36.3"},
}

// everywhere is one outcome on all pullers.
func everywhere(outcome string) []string { return slices.Repeat([]string{outcome}, len(pullers)) }

// undecided is the outcome that is not known because of an error of that kind.
func undecided(kind error) []string { return everywhere("undecided: " + kind.Error()) }

// outcomeOf says in one line what became of a Pod's only container: "Started", the
// failure's reason and message, or why it is undecided.
func outcomeOf(outcome simulate.Outcome) string {
	c := outcome.Containers[0]
	switch {
	case c.Verdict == simulate.Started:
		return "Started"
	case c.Verdict == simulate.Failed:
		return c.Failure.Reason + ": " + c.Failure.Message
	case c.Verdict != simulate.Undecided:
		return c.Verdict.String()
	}
	kinds := []error{
		context.Canceled,
		imageconfig.ErrNotFound, imageconfig.ErrUnauthorized, imageconfig.ErrNotHeld,
		imageconfig.ErrNoPlatform, imageconfig.ErrInvalid, imageconfig.ErrUnreachable,
	}
	for _, kind := range kinds {
		if errors.Is(c.Undecided, kind) {
			return "undecided: " + kind.Error()
		}
	}
	return "undecided: of no kind: " + c.Undecided.Error()
}

// A dialer counts the connections that its transport has not closed.
type dialer struct {
	*http.Transport
	open atomic.Int64
}

func newDialer() *dialer {
	d := &dialer{}
	d.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		d.open.Add(1)
		return &counted{Conn: connection, open: &d.open}, nil
	}}
	return d
}

type counted struct {
	net.Conn
	open   *atomic.Int64
	closed atomic.Bool
}

func (c *counted) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// layerOf returns a layer of these entries: a file's content, or nothing for a
// directory.
func layerOf(t testing.TB, files map[string]string) v1.Layer {
	t.Helper()
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for name, body := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return static.NewLayer(stream.Bytes(), types.OCIUncompressedLayer)
}

// layered returns an image for linux/amd64 of these layers.
func layered(t testing.TB, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: config})
	if err == nil {
		image, err = mutate.AppendLayers(image, layers...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// sample returns an image that starts on every node once all of it was read: its
// user is in one layer, its command in the other.
func sample(t testing.TB) v1.Image {
	t.Helper()
	return layered(t, v1.Config{User: "app", Entrypoint: []string{"/bin/tool"}},
		layerOf(t, map[string]string{"etc/passwd": "app:x:1000:1000::/:/bin/sh\n", "etc/group": "app:x:1000:\n"}),
		layerOf(t, map[string]string{"bin/tool": "#!\n"}))
}

// indexed returns an index of an image for one platform.
func indexed(image v1.Image, platform string) v1.ImageIndex {
	os, arch, _ := strings.Cut(platform, "/")
	return mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add:        image,
		Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: arch}},
	})
}

// serveFaulty starts a registry for one test.
func serveFaulty(t testing.TB, plan faulty.Plan, guarded bool) *faulty.Registry {
	t.Helper()
	registry := faulty.Serve(plan, guarded)
	t.Cleanup(registry.Close)
	return registry
}

// pushed pushes to a registry and returns the reference.
func pushed(t testing.TB, to *faulty.Registry, path string, what remote.Taggable) string {
	t.Helper()
	if err := to.Push(path, what); err != nil {
		t.Fatal(err)
	}
	return to.Host + "/" + path
}
