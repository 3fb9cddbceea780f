package imageconfig_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"

	"github.com/drystart/drystart/imageconfig"
)

// A fakeDaemon answers as a container daemon does, as far as images go.
type fakeDaemon struct {
	t testing.TB
	// api is the x of its API version 1.x, below which it serves all versions.
	api int
	// podman is whether it is Podman's service.
	podman bool
	// containerd is whether it stores images as containerd does, with all
	// platforms that an image was pulled for.
	containerd bool
	// images are by their names in full.
	images map[string][]v1.Image

	mu   sync.Mutex
	seen []string
}

var imagePath = regexp.MustCompile(`^/v1\.(\d+)/images/(.*)/json$|^/v1\.(\d+)/images/get$`)

func (d *fakeDaemon) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	d.mu.Lock()
	d.seen = append(d.seen, request.URL.RequestURI())
	d.mu.Unlock()
	w.Header().Set("Api-Version", "1."+strconv.Itoa(d.api))
	if d.podman {
		w.Header().Set("Libpod-Api-Version", "5.8.2")
	}
	if request.URL.Path == "/_ping" {
		_, _ = io.WriteString(w, "OK") // who hangs up is a client's affair
		return
	}
	parts := imagePath.FindStringSubmatch(request.URL.Path)
	if request.Method != http.MethodGet || parts == nil {
		d.fail(w, http.StatusNotFound, "page not found")
		return
	}
	version, err := strconv.Atoi(parts[1] + parts[3])
	if err != nil || version > d.api && !d.podman {
		d.fail(w, http.StatusBadRequest, "client version is too new")
		return
	}
	platform := request.URL.Query()["platform"]
	if parts[2] == "" {
		if version < 48 {
			platform = nil
		}
		d.save(w, request.URL.Query().Get("names"), platform)
		return
	}
	if version < 49 {
		platform = nil
	}
	d.inspect(w, parts[2], version, platform)
}

// requests returns what was asked after the version, and forgets it.
func (d *fakeDaemon) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.seen
	d.seen = nil
	return seen
}

func (d *fakeDaemon) fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	answer := map[string]any{"message": message}
	if d.podman {
		answer["cause"], answer["response"] = message, status
	}
	_ = json.NewEncoder(w).Encode(answer) // who hangs up is a client's affair
}

// find returns the image of a name or an ID for the platform asked for, or of the
// daemon's own, amd64.
func (d *fakeDaemon) find(w http.ResponseWriter, name string, asked []string) (v1.Image, bool) {
	wanted := amd64
	if len(asked) > 0 {
		if err := json.Unmarshal([]byte(asked[0]), &wanted); err != nil || wanted.OS == "" || wanted.Architecture == "" {
			d.fail(w, http.StatusBadRequest, "both OS and Architecture must be provided")
			return nil, false
		}
	}
	held := d.images[name]
	for each := range maps.Values(d.images) {
		for _, image := range each {
			id, digest := configDigest(d.t, image), digestOf(d.t, image)
			if d.containerd {
				id = digest
			}
			if name == id || strings.HasSuffix(name, "@"+digest) {
				held = []v1.Image{image}
			}
		}
	}
	if held == nil {
		if d.podman {
			d.fail(w, http.StatusNotFound, fmt.Sprintf("failed to find image %s: %s: No such image", name, name))
		} else {
			d.fail(w, http.StatusNotFound, "No such image: "+name)
		}
		return nil, false
	}
	for _, image := range held {
		if config := configFile(d.t, image); config.OS == wanted.OS && config.Architecture == wanted.Architecture {
			return image, true
		}
	}
	if len(asked) > 0 {
		d.fail(w, http.StatusNotFound, "image with reference "+name+" was found but does not provide the specified platform")
		return nil, false
	}
	if d.containerd {
		return nil, true
	}
	return held[0], true
}

func configFile(t testing.TB, image v1.Image) *v1.ConfigFile {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// inspect answers GET /images/{name}/json.
func (d *fakeDaemon) inspect(w http.ResponseWriter, name string, version int, platform []string) {
	image, ok := d.find(w, name, platform)
	if !ok {
		return
	}
	answer := map[string]any{
		"Id": "sha256:" + hashOf([]byte(name)).Hex, "RepoTags": []string{}, "RepoDigests": []string{}, "Size": 0,
		"Os": "", "Architecture": "", "RootFS": map[string]any{}, "Config": map[string]any{},
	}
	if image != nil {
		config := configFile(d.t, image)
		layers := []string{}
		for _, diffID := range config.RootFS.DiffIDs {
			layers = append(layers, diffID.String())
		}
		maps.Copy(answer, map[string]any{
			"Id": configDigest(d.t, image), "Os": config.OS, "Architecture": config.Architecture, "Size": 4711,
			"Created": "2024-01-01T00:00:00Z", "GraphDriver": map[string]any{"Name": "overlay2", "Data": nil},
			"RootFS": map[string]any{"Type": "layers", "Layers": layers},
			"Config": map[string]any{
				"User": config.Config.User, "Env": config.Config.Env, "Cmd": config.Config.Cmd, "WorkingDir": config.Config.WorkingDir,
				"Entrypoint": config.Config.Entrypoint, "Volumes": nil, "OnBuild": nil, "Labels": nil,
			},
		})
		if d.containerd {
			answer["Id"] = digestOf(d.t, image)
		}
		if d.containerd && version >= 48 {
			descriptor, err := partial.Descriptor(image)
			if err != nil {
				d.t.Error(err)
			}
			answer["Descriptor"] = descriptor
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // who hangs up is a client's affair
}

// save answers GET /images/get.
func (d *fakeDaemon) save(w http.ResponseWriter, name string, platform []string) {
	image, ok := d.find(w, name, platform)
	if !ok || image == nil {
		return
	}
	w.Header().Set("Content-Type", "application/x-tar")
	_, _ = w.Write(tarOf(d.t, d.archive(image)...)) // who hangs up is a client's affair
}

// archive returns what the daemon writes of an image: Docker the layers under
// their diffIDs, Podman with links to them, and either as containerd stores them,
// compressed, in the order of their digests.
func (d *fakeDaemon) archive(image v1.Image) layer {
	if d.containerd {
		place := writeLayout(d.t, called(image, imageName, "docker.io/library/app:v1", refName, "v1"))
		return append(entriesOf(d.t, place), file("manifest.json", "[]"))
	}
	layers, err := image.Layers()
	if err != nil {
		d.t.Error(err)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		d.t.Error(err)
	}
	archive := layer{file("config.json", string(config))}
	for n, each := range layers {
		content, diffID := uncompressed(d.t, each)
		if d.podman {
			archive = append(archive, file(diffID.Hex+".tar", content),
				symlink(fmt.Sprintf("%064d/layer.tar", n), "../"+diffID.Hex+".tar"))
			continue
		}
		archive = append(archive, dir("blobs"), dir("blobs/sha256"), file("blobs/sha256/"+diffID.Hex, content))
	}
	return append(archive, file("manifest.json", `[{"Config":"config.json","RepoTags":null,"Layers":[]}]`))
}

func uncompressed(t testing.TB, each v1.Layer) (content string, diffID v1.Hash) {
	t.Helper()
	diffID, err := each.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := each.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return string(all), diffID
}

// listen starts a daemon on a unix socket.
func listen(t testing.TB, handler http.Handler) imageconfig.Daemon {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "d.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return imageconfig.Daemon{Host: "unix://" + socket}
}

// onPlatform returns the image with a config for that platform.
func onPlatform(t testing.TB, image v1.Image, platform v1.Platform) v1.Image {
	t.Helper()
	config := configFile(t, image).DeepCopy()
	config.OS, config.Architecture = platform.OS, platform.Architecture
	made, err := mutate.ConfigFile(image, config)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
