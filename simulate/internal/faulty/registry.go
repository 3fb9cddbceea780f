// Package faulty is a container registry for tests that answers wrongly where it
// is told to. It speaks HTTP on a loopback address; what it holds was really
// pushed, and a request that no fault is planned for has the real answer.
//
// A fault is an [Answer] to some requests; a [Plan] says to which. Nothing here
// sleeps: what takes for ever ends when the client gives up.
package faulty

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	// token is what a guarded registry wants to see.
	token = "opensesame"
	// moved begins the paths under which everything is once more, without faults.
	moved = "/moved"
)

// A Plan says how a request is answered: the part of the protocol that it is,
// its path, and how often that path was asked for so far, from 1. Nil is the real
// answer.
type Plan func(part Part, path string, attempt int) Answer

// A Registry is a registry that runs. It is safe for concurrent use.
type Registry struct {
	// Host is its address, such as "127.0.0.1:5000".
	Host string
	// Elsewhere is another host with the same content and no faults.
	Elsewhere string

	real     http.Handler
	servers  []*httptest.Server
	guarded  bool
	mu       sync.Mutex
	plan     Plan
	configs  map[string]bool // digests
	attempts map[string]int
	faults   int
	seen     []string // the credentials that Elsewhere was shown
}

// Serve starts a registry that answers by a plan; a nil one has no faults. It is
// guarded if every request needs a token of its own token server.
func Serve(plan Plan, guarded bool) *Registry {
	r := &Registry{
		real:     registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		guarded:  guarded,
		plan:     plan,
		configs:  map[string]bool{},
		attempts: map[string]int{},
	}
	r.Host = r.start(http.HandlerFunc(r.answer))
	r.Elsewhere = r.start(http.HandlerFunc(r.elsewhere))
	return r
}

func (r *Registry) start(handler http.Handler) (host string) {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	r.servers = append(r.servers, server)
	return strings.TrimPrefix(server.URL, "http://")
}

// Close stops the registry. It returns when no request is under way.
func (r *Registry) Close() {
	for _, server := range r.servers {
		server.Close()
	}
}

// Follow makes the registry answer by another plan, and counts requests anew.
func (r *Registry) Follow(plan Plan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan, r.faults = plan, 0
	clear(r.attempts)
}

// Requests returns how many requests there were since the plan began, and how
// many had a fault.
func (r *Registry) Requests() (all, faults int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.attempts {
		all += n
	}
	return all, r.faults
}

// ShownElsewhere returns the credentials that the other host was shown; empty
// for a request without any.
func (r *Registry) ShownElsewhere() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// Push stores an image, an index or a [Document] under a reference's path and
// tag, past all faults.
func (r *Registry) Push(path string, what remote.Taggable) error {
	ref, err := name.ParseReference(r.Host + "/" + path)
	if err != nil {
		return err
	}
	past := remote.WithTransport(&direct{r.real})
	switch what := what.(type) {
	case v1.Image:
		if err := r.knowConfig(what); err != nil {
			return err
		}
		return remote.Write(ref, what, past)
	case v1.ImageIndex:
		if err := r.knowConfigs(what); err != nil {
			return err
		}
		return remote.WriteIndex(ref, what, past)
	default:
		return remote.Put(ref, what, past)
	}
}

// knowConfigs is knowConfig for the images of an index.
func (r *Registry) knowConfigs(index v1.ImageIndex) error {
	listed, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, entry := range listed.Manifests {
		if !entry.MediaType.IsImage() {
			continue
		}
		image, err := index.Image(entry.Digest)
		if err != nil {
			return err
		}
		if err := r.knowConfig(image); err != nil {
			return err
		}
	}
	return nil
}

// knowConfig keeps the digest of an image's config, to tell it from a layer.
func (r *Registry) knowConfig(image v1.Image) error {
	digest, err := image.ConfigName()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.configs[digest.String()] = true
	return nil
}

// answer is the registry's handler.
func (r *Registry) answer(w http.ResponseWriter, request *http.Request) {
	if path, ok := strings.CutPrefix(request.URL.Path, moved); ok {
		request.URL.Path = path
		r.rightly(w, request)
		return
	}
	if answer := r.planned(request); answer != nil {
		answer(&Exchange{W: w, R: request, Registry: r, Began: func() {}})
		return
	}
	r.rightly(w, request)
}

// planned returns the answer that is planned for a request, and counts it.
func (r *Registry) planned(request *http.Request) Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	path := request.URL.Path
	r.attempts[path]++
	if r.plan == nil {
		return nil
	}
	answer := r.plan(r.partOf(path), path, r.attempts[path])
	if answer != nil {
		r.faults++
	}
	return answer
}

// rightly answers as a registry without faults.
func (r *Registry) rightly(w http.ResponseWriter, request *http.Request) {
	switch {
	case request.URL.Path == "/token":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"token":"`+token+`"}`) // a client that hangs up is no error
	case r.guarded && request.Header.Get("Authorization") != "Bearer "+token:
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		r.real.ServeHTTP(w, request)
	}
}

func (r *Registry) elsewhere(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.seen = append(r.seen, request.Header.Get("Authorization"))
	r.mu.Unlock()
	r.real.ServeHTTP(w, request)
}

// direct is a transport that asks a handler without a network.
type direct struct{ handler http.Handler }

func (d *direct) RoundTrip(request *http.Request) (*http.Response, error) {
	body := io.Reader(bytes.NewReader(nil))
	if request.Body != nil {
		body = request.Body
	}
	copied := request.Clone(request.Context())
	copied.Body = io.NopCloser(body)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, copied)
	response := w.Result()
	response.Request = request
	return response, nil
}
