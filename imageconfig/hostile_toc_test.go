package imageconfig_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

// How a file is answered for.
const (
	byTable = "by the table" // from its place in the blob
	byLayer = "by the layer" // from the whole of it
	byError = "by an error"
)

const truth = "root:x:0:0::/:/bin/sh\n"

// lying returns a layer with one account file and a table of contents that says
// what it likes of it: in the text @ is where the file stands, $ where that ends,
// # its digest.
func lying(t testing.TB, table string) chunked {
	t.Helper()
	stream := tarOf(t, file("etc/passwd", truth), file("bin/app", strings.Repeat("a program\n", 2000)))
	_, offsets := withTable(t, stream, nil, 512, 512+len(truth))
	table = strings.NewReplacer("@", fmt.Sprint(offsets[1]), "$", fmt.Sprint(offsets[2]), "#", hashOf([]byte(truth)).String()).Replace(table)
	made, _ := withTable(t, stream, []byte(table), 512, 512+len(truth))
	return made
}

// A table of contents whose digest is right may still say anything. What it says
// is checked, or the whole layer is read.
func TestHostileTOC(t *testing.T) {
	of := func(entries string) string { return `{"version":1,"entries":[` + entries + `]}` }
	passwd := func(members string) string { return of(`{"type":"reg","name":"etc/passwd","size":22,` + members + `}`) }
	chunks := func(first, second string) string {
		return of(`{"type":"reg","name":"etc/passwd","size":22,"offset":@,"digest":"#","chunkDigest":"#",` + first + `},{"type":"chunk","chunkDigest":"#",` + second + `}`)
	}
	tests := []struct {
		name, reason string
		table        string
		want         string
	}{
		{"true", "a table that is right", passwd(`"offset":@,"digest":"#"`), byTable},
		{"spaces", "a table may be laid out as its writer likes", " \n" + strings.ReplaceAll(passwd(`"offset":@,"digest":"#"`), ",", " ,\n\t"), byTable},
		{"more members", "a table may say more", `{"a":[{}],` + passwd(`"offset":@,"digest":"#","x":{"y":[null]}`)[1:], byTable},
		{"true with end", "the end is told", passwd(`"offset":@,"endOffset":$,"digest":"#"`), byTable},
		{"end before begin", "an end that is none", passwd(`"offset":@,"endOffset":1,"digest":"#"`), byTable},
		{"wrong digest", "the content is another", passwd(`"offset":@,"digest":"sha256:` + strings.Repeat("0", 64) + `"`), byError},
		{"wrong chunk digest", "the content is another", passwd(`"offset":@,"digest":"#","chunkDigest":"sha256:` + strings.Repeat("0", 64) + `"`), byError},
		{"other offset", "the content is another file's", passwd(`"digest":"#"`), byError},
		{"amidst", "there is no stream", passwd(`"offset":@0,"digest":"#"`), byLayer},
		{"far", "there is nothing", passwd(`"offset":9000000000000000000,"digest":"#"`), byLayer},
		{"before", "there is nothing", passwd(`"offset":-1,"digest":"#"`), byLayer},
		{"end is far", "there is nothing", passwd(`"offset":@,"endOffset":9000000000000000000,"digest":"#"`), byLayer},
		{"end is too early", "there is not enough", passwd(`"offset":0,"endOffset":9,"innerOffset":512,"digest":"#"`), byLayer},
		{"inside", "the content begins within a stream", passwd(`"offset":0,"innerOffset":512,"digest":"#"`), byTable},
		{"deep inside", "the content begins after the stream's end", passwd(`"offset":@,"innerOffset":90000,"digest":"#"`), byLayer},
		{"too deep inside", "nobody reads so much", passwd(`"offset":@,"innerOffset":9000000000000000000,"digest":"#"`), byLayer},
		{"inside before", "there is nothing", passwd(`"offset":@,"innerOffset":-1,"digest":"#"`), byLayer},
		{"no digest", "nobody can check it", passwd(`"offset":@`), byLayer},
		{"short digest", "nobody can check it", passwd(`"offset":@,"digest":"sha256:00"`), byLayer},
		{"no hexadecimal", "nobody can check it", passwd(`"offset":@,"digest":"sha256:` + strings.Repeat("x", 64) + `"`), byLayer},
		{"other algorithm", "nobody here checks it", passwd(`"offset":@,"digest":"sha512:` + strings.Repeat("0", 128) + `"`), byLayer},
		{"negative size", "a file has less than nothing", of(`{"type":"reg","name":"etc/passwd","size":-1}`), byLayer},
		{"endless file", "nobody reads so much", of(`{"type":"reg","name":"etc/passwd","size":9000000000000000000,"offset":@,"digest":"#"}`), byLayer},
		{"longer", "the content goes on in what follows", of(`{"type":"reg","name":"etc/passwd","size":2000,"offset":@,"digest":"#"}`), byError},
		{"longer than the layer", "the content ends early", of(`{"type":"reg","name":"etc/passwd","size":60000,"offset":@,"digest":"#"}`), byLayer},
		{"overlap", "the second chunk begins in the first", chunks(`"chunkSize":10`, `"chunkOffset":9`), byLayer},
		{"gap", "the second chunk begins after the first one's end", chunks(`"chunkSize":10`, `"chunkOffset":11`), byLayer},
		{"too many bytes", "the chunks are more than the file", chunks(`"chunkSize":10`, `"chunkOffset":10,"chunkSize":13`), byLayer},
		{"too few bytes", "the chunks are less than the file", chunks(`"chunkSize":10`, `"chunkOffset":10,"chunkSize":11`), byLayer},
		{"negative chunk", "a chunk has less than nothing", chunks(`"chunkSize":10`, `"chunkOffset":10,"chunkSize":-1`), byLayer},
		{"endless chunk", "the sum of its begin and its size is less than nothing", chunks(`"chunkSize":10`, `"chunkOffset":10,"chunkSize":9223372036854775807`), byLayer},
		{"first chunk later", "a file's first chunk is at its begin", chunks(`"chunkOffset":1,"chunkSize":10`, `"chunkOffset":11`), byLayer},
		{"empty chunk", "a chunk to the end where the end is", chunks(`"chunkSize":22`, `"chunkOffset":22`), byTable},
		{"many chunks", "chunks of a byte each", of(`{"type":"reg","name":"etc/passwd","size":65535,"chunkSize":1,"digest":"#"}` + strings.Repeat(`,{"type":"chunk","chunkOffset":1}`, 1<<17)), byLayer},
		{"chunk of nothing", "there is no file before it", of(`{"type":"chunk"}`), byLayer},
		{"chunk of a directory", "a directory has no content", of(`{"type":"dir","name":"a"},{"type":"chunk"}`), byLayer},
		{"unknown type", "nobody knows what it makes", of(`{"type":"door","name":"a"}`), byLayer},
		{"no entry", "an entry that is none", of(`null`), byLayer},
		{"text for an entry", "an entry is an object", of(`"etc/passwd"`), byLayer},
		{"lost name", "JSON cannot have the name that stood there", of(`{"type":"dir","name":"a\ufffd"}`), byLayer},
		{"lost link", "JSON cannot have the name that stood there", of(`{"type":"symlink","name":"a","linkName":"\ufffd"}`), byLayer},
		{"leaves", "an entry leaves the root", of(`{"type":"reg","name":"../etc/passwd"}`), byLayer},
		{"link to nowhere", "there is no such file before it", of(`{"type":"hardlink","name":"a","linkName":"b"}`), byLayer},
		{"version 2", "nobody knows what it says", `{"version":2,"entries":[]}`, byLayer},
		{"no version", "nobody knows what it says", `{"entries":[]}`, byLayer},
		{"two lists", "which is the one?", `{"version":1,"entries":[],"entries":[]}`, byLayer},
		{"no list", "the entries are no list", `{"version":1,"entries":{}}`, byLayer},
		{"not closed", "the table ends early", `{"version":1,"entries":[`, byLayer},
		{"nothing", "the table is empty", ``, byLayer},
		{"an array", "the table is no object", `[]`, byLayer},
		{"deep", "a value in a value in a value", `{"a":` + strings.Repeat(`[`, 1<<20) + `}`, byLayer},
		{"long name", "an entry of five megabytes", of(`{"type":"reg","name":"` + strings.Repeat("n", 5<<20) + `"}`), byLayer},
		{"many spaces", "spaces between entries", of(`{"type":"dir","name":"a"}` + strings.Repeat(" ", 9<<20) + `,{"type":"dir","name":"b"}`), byLayer},
		{"bomb", "a table of 160 MB in a few kB", of(`{"type":"dir","name":"a"}` + strings.Repeat(`,{"type":"dir","name":"a","x":"`+strings.Repeat("x", 1<<20)+`"}`, 160)), byLayer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			l := lying(t, tt.table)
			meter := metered(laidOut(t, l), l)
			wantLittleMemory(t, func() { wantAnswered(t, meter, tt.want) })
		})
	}
}

// wantAnswered reads the account file.
func wantAnswered(t *testing.T, meter *meter, want string) {
	t.Helper()
	files := layoutFiles(t, meter)
	content, err := fs.ReadFile(files, "etc/passwd")
	if want == byError {
		wantKind(t, err, imageconfig.ErrInvalid)
		return
	}
	if err != nil || string(content) != truth {
		t.Errorf("passwd is %q, %v", content, err)
	}
	if byWhole := meter.whole.Load() != 0; byWhole != (want == byLayer) {
		t.Errorf("the whole layer was read: %v, want an answer %s", byWhole, want)
	}
}

// A table whose names take too much memory is done without.
func TestHostileTOCNames(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("reads 70 MB of JSON")
	}
	t.Parallel()
	var table strings.Builder
	table.WriteString(`{"version":1,"entries":[{"type":"dir","name":"a"}`)
	long := strings.Repeat("n", 100<<10)
	for n := range 700 {
		fmt.Fprintf(&table, `,{"type":"reg","name":"%d%s"}`, n, long)
	}
	table.WriteString("]}")
	l := lying(t, table.String())
	wantAnswered(t, metered(laidOut(t, l), l), byLayer)
}

// FuzzTOC takes any bytes as a table of contents whose digest is right. It never
// panics, each path is answered for with what is there or an *Error, in memory
// that is bounded, and the same table gives the same answers again.
func FuzzTOC(f *testing.F) {
	f.Add(`{"version":1,"entries":[{"type":"reg","name":"etc/passwd","size":22,"offset":@,"digest":"#"}]}`)
	f.Add(`{"version":1,"entries":[{"type":"reg","name":"a","size":22,"offset":@,"digest":"#","chunkSize":1,"chunkDigest":"#"},{"type":"chunk","chunkOffset":1},{"type":"hardlink","name":"b","linkName":"a"}]}`)
	f.Add(`{"x":[{}],"entries":[{"type":"symlink","name":"etc","linkName":"/a"},{"type":"char","name":"c"},{"type":"reg","name":"etc/.wh.passwd"}],"version":1}`)
	f.Fuzz(func(t *testing.T, table string) {
		l := lying(t, table)
		files := laidOut(t, plainLayer(tarOf(t, dir("etc"), file("a", "a"))), l)
		var seen [2]string
		wantLittleMemory(t, func() {
			for n := range seen {
				seen[n] = answers(t, layoutFiles(t, files), "etc/passwd", "etc/group", "a", "b", "c", "etc", "bin/app")
			}
		})
		if seen[0] != seen[1] {
			t.Errorf("the second look differs:\n%s\n%s", seen[0], seen[1])
		}
	})
}

// answers describes what is at each path.
func answers(t *testing.T, files fs.FS, names ...string) string {
	t.Helper()
	var seen strings.Builder
	for _, name := range names {
		info, err := fs.Lstat(files, name)
		if err == nil {
			fmt.Fprintln(&seen, name, info.Mode(), info.Size(), info.Sys())
		}
		content, openErr := fs.ReadFile(files, name)
		fmt.Fprintln(&seen, name, len(content), hashOf(content), err, openErr)
		for _, err := range []error{err, openErr} {
			var known *imageconfig.Error
			var ofPath *fs.PathError
			if err != nil && !errors.As(err, &known) && !errors.As(err, &ofPath) {
				t.Errorf("%q: %v (%T) is neither an *Error nor a path's", name, err, err)
			}
		}
	}
	return seen.String()
}
