package imageconfig_test

import (
	"io/fs"
	"math/rand/v2"
	"net/http"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// BenchmarkDaemonFiles looks up an account file of an image with 64 MB in two
// layers, as a Docker daemon streams it. Its bytes are those of the stream.
func BenchmarkDaemonFiles(b *testing.B) {
	noise := make([]byte, 32<<20)
	if _, err := rand.NewChaCha8([32]byte{}).Read(noise); err != nil {
		b.Fatal(err)
	}
	image := onPlatform(b, imageOf(b, "app",
		layer{file("etc/passwd", "root"), file("bin/app", string(noise))}, layer{file("bin/app", string(noise))}), amd64)
	daemon := &fakeDaemon{t: b, api: 44, images: map[string][]v1.Image{"docker.io/library/app:v1": {image}}}
	stream := tarOf(b, daemon.archive(image)...)
	source := listen(b, faulty(daemon, "/images/get", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(stream) // who hangs up is a client's affair
	}))
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		found, err := source.Image(b.Context(), "app:v1", amd64)
		if err != nil {
			b.Fatal(err)
		}
		if content, err := fs.ReadFile(filesOf(b, found), "etc/passwd"); err != nil || string(content) != "root" {
			b.Fatalf("passwd is %q, %v", content, err)
		}
	}
}
