package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// role is the environment variable that makes the test binary another process.
const role = "DRYSTART_COMPARE_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "registry":
		serve()
	case "reader":
		readAndReport()
	default:
		os.Exit(runTests(m))
	}
}

// runTests keeps the credentials of whoever runs the tests out of them.
func runTests(m *testing.M) int {
	home, err := os.MkdirTemp("", "compare")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	for _, variable := range []string{"HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"} {
		if err := os.Setenv(variable, home); err != nil {
			panic(err)
		}
	}
	return m.Run()
}

// traffic is how often a registry was asked, and the bytes of all connections,
// headers included.
type traffic struct {
	Requests, Bytes int64
}

// serve is the registry's process. It writes its address, and ends when its
// standard input does.
func serve() {
	real := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	var requests, bytes atomic.Int64
	big := newBigImages()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		requests.Add(1)
		if strings.HasPrefix(request.URL.Path, "/v2/big-") {
			big.ServeHTTP(w, request)
			return
		}
		real.ServeHTTP(w, request)
	}))
	server.Listener = countingListener{server.Listener, &bytes}
	server.Start()
	// Who asks for the traffic makes none.
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(traffic{requests.Swap(0), bytes.Swap(0)})
	}))
	host := strings.TrimPrefix(server.URL, "http://")
	if err := pushSmall(host); err != nil {
		panic(err)
	}
	fmt.Println(host, control.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// A countingListener counts what goes over its connections, both ways.
type countingListener struct {
	net.Listener
	bytes *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return countingConn{conn, l.bytes}, err
}

type countingConn struct {
	net.Conn
	bytes *atomic.Int64
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// A remoteRegistry is a registry in another process. It lasts as long as its
// standard input is held.
type remoteRegistry struct {
	host, control string
	hold          io.Closer
}

// started is the one registry of all tests and benchmarks.
var started = sync.OnceValues(func() (*remoteRegistry, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), role+"=registry")
	command.Stderr = os.Stderr
	hold, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	r := &remoteRegistry{hold: hold}
	_, err = fmt.Fscanln(out, &r.host, &r.control)
	return r, err
})

func startRegistry(t testing.TB) *remoteRegistry {
	t.Helper()
	r, err := started()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// traffic returns what there was since the last call.
func (r *remoteRegistry) traffic(t testing.TB) traffic {
	t.Helper()
	response, err := http.Get(r.control)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var seen traffic
	if err := json.NewDecoder(response.Body).Decode(&seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

// push writes an image to a registry.
func push(ref string, image v1.Image) error {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	return remote.Write(parsed, image)
}
