package imageconfig_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig"
)

// indexes keeps the indexes of layers in memory.
type indexes struct {
	mu   sync.Mutex
	held map[v1.Hash][]byte
}

func (i *indexes) get(diffID v1.Hash) ([]byte, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	index, ok := i.held[diffID]
	return index, ok
}

func (i *indexes) put(diffID v1.Hash, index []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.held == nil {
		i.held = map[v1.Hash][]byte{}
	}
	i.held[diffID] = index
}

// sharing returns the files of a layout's image, from a source of its own that
// has these indexes.
func sharing(t testing.TB, files fs.FS, held *indexes) fs.FS {
	t.Helper()
	source := imageconfig.NewSharing(imageconfig.Layout{FS: files}, held.get, held.put)
	return filesOf(t, find(t, source, "app:v1"))
}

// What is restored from a layer's index is what the layer is, at every path, as
// the lowest layer and above another, whichever it was made of; for names and
// account files the layer is not read.
func TestIndex(t *testing.T) {
	t.Parallel()
	lower := plainLayer(tarOf(t, dir("etc").owned(0o700, 3, 4), file("gone/file", "x"), file("opaque/old", "old"), symlink("a", "etc")))
	global := tarOf(t, file("first", "1"), file("second", "2"), file("etc/group", "root:x:0:\n"))
	marked := append(globalHeader(t), global...)
	layers := []chunked{plainLayer(marked), plainLayer(tarOf(t, file("etc/passwd", strings.Repeat("root:x:0:0::/:/bin/sh\n", 5000))))}
	for _, l := range recorded(t) {
		if strings.HasPrefix(l.Name, "estargz") { // the others hold the same entries
			layers = append(layers, l.plain())
		}
	}
	for n, l := range layers {
		t.Run(fmt.Sprint(n, l.Name), func(t *testing.T) {
			t.Parallel()
			names := pathsOf(l.stream(t))
			for _, made := range [][]chunked{{l}, {lower, l}} {
				held := &indexes{}
				if _, err := fs.Lstat(sharing(t, laidOut(t, made...), held), "none"); err == nil {
					t.Fatal("there is a file that is not there")
				}
				for _, restored := range [][]chunked{{l}, {lower, l}} {
					want := everything(t, layoutFiles(t, laidOut(t, restored...)), names)
					meter := metered(laidOut(t, restored...), l)
					files := sharing(t, meter, held)
					for _, name := range []string{"etc/group", "lib/passwd", "usr"} {
						_, _ = fs.Stat(files, name)
					}
					if meter.whole.Load() != 0 {
						t.Errorf("%d bytes of the layer were read", meter.whole.Load())
					}
					if diff := cmp.Diff(want, everything(t, files, names)); diff != "" {
						t.Errorf("the index differs (-layer +index):\n%s", diff)
					}
				}
			}
		})
	}
}

// globalHeader returns a PAX global header without a record.
func globalHeader(t testing.TB) []byte {
	t.Helper()
	header := bytes.Clone(tarOf(t, file("pax_global_header", ""))[:512])
	header[156] = 'g'
	return checksummed(header)
}

// An index that is damaged, or another layer's, is not used: the layer is read,
// and its index made anew.
func TestIndexIsNotUsed(t *testing.T) {
	t.Parallel()
	l := recorded(t)[0].plain()
	held := &indexes{}
	want := read(t, sharing(t, laidOut(t, l), held), "etc/passwd")
	index := held.held[l.DiffID]
	other := &indexes{}
	another := plainLayer(tarOf(t, file("etc/passwd", "evil")))
	_ = read(t, sharing(t, laidOut(t, another), other), "etc/passwd")
	tests := map[string][]byte{"empty": {}, "another layer's": other.held[another.DiffID], "no zstd": []byte("{}")}
	for n := range index {
		if n%7 == 0 || n+16 > len(index) {
			tests[fmt.Sprint("cut at ", n)] = index[:n]
			flipped := bytes.Clone(index)
			flipped[n] ^= 0x20
			tests[fmt.Sprint("flipped at ", n)] = flipped
		}
	}
	for name, text := range map[string]string{
		"version":       `{"version":2,"diffID":%q,"entries":[]}`,
		"no diffID":     `{"version":1,"entries":[]}`,
		"unknown":       `{"version":1,"diffID":%q,"more":1,"entries":[]}`,
		"chunk":         `{"version":1,"diffID":%q,"entries":[{"type":"chunk","name":"a"}]}`,
		"short content": `{"version":1,"diffID":%q,"entries":[{"type":"reg","name":"etc/passwd","size":9}]}`,
		"negative size": `{"version":1,"diffID":%q,"entries":[{"type":"reg","name":"etc/passwd","size":-9}]}`,
		"leaves":        `{"version":1,"diffID":%q,"entries":[{"type":"reg","name":"../etc/passwd"}]}`,
		"two lists":     `{"version":1,"diffID":%q,"entries":[],"entries":[]}`,
		"no entry":      `{"version":1,"diffID":%q,"entries":[null]}`,
	} {
		if strings.Contains(text, "%") {
			text = fmt.Sprintf(text, l.DiffID)
		}
		tests[name] = zstdFrame(t, []byte(text))
	}
	for name, damaged := range tests {
		held := &indexes{held: map[v1.Hash][]byte{l.DiffID: damaged}}
		meter := metered(laidOut(t, l), l)
		wantContent(t, sharing(t, meter, held), "etc/passwd", want)
		// A change may be one that means nothing to zstd.
		if meter.whole.Load() == 0 && !strings.HasPrefix(name, "flipped") {
			t.Errorf("%s: the layer was not read", name)
		}
		if meter.whole.Load() != 0 && !bytes.Equal(held.held[l.DiffID], index) {
			t.Errorf("%s: the index that is made anew is another", name)
		}
	}
}

// What is not known of a layer for certain has no index.
func TestNoIndex(t *testing.T) {
	t.Parallel()
	l := recorded(t)[0]
	wrong := l.plain()
	wrong.DiffID = hashOf([]byte("other"))
	invalidName := plainLayer(tarOf(t, file("etc/passwd", "root"), file("name\xff", "x")))
	long := plainLayer(tarOf(t, file("etc/passwd", "root"), file(strings.Repeat("n", 300<<10), "long")))
	tests := []struct {
		name, reason string
		layer        chunked
		want         int
	}{
		{"whole", "a layer that has been read has one", l.plain(), 1},
		{"long name", "as long as a tar has them", long, 1},
		{"table of contents", "nobody has compared it with the layer", l, 0},
		{"wrong digest", "the layer is not the one of the config", wrong, 0},
		{"invalid name", "JSON cannot have it", invalidName, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			held := &indexes{}
			_, _ = sharing(t, laidOut(t, tt.layer), held).Open("etc/passwd")
			if len(held.held) != tt.want {
				t.Errorf("there are %d indexes, want %d", len(held.held), tt.want)
			}
		})
	}
}

// FuzzIndex takes any bytes as a layer's index, and as what one unpacks to. It
// never panics, each path is answered for with what is there or an *Error, in
// memory that is bounded, and the same index gives the same answers again.
func FuzzIndex(f *testing.F) {
	l := plainLayer(tarOf(f, dir("etc"), file("etc/passwd", truth)))
	held := &indexes{}
	_ = read(f, sharing(f, laidOut(f, l), held), "etc/passwd")
	f.Add(held.held[l.DiffID])
	f.Add(fmt.Appendf(nil, `{"version":1,"diffID":%q,"entries":[{"type":"reg","name":"etc/passwd","size":1,"content":"QQ=="}]}`, l.DiffID))
	f.Add(fmt.Appendf(nil, `{"entries":[{"type":"global","name":"g"},{"type":"hardlink","name":"a","linkName":"b"}],"diffID":%q,"version":1}`, l.DiffID))
	f.Fuzz(func(t *testing.T, index []byte) {
		for _, tried := range [][]byte{index, zstdFrame(t, index)} {
			var seen [2]string
			wantLittleMemory(t, func() {
				for n := range seen {
					files := sharing(t, laidOut(t, l), &indexes{held: map[v1.Hash][]byte{l.DiffID: tried}})
					seen[n] = answers(t, files, "etc/passwd", "etc/group", "etc", "a", "g")
				}
			})
			if seen[0] != seen[1] {
				t.Errorf("the second look differs:\n%s\n%s", seen[0], seen[1])
			}
		}
	})
}
