package imageconfig

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Daemon is the [Source] of the images that a Docker daemon holds, or Podman's
// service, which answers the same API. Its zero value is the daemon that the
// docker command would use: what DOCKER_HOST, DOCKER_CERT_PATH and
// DOCKER_TLS_VERIFY say, or else the first socket that is there of Docker's
// (/var/run/docker.sock), the user's Podman's and the system's Podman's. The
// contexts of the docker command are not heeded.
//
// A short name is Docker Hub's, and after that the one that Podman gives to what
// it has built: localhost/app for app. Of an image that the daemon holds for
// several platforms the one asked for is taken. If it holds only another one,
// that is the answer: see [Image.Suits].
//
// Finding an image asks for its config. The daemon is believed: it has checked
// what it pulled. Only one that stores images as containerd does tells the
// image's digest. The files are what docker save writes: all layers as one
// stream, which is read when the first path is asked for and not kept on disk;
// opening another file than the account files reads the stream once more. Its
// layers are those that unpack to the config's diff_ids.
//
// A daemon does not know about registries: what it lacks is [ErrNotHeld]. One
// that cannot be asked or fails is [ErrUnreachable].
type Daemon struct {
	// Host is where the daemon listens, as DOCKER_HOST has it:
	// "unix:///run/podman/podman.sock", "tcp://192.0.2.1:2376". Empty is the
	// default above.
	Host string
	// TLS is for a Host that is reached over TCP. Nil is no TLS. Without a Host
	// it has no meaning.
	TLS *tls.Config
}

// Image asks the daemon for the config of what a reference names.
func (d Daemon) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	image, err := d.find(ctx, ref, platform)
	return image, named(ref, ErrUnreachable, err)
}

func (d Daemon) find(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	name, short, err := daemonName(ref)
	if err != nil {
		return nil, &Error{Kind: ErrNotHeld, Err: err}
	}
	from, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{name}
	if short != "" && from.podman {
		names = append(names, "localhost/"+short)
	}
	for _, name := range names {
		image, failure := from.find(ctx, name, platform)
		if err = failure; !errors.Is(err, ErrNotHeld) {
			return image, err
		}
	}
	return nil, err
}

// daemonName returns a reference in full, so that a daemon does not take it for a
// part of an image's ID, and the short name that it was written as, if it was. A
// digest alone decides.
func daemonName(ref string) (full, short string, err error) {
	parsed, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", "", err
	}
	parsed = reference.TagNameOnly(parsed)
	if digested, ok := parsed.(reference.Digested); ok {
		if parsed, err = reference.WithDigest(reference.TrimNamed(parsed), digested.Digest()); err != nil {
			return "", "", err
		}
	}
	domain, _, _ := strings.Cut(ref, "/")
	if reference.Domain(parsed) == "docker.io" && domain != "docker.io" && domain != "index.docker.io" {
		short = reference.FamiliarString(parsed)
	}
	return parsed.String(), short, nil
}

// find asks for a name: for the platform and, as a daemon that holds one platform
// of an image may hold another, for what it has.
func (e *engine) find(ctx context.Context, name string, platform v1.Platform) (*Image, error) {
	query := e.platformQuery(platform)
	found, err := e.inspect(ctx, name, query)
	if lacks := err; errors.Is(err, ErrNotHeld) && query != nil {
		query = nil
		found, err = e.inspect(ctx, name, query)
		if err == nil && found.Descriptor != nil {
			err = lacks
		}
	}
	if err != nil {
		return nil, err
	}
	config, err := found.config()
	if err != nil {
		return nil, err
	}
	saved := &savedLayers{
		open:    func(ctx context.Context) (io.ReadCloser, error) { return e.save(ctx, found.savedAs(name, query)) },
		diffIDs: config.RootFS.DiffIDs,
		limit:   unpackedLimit(found.Size),
		turn:    make(chan struct{}, 1),
	}
	return &Image{Config: *config, Digest: found.digest(), files: saved.files}, nil
}

// An inspection is what a daemon says about an image.
//
// Source: the Docker API's [ImageInspect]; [Podman's] leaves out the variant and
// what no container needs.
//
// [ImageInspect]: https://github.com/moby/moby/blob/v28.5.2/api/types/image/image_inspect.go#L18-L146
// [Podman's]: https://github.com/containers/podman/blob/v5.8.2/pkg/api/handlers/compat/images.go#L352-L425
type inspection struct {
	ID           string `json:"Id"`
	Architecture string
	Variant      string
	OS           string `json:"Os"`
	OSVersion    string `json:"OsVersion"`
	Size         int64
	Config       *v1.Config
	RootFS       struct {
		Type   string
		Layers []v1.Hash
	}
	// Descriptor is there if the daemon stores images as containerd does.
	Descriptor *v1.Descriptor
}

// config returns the image config, as far as it is known: without its history. A
// daemon that has the index alone, and no config, leaves all of it empty.
func (i inspection) config() (*v1.ConfigFile, error) {
	if i.OS == "" && i.Architecture == "" && i.RootFS.Type == "" {
		return nil, &Error{Kind: ErrNotHeld, Err: errors.New("the daemon has the image for no platform that it can tell")}
	}
	if i.Config == nil {
		return nil, invalid("the daemon's answer has no config")
	}
	return &v1.ConfigFile{
		Architecture: i.Architecture,
		Variant:      i.Variant,
		OS:           i.OS,
		OSVersion:    i.OSVersion,
		Config:       *i.Config,
		RootFS:       v1.RootFS{Type: i.RootFS.Type, DiffIDs: i.RootFS.Layers},
	}, nil
}

// digest returns the manifest's digest, if it is known. RepoDigests may be those
// of an index.
func (i inspection) digest() string {
	if i.Descriptor == nil || !i.Descriptor.MediaType.IsImage() {
		return ""
	}
	return i.Descriptor.Digest.String()
}

// savedAs returns how to ask for the layers: by the ID, which cannot move, but by
// the name where the ID may be that of one platform among several.
func (i inspection) savedAs(name string, platform url.Values) url.Values {
	query := url.Values{"names": {i.ID}}
	if i.Descriptor != nil || !strings.HasPrefix(i.ID, "sha256:") {
		query = url.Values{"names": {name}}
		if platform != nil {
			query["platform"] = platform["platform"]
		}
	}
	return query
}
