package imageconfig_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/imageconfig"
)

// FuzzDaemonFiles takes any bytes as a layer that a daemon saves. In each place
// among the layers the files are those of the same layers read one by one, or the
// same error.
func FuzzDaemonFiles(f *testing.F) {
	f.Add(tarOf(f, dir("etc"), file("etc/passwd", "root"), symlink("lib", "usr/lib"), file("lib/x", "x")))
	f.Add(tarOf(f, file("a", "a"), file(".wh.a", ""), file("a/b", "b"), dir("c"), file("c/.wh..wh..opq", "")))
	f.Add(tarOf(f, file(".wh.a", ""), file("a", "a")))
	f.Add(tarOf(f, device("a", 0, 0), file("a/.wh.b", "")))
	f.Add(tarOf(f, file("../etc/passwd", "evil")))
	f.Add([]byte("no tar"))
	f.Add([]byte{})
	var answer, archive []byte
	source := listen(f, faulty(faulty(&fakeDaemon{t: f, api: 44}, "/json",
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }), "/get",
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) }))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if bytes.HasPrefix(stream, []byte{0x1f, 0x8b}) || bytes.HasPrefix(stream, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
			t.Skip("a compressed layer has another diffID")
		}
		base := tarOf(t, dir("etc"), file("etc/passwd", "root"), file("a/b/c", "c"), symlink("lib", "usr/lib"))
		names := pathsOf(stream)
		for _, streams := range [][][]byte{{stream}, {base, stream}, {stream, base}, {stream, stream}} {
			saved, diffIDs := layer{}, []string{}
			for n, each := range streams {
				saved = append(layer{file(fmt.Sprint(n), string(each))}, saved...)
				diffIDs = append(diffIDs, hashOf(each).String())
			}
			archive = tarOf(t, saved...)
			answer = jsonOf(t, map[string]any{
				"Id": "sha256:" + hashOf(nil).Hex, "Os": "linux", "Architecture": "amd64", "Config": map[string]any{},
				"RootFS": map[string]any{"Type": "layers", "Layers": diffIDs},
			})
			one, err := imageconfig.FromV1(plainImage(t, streams))
			if err != nil {
				t.Fatal(err)
			}
			want, got := shape(t, filesOf(t, one), names), shape(t, filesOf(t, find(t, source, "app")), names)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d layers (-one by one +saved):\n%s", len(streams), diff)
			}
		}
	})
}
