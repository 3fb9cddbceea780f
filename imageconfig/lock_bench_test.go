package imageconfig_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

// BenchmarkReadLock reads a lock of a hundred images.
func BenchmarkReadLock(b *testing.B) {
	images := imageconfig.Map{}
	for n := range 100 {
		images[fmt.Sprintf("registry.example/app-%d:v1", n)] = find(b, goldenSource(b), "nginx:1.28")
	}
	recorder := &imageconfig.Recorder{Source: images}
	for ref := range images {
		if _, err := fs.ReadFile(filesOf(b, find(b, recorder, ref)), "etc/passwd"); err != nil {
			b.Fatal(err)
		}
	}
	lock, err := recorder.Lock()
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := lock.WriteTo(&out); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(out.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := imageconfig.ReadLock(bytes.NewReader(out.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
