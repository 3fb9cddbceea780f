package imageconfig_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/imageconfig"
)

// What a layer's table of contents tells is what the whole layer is, at every
// path, as the lowest layer and above another, and the layer is not read for it.
func TestTOCTree(t *testing.T) {
	t.Parallel()
	lower := plainLayer(tarOf(t, dir("etc").owned(0o700, 3, 4), file("etc/passwd", "lower"), file("gone/file", "x"),
		file("opaque/old", "old"), file("dev/gone", "x"), symlink("a", "etc")))
	for _, l := range recorded(t) {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			names := append(pathsOf(l.stream(t)), "opaque/old", "gone/file", "dev/gone")
			names = slices.DeleteFunc(names, func(name string) bool { return name == "stargz.index.json" }) // eStargz's own
			for _, below := range [][]chunked{nil, {lower}} {
				whole := metered(laidOut(t, append(below, l.plain())...), l)
				want := everything(t, layoutFiles(t, whole), names)
				listed := metered(laidOut(t, append(below, l)...), l)
				got := everything(t, layoutFiles(t, listed), names)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("with %d layers below, the table of contents differs (-whole layer +table):\n%s", len(below), diff)
				}
				if whole.parts.Load() != 0 || whole.whole.Load() < int64(len(l.blob)) {
					t.Errorf("without the promise %d bytes were read by sections, %d of the whole", whole.parts.Load(), whole.whole.Load())
				}
				if listed.whole.Load() != 0 {
					t.Errorf("%d bytes were read of the whole layer", listed.whole.Load())
				}
			}
		})
	}
}

// Account files cost the table of contents and themselves, once.
func TestTOCReadsLittle(t *testing.T) {
	t.Parallel()
	for _, l := range recorded(t) {
		t.Run(l.Name, func(t *testing.T) {
			meter := metered(laidOut(t, l), l)
			files := layoutFiles(t, meter)
			if meter.parts.Load() != 0 {
				t.Error("the layer is read before anybody asks for a file")
			}
			content := read(t, files, "etc/passwd")
			first := meter.parts.Load()
			again := read(t, files, "etc/passwd")
			if content == "" || again != content {
				t.Errorf("passwd is %q, then %q", content, again)
			}
			if meter.parts.Load() != first || meter.whole.Load() != 0 {
				t.Errorf("%d bytes, then %d were read by sections, and %d of the whole", first, meter.parts.Load(), meter.whole.Load())
			}
		})
	}
}

// A table that cannot serve is done without: the whole layer is read.
func TestTOCIsNotUsed(t *testing.T) {
	t.Parallel()
	const position, checksum = "io.github.containers.zstd-chunked.manifest-position", "io.github.containers.zstd-chunked.manifest-checksum"
	const stargz = "containerd.io/snapshot/stargz/toc.digest"
	layers := map[string]chunked{}
	for _, l := range recorded(t) {
		layers[l.Name] = l
	}
	zstd, gzip := layers["zstdchunked-all"], layers["estargz-all"]
	sum := zstd.Annotations[checksum]
	tests := []struct {
		name, reason string
		layer        chunked
		annotations  map[string]string
		noSections   bool
	}{
		{"no sections", "zstd:chunked where only whole blobs can be had", zstd, zstd.Annotations, true},
		{"no sections of gzip", "eStargz where only whole blobs can be had", gzip, gzip.Annotations, true},
		{"no position", "nobody says where the table is", zstd, map[string]string{checksum: sum}, false},
		{"three numbers", "the position is incomplete", zstd, map[string]string{checksum: sum, position: "1:2:3"}, false},
		{"another type", "a table of another kind", zstd, map[string]string{checksum: sum, position: "100:200:300:2"}, false},
		{"negative", "the position is before the blob", zstd, map[string]string{checksum: sum, position: "-1:200:300:1"}, false},
		{"no number", "the position is no number", zstd, map[string]string{checksum: sum, position: "x:200:300:1"}, false},
		{"behind", "the position is behind the blob", zstd, map[string]string{checksum: sum, position: "9223372036854775807:200:300:1"}, false},
		{"too long", "the table ends behind the blob", zstd, map[string]string{checksum: sum, position: "100:20000:300:1"}, false},
		{"too large", "the table would take too much time", zstd, map[string]string{checksum: sum, position: "100:200:200000000:1"}, false},
		{"no digest", "the digest is none", zstd, map[string]string{checksum: "sha256:1", position: zstd.Annotations[position]}, false},
		{"other digest", "a digest that is not checked", zstd, map[string]string{checksum: "sha512:" + strings.Repeat("0", 128), position: zstd.Annotations[position]}, false},
		{"no footer", "a zstd layer with the annotation of eStargz", zstd, map[string]string{stargz: gzip.Annotations[stargz]}, false},
		{"no eStargz digest", "the digest is none", gzip, map[string]string{stargz: ""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			l := tt.layer
			l.Annotations = tt.annotations
			meter := metered(laidOut(t, l), l)
			meter.noSections = tt.noSections
			wantContent(t, layoutFiles(t, meter), "etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")
			if meter.whole.Load() != int64(len(l.blob)) {
				t.Errorf("%d of %d bytes were read of the whole layer", meter.whole.Load(), len(l.blob))
			}
		})
	}
}

// A table that is not the promised one is not done without: somebody lies.
func TestTOCDigest(t *testing.T) {
	t.Parallel()
	for _, l := range recorded(t) {
		t.Run(l.Name, func(t *testing.T) {
			other := map[string]string{}
			for key, value := range l.Annotations {
				if strings.HasPrefix(value, "sha256:") {
					value = hashOf([]byte("other")).String()
				}
				other[key] = value
			}
			l.Annotations = other
			files := layoutFiles(t, laidOut(t, l))
			_, err := files.Open("etc/passwd")
			wantKind(t, err, imageconfig.ErrInvalid)
			_, err = fs.Lstat(files, "usr")
			wantKind(t, err, imageconfig.ErrInvalid)
		})
	}
}

// A section that ends early is an error or read otherwise, never less.
func TestTOCEndsEarly(t *testing.T) {
	t.Parallel()
	for _, l := range recorded(t) {
		t.Run(l.Name, func(t *testing.T) {
			whole := read(t, layoutFiles(t, laidOut(t, l.plain())), "etc/passwd")
			for end := int64(1); end < 3000; end += 1 + end/8 {
				meter := metered(laidOut(t, l), l)
				meter.sectionsEnd = end
				opened, err := layoutFiles(t, meter).Open("etc/passwd")
				if err != nil {
					wantKind(t, err, imageconfig.ErrInvalid)
					continue
				}
				content := make([]byte, len(whole)+1)
				if n, _ := opened.Read(content); string(content[:n]) != whole {
					t.Errorf("sections of %d bytes: passwd is %q, want %q", end, content[:n], whole)
				}
			}
		})
	}
}

// A file above 10 MiB can be read so far through a table of contents too, in one
// chunk or in several.
func TestTOCOfLargeFiles(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 11<<16)
	stream := tarOf(t, file("large", large))
	end := 512 + len(large)
	one := fmt.Sprintf(`{"version":1,"entries":[{"type":"reg","name":"large","size":%d,"offset":@,"digest":%q}]}`, len(large), hashOf([]byte(large)))
	var several strings.Builder
	fmt.Fprintf(&several, `{"version":1,"entries":[{"type":"reg","name":"large","size":%d,"offset":@`, len(large))
	for begin := 0; begin < len(large); begin += 3 << 20 {
		part := large[begin:min(begin+3<<20, len(large))]
		if begin > 0 {
			several.WriteString(`},{"type":"chunk","name":"large"`)
		}
		fmt.Fprintf(&several, `,"chunkOffset":%d,"chunkSize":%d,"chunkDigest":%q`, begin, len(part), hashOf([]byte(part)))
	}
	several.WriteString("}]}")
	for name, table := range map[string]string{"one chunk": one, "several chunks": several.String()} {
		t.Run(name, func(t *testing.T) {
			_, offsets := withTable(t, stream, nil, 512, end)
			l, _ := withTable(t, stream, []byte(strings.ReplaceAll(table, "@", fmt.Sprint(offsets[1]))), 512, end)
			meter := metered(laidOut(t, l), l)
			opened, err := layoutFiles(t, meter).Open("large")
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(opened)
			wantKind(t, err, imageconfig.ErrInvalid)
			if len(content) != 10<<20+1 || string(content) != large[:len(content)] || meter.whole.Load() != 0 {
				t.Errorf("%d bytes could be read, %d of the whole layer", len(content), meter.whole.Load())
			}
		})
	}
}

// Many readers find out together that a table of contents cannot serve.
func TestTOCIsGivenUpTogether(t *testing.T) {
	t.Parallel()
	l := lying(t, `{"version":1,"entries":[{"type":"reg","name":"etc/passwd","size":22,"offset":9000000,"digest":"#"},{"type":"reg","name":"bin/app","size":20000,"offset":-1,"digest":"#"}]}`)
	source := imageconfig.NewSharing(imageconfig.Layout{FS: laidOut(t, l)}, nil, nil)
	image := find(t, source, "app:v1")
	var group sync.WaitGroup
	for n := range 16 {
		files := filesOf(t, image)
		if n%4 == 0 {
			files = filesOf(t, find(t, source, "app:v1"))
		}
		group.Go(func() {
			if n%2 == 0 {
				wantContent(t, files, "etc/passwd", truth)
				return
			}
			wantContent(t, files, "bin/app", strings.Repeat("a program\n", 2000))
		})
	}
	group.Wait()
}

// A seekable has files that can be read from any place on, but at one place only.
type seekable struct{ fs.FS }

func (s seekable) Open(name string) (fs.File, error) {
	opened, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return struct {
		fs.File
		io.Seeker
	}{opened, opened.(io.Seeker)}, nil
}

// Sections can be had of files that seek, and of those of an archive.
func TestSections(t *testing.T) {
	t.Parallel()
	l := lying(t, `{"version":1,"entries":[{"type":"reg","name":"etc/passwd","size":22,"offset":@,"digest":"#"},{"type":"dir","name":"listed"}]}`)
	layout := laidOut(t, l)
	var entries []entry
	for name, held := range layout {
		entries = append(entries, file(name, string(held.Data)))
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(archive, tarOf(t, entries...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]imageconfig.Source{
		"seeking": imageconfig.Layout{FS: seekable{layout}},
		"archive": imageconfig.Archive(archive),
	} {
		t.Run(name, func(t *testing.T) {
			files := filesOf(t, find(t, source, "app:v1"))
			wantContent(t, files, "etc/passwd", truth)
			if !lstat(t, files, "listed").IsDir() {
				t.Error("the table of contents is not used")
			}
		})
	}
}

// The table of contents is read under the caller's context.
func TestTOCContext(t *testing.T) {
	t.Parallel()
	for _, l := range recorded(t) {
		image := find(t, imageconfig.Layout{FS: laidOut(t, l)}, "app:v1")
		files, err := image.Files(canceled(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := files.Open("etc/passwd"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v, want context.Canceled", l.Name, err)
		}
		if read(t, filesOf(t, image), "etc/passwd") == "" {
			t.Errorf("%s: the next caller is affected", l.Name)
		}
	}
}
