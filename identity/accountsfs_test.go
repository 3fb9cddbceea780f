package identity_test

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
)

// A rememberedFS is an AccountsFS that counts how often a file is opened.
type rememberedFS struct {
	fstest.MapFS
	accounts identity.Accounts
	mu       sync.Mutex
	opened   map[string]int
}

func (r *rememberedFS) Accounts() *identity.Accounts { return &r.accounts }

func (r *rememberedFS) Open(name string) (fs.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened[name]++
	return r.MapFS.Open(name)
}

func remembered(files fstest.MapFS) *rememberedFS {
	return &rememberedFS{MapFS: files, opened: map[string]int{}}
}

// answer is what a runtime makes of a request, as a text.
func answer(runtime identity.Runtime, root fs.FS, request identity.Request) string {
	process, err := runtime.Process(root, request)
	if err == nil {
		process, err = identity.SetupUserByFiles(root, process, identity.IDMapSize)
	}
	return fmt.Sprintf("%+v, %v", process, err)
}

// TestAccountsFS asks each runtime the same of files that are remembered and of
// files that are not, in turn, so that each asks what another has read.
func TestAccountsFS(t *testing.T) {
	const passwd, group = "root:x:0:0\napp:x:1000:1000\napp:x:1:1\nhigh:x:4294967296:5\n", "app:x:7:app\nstaff:x:50:a,app\nstaff:x:51:app\n"
	long := strings.Repeat("x", 70<<10)
	tests := []struct {
		name, reason string
		files        fstest.MapFS
	}{
		{"plain", "Both files are read and kept.", accounts(passwd, group)},
		{"no files", "What is absent is known too.", fstest.MapFS{}},
		{"large", "Large files are read each time, for what is asked.", accounts(passwd+strings.Repeat("x:x:3:3:"+long[:1000]+"\n", 80), group+strings.Repeat("x:"+long[:1000]+":3:app\n", 80))},
		{"long lines", "The parser's refusal is kept in the words of each.", accounts(long, group+long)},
		{"directories", "They are no files, in the words of each.", image(map[string]string{"etc/passwd/": "", "etc/group/": ""})},
		{"links", "The ways to a file differ.", image(map[string]string{"etc/passwd": "-> /p", "etc/group": "-> group", "p": passwd})},
	}
	runtimes := []identity.Runtime{identity.CRIO{}}
	for _, files := range views {
		for _, outOfRange := range []identity.OutOfRange{identity.RefuseOutOfRange, identity.NameOutOfRange, identity.WrapOutOfRange} {
			runtimes = append(runtimes, identity.Containerd{UserFiles: files, OutOfRange: outOfRange})
		}
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			root := remembered(test.files)
			for _, user := range []string{"app", "1000", "5", "gone", "4294967296", "root"} {
				for _, runtime := range runtimes {
					same(t, answer(runtime, test.files, asks(user)), answer(runtime, root, asks(user)))
				}
			}
		})
	}
}

// TestAccountsFSReadsOnce counts how often a file is opened by many at once.
func TestAccountsFSReadsOnce(t *testing.T) {
	root := remembered(accounts("app:x:1000:1000\n", "staff:x:50:app\n"))
	want := answer(identity.Containerd{}, root, asks("app"))
	opened := fmt.Sprint(root.opened)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { same(t, want, answer(identity.Containerd{}, root, asks("app"))) })
	}
	group.Wait()
	same(t, opened, fmt.Sprint(root.opened))
}

// TestAccountsFSForgetsFailures has files that can be read at the second try.
func TestAccountsFSForgetsFailures(t *testing.T) {
	root := &healing{brokenFS: brokenFS{MapFS: accounts("app:x:1000:1000\n", "staff:x:50:app\n"), read: map[string]error{"etc/group": errStorage}}}
	_, err := identity.Containerd{}.Process(root, asks("app"))
	failsWith(t, "cannot read /etc/group: storage failed", err)
	root.read = nil
	process, err := identity.Containerd{}.Process(root, asks("app"))
	if err != nil || len(process.Groups) != 2 {
		t.Errorf("the second try has %+v and %v, want two groups", process, err)
	}
}

type healing struct {
	brokenFS
	accounts identity.Accounts
}

func (h *healing) Accounts() *identity.Accounts { return &h.accounts }
