package imageconfig_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	bolt "go.etcd.io/bbolt"

	"github.com/drystart/drystart/imageconfig"
)

const (
	contentDir = "io.containerd.content.v1.content"
	metaDir    = "io.containerd.metadata.v1.bolt"
)

// A containerd is a root directory of containerd that a test writes.
type containerd struct {
	place string
	db    *bolt.DB // open, and so locked, as a running containerd's is
}

// startContainerd makes a root directory and holds its lock until the test ends.
func startContainerd(t testing.TB) containerd {
	t.Helper()
	place := t.TempDir()
	for _, dir := range []string{contentDir, metaDir} {
		if err := os.MkdirAll(filepath.Join(place, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	db, err := bolt.Open(filepath.Join(place, metaDir, "meta.db"), 0o644, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return containerd{place: place, db: db}
}

func (c containerd) source() imageconfig.ContentStore {
	return imageconfig.ContentStore{FS: os.DirFS(c.place)}
}

// pull stores an image or an index, and its name in a namespace.
func (c containerd) pull(t testing.TB, namespace, name string, what mutate.Appendable) {
	t.Helper()
	content := filepath.Join(c.place, contentDir)
	written := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: what})
	if _, err := layout.Write(content, written); err != nil {
		t.Fatal(err)
	}
	for _, extra := range []string{"index.json", "oci-layout"} {
		if err := os.Remove(filepath.Join(content, extra)); err != nil {
			t.Fatal(err)
		}
	}
	descriptor, err := partial.Descriptor(what.(partial.Describable))
	if err != nil {
		t.Fatal(err)
	}
	c.name(t, namespace, name, *descriptor)
}

// name writes an image's record as containerd does.
func (c containerd) name(t testing.TB, namespace, name string, target v1.Descriptor) {
	t.Helper()
	err := c.db.Update(func(tx *bolt.Tx) error {
		images, err := bucketAt(tx, "v1", namespace, "images")
		if err != nil {
			return err
		}
		return recordImage(images, name, target)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func recordImage(images *bolt.Bucket, name string, target v1.Descriptor) error {
	image, err := images.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return err
	}
	at, err := time.Unix(1700000000, 0).MarshalBinary()
	if err != nil {
		return err
	}
	inner, err := image.CreateBucketIfNotExists([]byte("target"))
	return errors.Join(err,
		image.Put([]byte("createdat"), at), image.Put([]byte("updatedat"), at),
		inner.Put([]byte("digest"), []byte(target.Digest.String())),
		inner.Put([]byte("mediatype"), []byte(target.MediaType)),
		inner.Put([]byte("size"), binary.AppendVarint(nil, target.Size)))
}

// bucketAt makes the buckets of a path.
func bucketAt(tx *bolt.Tx, first string, rest ...string) (*bolt.Bucket, error) {
	here, err := tx.CreateBucketIfNotExists([]byte(first))
	for _, key := range rest {
		if err != nil {
			return nil, err
		}
		here, err = here.CreateBucketIfNotExists([]byte(key))
	}
	return here, err
}

// forget removes a blob, as containerd's garbage collection does.
func (c containerd) forget(t testing.TB, digest string) {
	t.Helper()
	place := filepath.Join(c.place, contentDir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
}

// configDigest returns the digest of an image's config.
func configDigest(t testing.TB, image v1.Image) string {
	t.Helper()
	digest, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// layerDigest returns the digest of an image's lowest layer.
func layerDigest(t testing.TB, image v1.Image) string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	return digestOf(t, layers[0])
}

func TestContentStore(t *testing.T) {
	t.Parallel()
	arm64, s390x := v1.Platform{OS: "linux", Architecture: "arm64"}, v1.Platform{OS: "linux", Architecture: "s390x"}
	app := imageOf(t, "app", layer{file("etc/passwd", "root")})
	here, there, half := imageOf(t, "here", layer{file("a", "a")}), imageOf(t, "there", layer{file("b", "b")}), imageOf(t, "half")
	multi := mutate.AppendManifests(empty.Index, forPlatform(there, arm64), forPlatform(here, amd64))
	gone := imageOf(t, "gone")

	node := startContainerd(t)
	node.pull(t, "k8s.io", "docker.io/library/app:v1", app)
	node.pull(t, "k8s.io", "registry.example/multi:v1", multi)
	node.pull(t, "k8s.io", "registry.example/half:v1", half)
	node.pull(t, "k8s.io", "registry.example/gone:v1", gone)
	node.pull(t, "default", "registry.example/other:v1", imageOf(t, "other"))
	node.forget(t, digestOf(t, there))
	node.forget(t, configDigest(t, half))
	node.forget(t, digestOf(t, gone))
	node.name(t, "k8s.io", "registry.example/odd:v1", v1.Descriptor{Digest: v1.Hash{Algorithm: "md5", Hex: "00"}})

	tests := []struct {
		name, reason string
		namespace    string
		ref          string
		platform     v1.Platform
		want         string // the USER
		wantErr      error
	}{
		{"name", "containerd has it under this name", "", "docker.io/library/app:v1", amd64, "app", nil},
		{"short name", "a Pod's name is read in full", "", "app:v1", amd64, "app", nil},
		{"index", "the manifest for the node's platform is there", "", "registry.example/multi:v1", amd64, "here", nil},
		{"digest", "a digest needs no name", "", "registry.example/any@" + digestOf(t, app), amd64, "app", nil},
		{"tag and digest", "the digest decides", "", "app:v7@" + digestOf(t, app), amd64, "app", nil},
		{"digest of an index", "a digest does not say what it names", "", "registry.example/multi@" + digestOf(t, multi), amd64, "here", nil},
		{"other namespace", "ctr has a namespace of its own", "default", "registry.example/other:v1", amd64, "other", nil},
		{"not in this namespace", "the kubelet does not see the names of others", "", "registry.example/other:v1", amd64, "", imageconfig.ErrNotHeld},
		{"namespace that is not there", "nobody has pulled for it", "moby", "app:v1", amd64, "", imageconfig.ErrNotHeld},
		{"other tag", "another tag is another image", "", "app:v2", amd64, "", imageconfig.ErrNotHeld},
		{"other digest", "no such blob", "", "app@sha256:" + hashOf(nil).Hex, amd64, "", imageconfig.ErrNotHeld},
		{"no reference", "what is no reference names nothing", "", "UPPER case", amd64, "", imageconfig.ErrNotHeld},
		{"platform not pulled", "the index promises the image, only its parts are not here", "", "registry.example/multi:v1", arm64, "", imageconfig.ErrNotHeld},
		{"platform that does not exist", "the index promises nothing", "", "registry.example/multi:v1", s390x, "", imageconfig.ErrNoPlatform},
		{"no config", "nothing can be said without it", "", "registry.example/half:v1", amd64, "", imageconfig.ErrNotHeld},
		{"no manifest", "a name whose blob is not here", "", "registry.example/gone:v1", amd64, "", imageconfig.ErrNotHeld},
		{"digest of another kind", "a record that containerd did not write", "", "registry.example/odd:v1", amd64, "", imageconfig.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			source := node.source()
			source.Namespace = tt.namespace
			image, err := source.Image(t.Context(), tt.ref, tt.platform)
			if tt.wantErr != nil {
				if known := wantNoImage(t, image, err, tt.wantErr); known.Reference != tt.ref {
					t.Errorf("the error is about %q, want %q", known.Reference, tt.ref)
				}
				return
			}
			if err != nil || image.Config.Config.User != tt.want {
				t.Fatalf("there is %+v and %v, want the USER %q", image, err, tt.want)
			}
		})
	}
	image := find(t, node.source(), "app:v1")
	wantContent(t, filesOf(t, image), "etc/passwd", "root")
	if image.Digest != digestOf(t, app) {
		t.Errorf("digest is %q, want that of the manifest", image.Digest)
	}
}

func TestContentStorePlatforms(t *testing.T) {
	t.Parallel()
	node := startContainerd(t)
	linux, windows := v1.Platform{OS: "linux", Architecture: "arm64"}, v1.Platform{OS: "windows", Architecture: "amd64"}
	absent := imageOf(t, "absent")
	node.pull(t, "k8s.io", "registry.example/multi:v1", mutate.AppendManifests(empty.Index, forPlatform(absent, linux), forPlatform(imageOf(t, ""), windows)))
	node.forget(t, digestOf(t, absent))
	node.pull(t, "k8s.io", "registry.example/single:v1", imageOf(t, "single"))

	got, err := node.source().Platforms(t.Context(), "registry.example/multi:v1")
	if diff := cmp.Diff([]v1.Platform{linux, windows}, got); diff != "" || err != nil {
		t.Errorf("error %v, platforms (-want +got):\n%s", err, diff)
	}
	if got, err := node.source().Platforms(t.Context(), "registry.example/single:v1"); got != nil || err != nil {
		t.Errorf("a single image has the platforms %v and the error %v, want none", got, err)
	}
	_, err = node.source().Platforms(t.Context(), "registry.example/none:v1")
	wantKind(t, err, imageconfig.ErrNotHeld)
	_, err = imageconfig.ContentStore{FS: fstest.MapFS{}}.Platforms(t.Context(), "registry.example/none:v1")
	wantKind(t, err, imageconfig.ErrUnreachable)
}

// containerd can be set to discard layers that it has unpacked. The image has its
// config then; that its files are not known must not read as "no such file".
func TestContentStoreWithoutLayers(t *testing.T) {
	t.Parallel()
	app := imageOf(t, "app", layer{file("etc/passwd", "root")})
	node := startContainerd(t)
	node.pull(t, "k8s.io", "docker.io/library/app:v1", app)
	node.forget(t, layerDigest(t, app))
	files := filesOf(t, find(t, node.source(), "app:v1"))
	_, statErr := fs.Lstat(files, "etc/passwd")
	_, openErr := files.Open("etc/passwd")
	for _, err := range []error{statErr, openErr} {
		known := wantKind(t, err, imageconfig.ErrNotHeld)
		if errors.Is(err, fs.ErrNotExist) || !strings.Contains(known.Error(), layerDigest(t, app)) {
			t.Errorf("error is %q, want one that names the layer and is not fs.ErrNotExist", err)
		}
	}
}

// What is asked after a pull, or after a tag has moved, sees it, although
// containerd runs and holds the lock. Two thousand names make a tree of pages.
func TestContentStoreSeesWhatIsNew(t *testing.T) {
	t.Parallel()
	node := startContainerd(t)
	first, second := imageOf(t, "first"), imageOf(t, "second")
	node.pull(t, "k8s.io", "registry.example/moves:v1", first)
	source := node.source()
	if got := find(t, source, "registry.example/moves:v1").Config.Config.User; got != "first" {
		t.Errorf("USER is %q, want first", got)
	}
	node.pull(t, "k8s.io", "registry.example/moves:v1", second)
	if got := find(t, source, "registry.example/moves:v1").Config.Config.User; got != "second" {
		t.Errorf("USER is %q after the tag moved, want second", got)
	}
	descriptor, err := partial.Descriptor(first)
	if err != nil {
		t.Fatal(err)
	}
	names := many(t, node, 2000, *descriptor)
	for n := 0; n < len(names); n += 41 {
		name := names[n]
		if got := find(t, source, name).Config.Config.User; got != "first" {
			t.Errorf("USER of %s is %q, want first", name, got)
		}
		_, err := source.Image(t.Context(), name+"x", amd64)
		wantKind(t, err, imageconfig.ErrNotHeld)
	}
}

// many records that many names in one transaction, some of them long.
func many(t testing.TB, node containerd, count int, target v1.Descriptor) []string {
	t.Helper()
	names := make([]string, count)
	err := node.db.Update(func(tx *bolt.Tx) error {
		images, err := bucketAt(tx, "v1", "k8s.io", "images")
		for n := range names {
			if err != nil {
				return err
			}
			names[n] = fmt.Sprintf("registry.example/%sapp:v%d", strings.Repeat("team/", n%37), n)
			err = recordImage(images, names[n], target)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Reading changes nothing: not the files, and not what else is in the directory.
func TestContentStoreIsOnlyRead(t *testing.T) {
	t.Parallel()
	node := startContainerd(t)
	app := imageOf(t, "app", layer{file("etc/passwd", "root")})
	node.pull(t, "k8s.io", "docker.io/library/app:v1", app)
	before := snapshot(t, node.place)
	wantContent(t, filesOf(t, find(t, node.source(), "app:v1")), "etc/passwd", "root")
	if diff := cmp.Diff(before, snapshot(t, node.place)); diff != "" {
		t.Errorf("the directory has changed (-before +after):\n%s", diff)
	}
}

// snapshot returns the hashes of a directory's files.
func snapshot(t testing.TB, place string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, found := range entriesOf(t, place) {
		seen[found.Name] = hashOf([]byte(found.body)).Hex
	}
	return seen
}

// A shiftingFS gives a file that another process writes: each ReadAt shows the
// next of its versions, the last one for good.
type shiftingFS struct {
	fs.FS
	versions [][]byte
}

type shiftingFile struct {
	fs.File
	from *shiftingFS
}

func (s *shiftingFS) Open(name string) (fs.File, error) {
	opened, err := s.FS.Open(name)
	if err != nil || filepath.Base(name) != "meta.db" {
		return opened, err
	}
	return shiftingFile{opened, s}, nil
}

func (f shiftingFile) ReadAt(p []byte, offset int64) (int, error) {
	content := f.from.versions[0]
	if len(f.from.versions) > 1 {
		f.from.versions = f.from.versions[1:]
	}
	if offset > int64(len(content)) {
		return 0, io.EOF
	}
	n := copy(p, content[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// An answer is that of one state: what was read while containerd committed
// another is read again.
func TestContentStoreThatIsWritten(t *testing.T) {
	t.Parallel()
	node := startContainerd(t)
	meta := filepath.Join(node.place, metaDir, "meta.db")
	version := func() []byte {
		content, err := os.ReadFile(meta)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	node.pull(t, "k8s.io", "registry.example/moves:v1", imageOf(t, "first"))
	first := version()
	node.pull(t, "k8s.io", "registry.example/moves:v1", imageOf(t, "second"))
	second := version()
	node.pull(t, "k8s.io", "registry.example/moves:v1", imageOf(t, "third"))
	third := version()
	torn := append([]byte(nil), third...)
	newest := 0 // the meta page that the last commit wrote
	if string(third[:4096]) == string(second[:4096]) {
		newest = 4096
	}
	copy(torn[newest+32:newest+64], make([]byte, 32))
	damaged := append([]byte(nil), first...)
	clear(damaged[8192:])

	// One look-up reads the state, at least one page with its header, and the
	// state again.
	tests := []struct {
		name, reason string
		versions     [][]byte
		want         string
	}{
		{"at rest", "one state", [][]byte{first}, "first"},
		{"commit at once", "the state that was read first is old", [][]byte{first, second}, "second"},
		{"commit in the middle", "pages of two states are no answer", [][]byte{first, first, first, second}, "second"},
		{"two commits", "pages of the old state are overwritten", [][]byte{first, damaged, second, second, second, third}, "third"},
		{"half a meta page", "the other one is whole, and its state is still there", [][]byte{torn, torn, torn, torn, torn, torn, third}, "third"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			source := imageconfig.ContentStore{FS: &shiftingFS{os.DirFS(node.place), tt.versions}}
			if got := find(t, source, "registry.example/moves:v1").Config.Config.User; got != tt.want {
				t.Errorf("USER is %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("without end", func(t *testing.T) {
		var versions [][]byte
		for range 1000 {
			versions = append(versions, first, second)
		}
		source := imageconfig.ContentStore{FS: &shiftingFS{os.DirFS(node.place), versions}}
		image, err := source.Image(t.Context(), "registry.example/moves:v1", amd64)
		if err == nil {
			t.Fatalf("there is an image of a file that never rests: %+v", image)
		}
		wantKind(t, err, imageconfig.ErrUnreachable)
	})
}

func TestContentStoreThatCannotBeRead(t *testing.T) {
	t.Parallel()
	node := startContainerd(t)
	node.pull(t, "k8s.io", "docker.io/library/app:v1", imageOf(t, "app"))
	whole := fstest.MapFS{}
	for _, found := range entriesOf(t, node.place) {
		whole[found.Name] = &fstest.MapFile{Data: []byte(found.body)}
	}
	const meta = metaDir + "/meta.db"
	tests := []struct {
		name, reason string
		content      []byte // of meta.db; nil is no file
		want         error
	}{
		{"no file", "it is not containerd's directory", nil, imageconfig.ErrUnreachable},
		{"empty", "a database has two meta pages", []byte{}, imageconfig.ErrInvalid},
		{"text", "a database has a magic number", []byte(strings.Repeat("text", 1<<15)), imageconfig.ErrInvalid},
		{"meta pages only", "the tree of the state is missing", whole[meta].Data[:8192], imageconfig.ErrInvalid},
		{"zeros", "the pages are not the ones that the state means", append(append([]byte(nil), whole[meta].Data[:8192]...), make([]byte, 1<<16)...), imageconfig.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			files := fstest.MapFS{meta: {Data: tt.content}}
			if tt.content == nil {
				clear(files)
			}
			image, err := imageconfig.ContentStore{FS: files}.Image(t.Context(), "app:v1", amd64)
			wantNoImage(t, image, err, tt.want)
		})
	}
	t.Run("in memory", func(t *testing.T) {
		if got := find(t, imageconfig.ContentStore{FS: whole}, "app:v1").Config.Config.User; got != "app" {
			t.Errorf("USER is %q, want app", got)
		}
	})
	t.Run("forbidden", func(t *testing.T) {
		forbidden := openFS(func(name string) (fs.File, error) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		})
		for _, ref := range []string{"app:v1", "app@sha256:" + hashOf(nil).Hex} {
			image, err := imageconfig.ContentStore{FS: forbidden}.Image(t.Context(), ref, amd64)
			wantNoImage(t, image, err, imageconfig.ErrUnreachable)
		}
	})
	t.Run("canceled", func(t *testing.T) {
		for _, ref := range []string{"app:v1", "app@sha256:" + hashOf(nil).Hex} {
			image, err := node.source().Image(canceled(t), ref, amd64)
			if image != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("there is %v and %v, want the context's error", image, err)
			}
		}
	})
}

// An openFS is a function that is a file system.
type openFS func(name string) (fs.File, error)

func (f openFS) Open(name string) (fs.File, error) { return f(name) }

// The zero ContentStore is that of /var/lib/containerd; other nodes keep theirs
// elsewhere.
func ExampleContentStore() {
	root := must(os.MkdirTemp("", "containerd"))
	defer func() { check(os.RemoveAll(root)) }()
	app := appImage()
	pulled := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: app})
	must(layout.Write(filepath.Join(root, "io.containerd.content.v1.content"), pulled))

	source := imageconfig.ContentStore{FS: os.DirFS(root)}
	image := must(source.Image(context.Background(), "registry.example/app@"+must(app.Digest()).String(), linux))
	fmt.Println("USER", image.Config.Config.User)

	_, err := source.Image(context.Background(), "registry.example/app@sha256:"+strings.Repeat("0", 64), linux)
	fmt.Println("not held:", errors.Is(err, imageconfig.ErrNotHeld))
	// Output:
	// USER app
	// not held: true
}

// boltFile returns a small database of containerd's.
func boltFile(t testing.TB, pageSize, names int) []byte {
	t.Helper()
	place := filepath.Join(t.TempDir(), "meta.db")
	db, err := bolt.Open(place, 0o644, &bolt.Options{PageSize: pageSize, NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	many(t, containerd{db: db}, names, v1.Descriptor{Digest: hashOf(nil)})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// The page size is that of the machine that the file was made on.
func TestContentStorePageSizes(t *testing.T) {
	t.Parallel()
	for _, pageSize := range []int{1 << 10, 4 << 10, 16 << 10, 64 << 10} {
		files := fstest.MapFS{metaDir + "/meta.db": {Data: boltFile(t, pageSize, 50)}}
		_, err := imageconfig.ContentStore{FS: files}.Image(t.Context(), "registry.example/app:v0", amd64)
		if known := wantKind(t, err, imageconfig.ErrNotHeld); known.Err == nil {
			t.Errorf("with pages of %d bytes the name is not found", pageSize)
		}
		_, err = imageconfig.ContentStore{FS: files}.Image(t.Context(), "registry.example/app:v50", amd64)
		if known := wantKind(t, err, imageconfig.ErrNotHeld); known.Err != nil {
			t.Errorf("with pages of %d bytes there is a name too many: %v", pageSize, err)
		}
	}
}

// Damaged pages end a look-up: bbolt itself would panic, read beyond the file, or
// never end.
func TestContentStoreWithDamagedPages(t *testing.T) {
	t.Parallel()
	const pageSize = 1 << 10
	whole, order := boltFile(t, pageSize, 200), binary.NativeEndian
	tests := []struct {
		name, reason string
		damage       func(page []byte, id int)
		wantText     string
	}{
		{"circle", "every page is a branch that leads to itself", func(page []byte, id int) {
			clear(page)
			order.PutUint64(page, uint64(id))
			order.PutUint16(page[8:], 0x01) // a branch
			order.PutUint16(page[10:], 1)   // of one key, which is empty
			order.PutUint64(page[24:], uint64(id))
		}, "more than 64 bbolt pages"},
		{"out of the file", "a page that a branch leads to is none", func(page []byte, id int) {
			clear(page)
			order.PutUint64(page, uint64(id))
			order.PutUint16(page[8:], 0x01)
			order.PutUint16(page[10:], 1)
			order.PutUint64(page[24:], 1<<63)
		}, "bbolt page 9223372036854775808 of"},
		{"kind", "a page is a branch or a leaf", func(page []byte, _ int) { order.PutUint16(page[8:], 0x10) }, "unknown kind 0x10"},
		{"id", "a page knows its place", func(page []byte, _ int) { order.PutUint64(page, 1) }, "calls itself 1"},
		{"overflow", "a page has a limit", func(page []byte, _ int) { order.PutUint32(page[12:], 1<<31) }, "has more than"},
		{"beyond the end", "a page that goes on ends with the file", func(page []byte, _ int) { order.PutUint32(page[12:], 5000) }, "EOF"},
		{"count", "a page has fewer keys than it says", func(page []byte, _ int) { order.PutUint16(page[10:], 1<<15) }, "ends within"},
		{"key", "a key is within its page", func(page []byte, _ int) {
			for at := 16; at+16 <= pageSize; at += 16 {
				order.PutUint32(page[at+4:], 1<<31)
				order.PutUint32(page[at+8:], 1<<31)
			}
		}, "ends within a key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			content := append([]byte(nil), whole...)
			for id := 2; id < len(content)/pageSize; id++ {
				tt.damage(content[id*pageSize:(id+1)*pageSize], id)
			}
			files := fstest.MapFS{metaDir + "/meta.db": {Data: content}}
			image, err := imageconfig.ContentStore{FS: files}.Image(t.Context(), "registry.example/app:v0", amd64)
			if wantNoImage(t, image, err, imageconfig.ErrInvalid); !strings.Contains(err.Error(), tt.wantText) {
				t.Errorf("error is %q, want one with %q", err, tt.wantText)
			}
		})
	}
}

// FuzzContentStore takes any bytes as containerd's database. It never panics,
// it ends, and as there are no blobs its answer is an *Error: the same each time.
func FuzzContentStore(f *testing.F) {
	f.Add([]byte{})
	f.Add(boltFile(f, 1<<10, 1))
	branches := boltFile(f, 1<<10, 60)
	f.Add(branches)
	f.Add(branches[:len(branches)/2])
	f.Fuzz(func(t *testing.T, content []byte) {
		files := fstest.MapFS{metaDir + "/meta.db": {Data: content}}
		ask := func() string {
			image, err := imageconfig.ContentStore{FS: files}.Image(t.Context(), "registry.example/app:v0", amd64)
			var known *imageconfig.Error
			if image != nil || !errors.As(err, &known) || errors.Is(err, imageconfig.ErrUnreachable) {
				t.Fatalf("there is %v and the error %v (%T)", image, err, err)
			}
			return err.Error()
		}
		if first, again := ask(), ask(); first != again {
			t.Errorf("first %q, then %q", first, again)
		}
	})
}

// BenchmarkContentStore looks up one of 2000 names while the lock is held.
func BenchmarkContentStore(b *testing.B) {
	node := startContainerd(b)
	app := imageOf(b, "app")
	node.pull(b, "k8s.io", "docker.io/library/app:v1", app)
	descriptor, err := partial.Descriptor(app)
	if err != nil {
		b.Fatal(err)
	}
	names := many(b, node, 2000, *descriptor)
	source := node.source()
	b.ReportAllocs()
	for n := range b.N {
		if _, err := source.Image(b.Context(), names[n%len(names)], amd64); err != nil {
			b.Fatal(err)
		}
	}
}
