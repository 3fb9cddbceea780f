package imageconfig_test

import (
	"io/fs"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

// TestImpliedDirectory has a layer that puts files into directories without an
// entry for them: they keep the looks that a lower layer gave them.
func TestImpliedDirectory(t *testing.T) {
	files := unpack(t, layer{dir("etc").owned(0o700, 5, 6)}, layer{file("etc/new", "x"), file("opt/new", "x")}, layer{file("etc/newer", "x")})
	tests := []struct {
		name, reason string
		mode         fs.FileMode
		owner        imageconfig.Owner
	}{
		{"etc", "a lower layer has it", fs.ModeDir | 0o700, imageconfig.Owner{UID: 5, GID: 6}},
		{"opt", "no layer has it", fs.ModeDir | 0o755, imageconfig.Owner{}},
	}
	for _, test := range tests {
		needsReason(t, test.reason)
		info, err := fs.Lstat(files, test.name)
		if err != nil {
			t.Fatal(err)
		}
		if owner, ok := info.Sys().(*imageconfig.Owner); !ok || *owner != test.owner || info.Mode() != test.mode {
			t.Errorf("%s: %v owned by %v, want %v owned by %v", test.name, info.Mode(), info.Sys(), test.mode, test.owner)
		}
	}
}

// TestImpliedDirectoryOnTheWay opens a file in a directory without an entry: the
// layers below, which know what the directory looks like, are not read.
func TestImpliedDirectoryOnTheWay(t *testing.T) {
	lower := plainLayer(tarOf(t, dir("etc").owned(0o700, 5, 6), file("etc/group", "group")))
	upper := plainLayer(tarOf(t, file("etc/passwd", "root")))
	meter := metered(laidOut(t, lower, upper), lower)
	files := layoutFiles(t, meter)
	wantContent(t, files, "etc/passwd", "root")
	if meter.whole.Load() != 0 {
		t.Error("the lower layer is read")
	}
	if info := lstat(t, files, "etc"); info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("etc is %v, want what the lower layer says", info.Mode())
	}
	wantContent(t, files, "etc/group", "group")
}
