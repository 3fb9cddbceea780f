package imageconfig_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
)

// Images that are in use together and have the same layer read it once, however
// it is compressed, and at the same time too.
func TestSharedLayers(t *testing.T) {
	t.Parallel()
	stream := tarOf(t, file("etc/passwd", "root"), file("etc/group", "group"))
	plain := plainLayer(stream)
	packed := plain
	packed.blob = gzipped(t, stream)
	meter := &meter{FS: laidOut(t, plain), blob: hashOf(plain.blob).Hex}
	source := imageconfig.NewSharing(imageconfig.Layout{FS: meter}, nil, nil)
	var images []*imageconfig.Image
	for range 4 {
		images = append(images, find(t, source, "app:v1"))
	}
	var group sync.WaitGroup
	for _, image := range images {
		group.Go(func() {
			wantContent(t, filesOf(t, image), "etc/passwd", "root")
			wantContent(t, filesOf(t, image), "etc/group", "group")
		})
	}
	group.Wait()
	if meter.whole.Load() != int64(len(stream)) {
		t.Errorf("%d bytes were read of a layer of %d", meter.whole.Load(), len(stream))
	}
	// Another compression is another blob of the same layer.
	files := laidOut(t, packed)
	delete(files, "blobs/sha256/"+hashOf(packed.blob).Hex)
	for name, added := range files {
		meter.FS.(fstest.MapFS)[name] = added
	}
	wantContent(t, filesOf(t, find(t, source, "app:v1")), "etc/passwd", "root")
	runtime.KeepAlive(images)
}

// A layer is not the same in two places, or where another table of contents tells
// of it.
func TestNotShared(t *testing.T) {
	t.Parallel()
	hides := plainLayer(tarOf(t, file("a", "a"), whiteout(".wh.b")))
	lower := plainLayer(tarOf(t, file("b", "b")))
	stream := tarOf(t, file("etc/passwd", "root"))
	lies, _ := withTable(t, stream, []byte(`{"version":1,"entries":[{"type":"dir","name":"etc/passwd"}]}`))
	truth := plainLayer(stream)
	files := fstest.MapFS{}
	source := imageconfig.NewSharing(imageconfig.Layout{FS: files}, nil, nil)
	image := func(layers ...chunked) fs.FS {
		for name, added := range laidOut(t, layers...) {
			files[name] = added
		}
		return filesOf(t, find(t, source, "app:v1"))
	}
	lowest, above := image(hides), image(lower, hides)
	missing(t, lowest, "b", fs.ErrNotExist)
	missing(t, above, "b", fs.ErrNotExist)
	wantContent(t, image(hides, lower), "b", "b")
	if lied := image(lies); !lstat(t, lied, "etc/passwd").IsDir() {
		t.Error("the table of contents is not used")
	}
	wantContent(t, image(truth), "etc/passwd", "root")
	runtime.KeepAlive([]fs.FS{lowest, above})
}

// One reader's context ends; the next one reads the layer itself.
func TestCanceledReader(t *testing.T) {
	t.Parallel()
	stream := tarOf(t, file("etc/passwd", "root"))
	l := plainLayer(stream)
	gate := &gated{FS: laidOut(t, l), blob: hashOf(l.blob).Hex, opened: make(chan struct{}, 2), pass: make(chan struct{})}
	source := imageconfig.NewSharing(imageconfig.Layout{FS: gate}, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	first, err := find(t, source, "app:v1").Files(ctx)
	if err != nil {
		t.Fatal(err)
	}
	second := filesOf(t, find(t, source, "app:v1"))
	failed, content := make(chan error), make(chan error)
	go func() {
		_, err := first.Open("etc/passwd")
		failed <- err
	}()
	<-gate.opened // the first one reads
	go func() {
		got, err := fs.ReadFile(second, "etc/passwd")
		if err == nil && string(got) != "root" {
			err = fmt.Errorf("passwd is %q", got)
		}
		content <- err
	}()
	cancel()
	gate.pass <- struct{}{}
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the first reader has %v, want context.Canceled", err)
	}
	<-gate.opened // the second one reads
	gate.pass <- struct{}{}
	if err := <-content; err != nil {
		t.Errorf("the second reader has %v", err)
	}
}

// A gated lets a blob be read when it is told to.
type gated struct {
	fs.FS
	blob   string
	opened chan struct{}
	pass   chan struct{}
}

func (g *gated) Open(name string) (fs.File, error) {
	if name == "blobs/sha256/"+g.blob {
		g.opened <- struct{}{}
		<-g.pass
	}
	return g.FS.Open(name)
}

// Layers that no image uses are forgotten.
func TestForgottenLayers(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	source := imageconfig.NewSharing(imageconfig.Layout{FS: files}, nil, nil)
	for n := range 500 {
		for name, added := range laidOut(t, plainLayer(tarOf(t, file("etc/passwd", fmt.Sprint(n))))) {
			files[name] = added
		}
		wantContent(t, filesOf(t, find(t, source, "app:v1")), "etc/passwd", fmt.Sprint(n))
		if n%10 == 0 {
			runtime.GC()
		}
	}
	if n := source.Trees(); n > 100 {
		t.Errorf("%d trees are remembered of 500 that are not in use", n)
	}
}
