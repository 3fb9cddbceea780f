package imageconfig_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
)

// bulkFormats are the formats of large images, and which layer has the account
// files: the lowest, so that all layers are asked, or the topmost.
var bulkFormats = []struct {
	format   string
	accounts int
}{{"gzip", 0}, {"gzip", 4}, {"zstd", 0}, {"estargz", 0}, {"zstd:chunked", 0}}

// lookUp reads both account files of a layout's image, and returns how many bytes
// of the layout were read for it.
func lookUp(t testing.TB, dir string) int64 {
	t.Helper()
	counted := &countedFS{FS: os.DirFS(dir)}
	files := layoutFiles(t, counted)
	if got := read(t, files, "etc/passwd"); got != truth {
		t.Errorf("passwd is %q, want %q", got, truth)
	}
	if read(t, files, "etc/group") == "" {
		t.Error("group is empty")
	}
	return counted.read.Load()
}

// A countedFS counts what is read.
type countedFS struct {
	fs.FS
	read atomic.Int64
}

func (c *countedFS) Open(name string) (fs.File, error) {
	opened, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &countedFile{opened, c}, nil
}

type countedFile struct {
	fs.File
	of *countedFS
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.of.read.Add(int64(n))
	return n, err
}

func (f *countedFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.(io.ReaderAt).ReadAt(p, offset)
	f.of.read.Add(int64(n))
	return n, err
}

// BenchmarkBulk looks up both account files of an image of 1 GB in five layers on
// disk. Its MB/s are those of the image as it is compressed, whether all of it is
// read or not; read/image is which part is. peak-MiB is what a process that does
// it once holds at the most.
func BenchmarkBulk(b *testing.B) {
	for _, image := range bulkFormats {
		b.Run(fmt.Sprintf("%s/accounts in layer %d", image.format, image.accounts), func(b *testing.B) {
			dir := b.TempDir()
			size := bulkLayout(b, dir, image.format, 5, 200, image.accounts)
			b.SetBytes(size)
			b.ReportAllocs()
			var all, times int64
			for b.Loop() {
				all += lookUp(b, dir)
				times++
			}
			b.ReportMetric(float64(all)/float64(size*times), "read/image")
			b.ReportMetric(float64(peakOf(b, dir))/1024, "peak-MiB")
		})
	}
}

// BenchmarkManyFiles looks up both account files of a layer with 20000 small ones:
// in the whole layer, by its table of contents, and in the index that was made of
// it, whose size is index-bytes.
func BenchmarkManyFiles(b *testing.B) {
	entries, table := []entry{}, []string{}
	for n := range 20000 {
		name := fmt.Sprintf("usr/share/package%d/some/file%d", n/20, n)
		entries = append(entries, file(name, name))
		table = append(table, fmt.Sprintf(`{"type":"reg","name":%q,"mode":420,"size":%d,"modtime":"2026-01-01T00:00:00Z","offset":1,"endOffset":2,"digest":%q}`, name, len(name), hashOf([]byte(name))))
	}
	l, _ := withTable(b, tarOf(b, append(entries, file("etc/passwd", truth), file("etc/group", ""))...),
		fmt.Appendf(nil, `{"version":1,"entries":[%s,{"type":"reg","name":"etc/passwd"},{"type":"reg","name":"etc/group"}]}`, strings.Join(table, ",")))
	held := &indexes{}
	for _, run := range []struct {
		name  string
		files fs.FS
		held  *indexes
	}{
		{"whole", laidOut(b, l.plain()), &indexes{}},
		{"table", laidOut(b, l), &indexes{}},
		{"index", laidOut(b, l.plain()), held},
	} {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				files := sharing(b, run.files, run.held)
				for _, name := range []string{"etc/passwd", "etc/group"} {
					if _, err := fs.ReadFile(files, name); err != nil {
						b.Fatal(err)
					}
				}
				if run.held != held {
					run.held.held = nil
				}
			}
			b.ReportMetric(float64(len(run.held.held[l.DiffID])), "index-bytes")
		})
	}
}

// bulkVariable has the layout that a process of its own is to look up.
const bulkVariable = "DRYSTART_TEST_LAYOUT"

// peakOf returns how many KiB of memory a process held at the most that looked up
// a layout's account files.
func peakOf(t testing.TB, dir string) (kilobytes int64) {
	t.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("there is no /proc")
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBulkChild$", "-test.v")
	child.Env = append(os.Environ(), bulkVariable+"="+dir)
	output, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	_, peak, _ := bytes.Cut(output, []byte("VmHWM:"))
	if _, err := fmt.Sscan(string(peak), &kilobytes); err != nil {
		t.Fatalf("no peak: %v:\n%s", err, output)
	}
	return kilobytes
}

// TestBulkChild is the process of its own.
func TestBulkChild(t *testing.T) {
	dir := os.Getenv(bulkVariable)
	if dir == "" {
		t.Skip("only for TestBulkMemory and BenchmarkBulk")
	}
	lookUp(t, dir)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(peak, []byte("\n"))
	fmt.Printf("VmHWM:%s\n", line)
}

// Reading a large image takes the memory of a small one. With a table of contents
// hardly any of it is read.
func TestBulkMemory(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("writes 40 MB, and the race detector has memory of its own")
	}
	t.Parallel()
	for _, image := range bulkFormats {
		t.Run(fmt.Sprintf("%s/accounts in layer %d", image.format, image.accounts), func(t *testing.T) {
			dir := t.TempDir()
			size := bulkLayout(t, dir, image.format, 5, 16, image.accounts)
			most := map[string]int64{"gzip": size + size/100, "zstd": size + size/100}[image.format]
			if image.accounts == 4 {
				most /= 4
			}
			if most == 0 {
				most = size / 500
			}
			if got := lookUp(t, dir); got > most {
				t.Errorf("%d of %d bytes were read, want at most %d", got, size, most)
			}
			if peak := peakOf(t, dir); peak > 64<<10 {
				t.Errorf("%d MiB were held, want at most 64 MiB", peak>>10)
			}
		})
	}
}

// raced reports whether this is built with the race detector, which takes memory
// and time of its own.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}
