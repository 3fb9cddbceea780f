package identity_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/identity"
)

// A table runs the cases of one test. Each case has a name of its own and a
// reason: why it is there.
type table struct {
	t    *testing.T
	seen map[string]bool
}

func newTable(t *testing.T) *table {
	t.Helper()
	return &table{t: t, seen: map[string]bool{}}
}

func (tb *table) run(name, reason string, test func(*testing.T)) {
	tb.t.Helper()
	if name == "" || tb.seen[name] {
		tb.t.Errorf("case name %q is empty or repeated", name)
	}
	if reason == "" {
		tb.t.Errorf("case %q has no reason", name)
	}
	tb.seen[name] = true
	tb.t.Run(name, func(t *testing.T) {
		t.Helper()
		test(t)
		if t.Failed() {
			t.Logf("reason of the case: %s", reason)
		}
	})
}

// same fails the test where want and got differ.
func same(t *testing.T, want, got any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
}

// failsWith fails the test where err's text is not want.
func failsWith(t *testing.T, want string, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	same(t, want, err.Error())
}

// image returns an image's files. A content "-> target" is a symbolic link; a
// path that ends in a slash is a directory.
func image(contents map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, content := range contents {
		target, isLink := strings.CutPrefix(content, "-> ")
		switch {
		case isLink:
			files[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		case strings.HasSuffix(name, "/"):
			files[strings.TrimSuffix(name, "/")] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		default:
			files[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		}
	}
	return files
}

// accounts returns an image that holds the two account files.
func accounts(passwd, group string) fstest.MapFS {
	return image(map[string]string{"etc/passwd": passwd, "etc/group": group})
}

// asks returns the kubelet's request for an image with that USER, in a Pod that
// says nothing.
func asks(user string) identity.Request {
	return identity.ContainerRequest(&corev1.Pod{}, &corev1.Container{}, identity.ParseImageUser(user))
}

func fromContainer(number int64, field string) identity.ID {
	return identity.NewID(number, identity.Origin{Source: identity.SourceContainer, Name: field})
}

func fromPod(number int64, field string) identity.ID {
	return identity.NewID(number, identity.Origin{Source: identity.SourcePod, Name: field})
}

func fromImage(number int64, user string) identity.ID {
	return identity.NewID(number, identity.Origin{Source: identity.SourceImage, Name: user})
}

func fromPasswd(number int64, entry string) identity.ID {
	return identity.NewID(number, identity.Origin{Source: identity.SourcePasswd, Name: entry})
}

func fromGroup(number int64, entry string) identity.ID {
	return identity.NewID(number, identity.Origin{Source: identity.SourceGroup, Name: entry})
}

// fromDefault returns the gid of a uid that has no entry.
func fromDefault(uid string) identity.ID {
	return identity.NewID(0, identity.Origin{Source: identity.SourceDefault, Name: uid})
}
