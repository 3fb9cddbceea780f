package imageconfig_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Several layers are shown as a node's overlay shows them.
func TestLayersTogether(t *testing.T) {
	t.Parallel()
	base := layer{dir("etc"), file("etc/passwd", "old"), file("etc/group", "old"), file("opt/app/run", "run"), symlink("lib", "usr/lib"), file("usr/lib/a", "a")}
	tests := []struct {
		name, reason string
		layers       []layer // above base
		want         map[string]string
	}{
		{"over", "a later layer comes over an earlier one", []layer{{file("etc/passwd", "new")}},
			map[string]string{"etc/passwd": "new", "etc/group": "old"}},
		{"third", "the last layer of all wins", []layer{{file("etc/passwd", "2")}, {file("etc/passwd", "3")}},
			map[string]string{"etc/passwd": "3"}},
		{"whiteout of a file", "it hides this file and no other", []layer{{file("etc/.wh.passwd", "")}},
			map[string]string{"etc/passwd": gone, "etc/.wh.passwd": gone, "etc/group": "old"}},
		{"whiteout of a directory", "it hides all that is in it", []layer{{file(".wh.opt", "")}},
			map[string]string{"opt": gone, "opt/app": gone, "opt/app/run": gone}},
		{"whiteout of a link", "it hides the link, not what it names", []layer{{file(".wh.lib", "")}},
			map[string]string{"lib": gone, "usr/lib/a": "a"}},
		{"whiteout of nothing", "it hides nothing", []layer{{file("etc/.wh.shadow", "")}},
			map[string]string{"etc/shadow": gone, "etc/passwd": "old"}},
		{"added again", "a layer above a whiteout starts anew", []layer{{file(".wh.opt", "")}, {file("opt/app/new", "new")}},
			map[string]string{"opt/app/new": "new", "opt/app/run": gone}},
		{"file added again", "a layer above a whiteout starts anew", []layer{{file("etc/.wh.passwd", "")}, {file("etc/passwd", "again")}},
			map[string]string{"etc/passwd": "again"}},
		{"whiteout, then file, in one layer", "the file takes the whiteout's place", []layer{{file("etc/.wh.passwd", ""), file("etc/passwd", "new")}},
			map[string]string{"etc/passwd": "new"}},
		{"whiteout, then directory, in one layer", "containerd's new directory is not opaque", []layer{{file(".wh.opt", ""), dir("opt"), file("opt/new", "new")}},
			map[string]string{"opt/new": "new", "opt/app/run": "run"}},
		{"opaque", "what is below is hidden", []layer{{dir("opt"), file("opt/.wh..wh..opq", "")}},
			map[string]string{"opt": "/", "opt/app": gone, "opt/.wh..wh..opq": gone, "etc/passwd": "old"}},
		{"opaque before entries", "the layer's own entries are seen", []layer{{file("opt/.wh..wh..opq", ""), file("opt/app/new", "new")}},
			map[string]string{"opt/app/new": "new", "opt/app/run": gone}},
		{"opaque after entries", "the marker may come last", []layer{{file("opt/app/new", "new"), file("opt/.wh..wh..opq", "")}},
			map[string]string{"opt/app/new": "new", "opt/app/run": gone}},
		{"opaque root", "the kernel merges the roots of all layers", []layer{{file(".wh..wh..opq", ""), file("a", "a")}},
			map[string]string{"a": "a", "etc/passwd": "old"}},
		{"device 0:0", "it is the kernel's own whiteout", []layer{{device("etc/passwd", 0, 0)}},
			map[string]string{"etc/passwd": gone, "etc/group": "old"}},
		{"hard link to a whiteout", "it hides too", []layer{{file("etc/.wh.passwd", ""), hardlink("etc/group", "etc/passwd")}},
			map[string]string{"etc/passwd": gone, "etc/group": gone}},
		{"opaque in the middle", "layers above add to it", []layer{{file("etc/.wh..wh..opq", "")}, {file("etc/group", "new")}},
			map[string]string{"etc/group": "new", "etc/passwd": gone}},
		{"directory over file", "nothing of the file is left", []layer{{dir("etc/passwd"), file("etc/passwd/x", "x")}},
			map[string]string{"etc/passwd": "/", "etc/passwd/x": "x"}},
		{"file over directory", "nothing of the directory is left", []layer{{file("opt", "file")}},
			map[string]string{"opt": "file", "opt/app": gone, "opt/app/run": gone}},
		{"directory over link", "nothing of the link is left", []layer{{dir("lib"), file("lib/b", "b")}},
			map[string]string{"lib": "/", "lib/b": "b", "lib/a": gone, "usr/lib/a": "a"}},
		{"entry below a lower layer's link", "a layer is unpacked without those below", []layer{{file("lib/b", "b")}},
			map[string]string{"lib": "/", "lib/b": "b", "usr/lib/b": gone}},
		{"directory over file over directory", "a file in between parts the directories", []layer{{file("opt", "file")}, {dir("opt"), file("opt/new", "new")}},
			map[string]string{"opt/new": "new", "opt/app": gone}},
		{"hard link", "a layer links its own files", []layer{{file("etc/passwd", "new"), hardlink("etc/passwd-", "etc/passwd")}},
			map[string]string{"etc/passwd-": "new"}},
		{"hard link to what is replaced above", "the names part when a later layer replaces one",
			[]layer{{file("a", "1"), hardlink("b", "a")}, {file("a", "2")}}, map[string]string{"a": "2", "b": "1"}},
		{"link and file", "a link's target is looked for in all layers", []layer{{symlink("etc/passwd", "../usr/lib/a")}},
			map[string]string{"etc/passwd": "->../usr/lib/a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			got := look(t, unpack(t, append([]layer{base}, tt.layers...)...), keysOf(tt.want)...)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}
