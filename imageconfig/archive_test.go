package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/drystart/drystart/imageconfig"
)

// onDisk writes a file and returns its path.
func onDisk(t testing.TB, content []byte) imageconfig.Archive {
	t.Helper()
	place := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(place, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return imageconfig.Archive(place)
}

// dockerSave returns what docker save writes of these images.
func dockerSave(t testing.TB, images map[string]v1.Image) []byte {
	t.Helper()
	tagged := map[name.Reference]v1.Image{}
	for ref, image := range images {
		parsed, err := name.ParseReference(ref)
		if err != nil {
			t.Fatal(err)
		}
		tagged[parsed] = image
	}
	var out bytes.Buffer
	if err := tarball.MultiRefWrite(tagged, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// entriesOf returns the entries of a layout.
func entriesOf(t testing.TB, place string) layer {
	t.Helper()
	var entries layer
	err := fs.WalkDir(os.DirFS(place), ".", func(name string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		content, err := fs.ReadFile(os.DirFS(place), name)
		entries = append(entries, file(name, string(content)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// saved returns the entries of a small docker save archive, written by hand.
func saved(t testing.TB, stream []byte) layer {
	t.Helper()
	return layer{
		file("config.json", string(configOf(t, hashOf(stream)))),
		file("one/layer.tar", string(stream)),
		file("manifest.json", `[{"Config":"config.json","RepoTags":["app:v1"],"Layers":["one/layer.tar"]}]`),
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	app := imageOf(t, "app", layer{file("etc/passwd", "lower")}, layer{file("etc/passwd", "root")})
	stream := tarOf(t, file("etc/passwd", "root"))
	oci := entriesOf(t, writeLayout(t, called(app, imageName, "docker.io/library/app:v1", refName, "v1")))
	other := entriesOf(t, writeLayout(t, called(imageOf(t, "other"), imageName, "docker.io/library/other:v1")))
	linked := append(layer{file("two/layer.tar", string(stream)), symlink("one/layer.tar", "../two/layer.tar")}, saved(t, stream)[0], saved(t, stream)[2])
	hard := append(layer{file("two/layer.tar", string(stream)), hardlink("one/layer.tar", "two/layer.tar")}, saved(t, stream)[0], saved(t, stream)[2])
	dotted := saved(t, stream)
	for n := range dotted {
		dotted[n].Name = "./" + dotted[n].Name
	}
	tests := []struct {
		name, reason string
		content      []byte
		ref          string
		wantDigest   bool
	}{
		{"docker save", "the archive of go-containerregistry, with gzip layers", dockerSave(t, map[string]v1.Image{"app:v1": app}), "app:v1", false},
		{"short name", "a Pod's name is read in full", dockerSave(t, map[string]v1.Image{"index.docker.io/library/app:v1": app}), "docker.io/library/app:v1", false},
		{"plain layers", "what docker before 25 writes", tarOf(t, saved(t, stream)...), "app:v1", false},
		{"linked layers", "docker writes links to layers that are the same", tarOf(t, linked...), "app:v1", false},
		{"hard links", "another tool may link them so", tarOf(t, hard...), "app:v1", false},
		{"dots", "tar -C writes such names", tarOf(t, dotted...), "app:v1", false},
		{"OCI archive", "a tar of a layout", tarOf(t, oci...), "app:v1", true},
		{"docker 25", "both forms in one, the OCI index comes first", tarOf(t, append(oci, saved(t, nil)...)...), "app:v1", true},
		{"docker 25, named in manifest.json", "what the index does not name may be in the other", tarOf(t, append(other, saved(t, stream)...)...), "app:v1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image := find(t, onDisk(t, tt.content), tt.ref)
			wantContent(t, filesOf(t, image), "etc/passwd", "root")
			if (image.Digest != "") != tt.wantDigest {
				t.Errorf("digest is %q, want one: %v", image.Digest, tt.wantDigest)
			}
		})
	}
}

func TestArchiveErrors(t *testing.T) {
	t.Parallel()
	stream := tarOf(t, file("etc/passwd", "root"))
	good := tarOf(t, saved(t, stream)...)
	noLayer, noConfig, badConfig, badList := saved(t, stream), saved(t, stream), saved(t, stream), saved(t, stream)
	noLayer[1].Name, noConfig[0].Name = "elsewhere", "elsewhere"
	badConfig[0], badList[2] = file("config.json", "{"), file("manifest.json", `{"Config":1}`)
	outside := saved(t, stream)
	outside[2] = file("manifest.json", `[{"Config":"../../config.json","RepoTags":["app:v1"],"Layers":[]}]`)
	tests := []struct {
		name, reason string
		content      []byte
		ref          string
		want         error
		wantText     string
	}{
		{"not held", "the archive has another image", good, "other:v1", imageconfig.ErrNotHeld, ""},
		{"compressed", "a compressed archive cannot be read from its middle", gzipped(t, good), "app:v1", imageconfig.ErrInvalid, "not an uncompressed tar file"},
		{"no archive", "a tar without images", tarOf(t, file("a", "a")), "app:v1", imageconfig.ErrInvalid, "manifest.json"},
		{"empty file", "an empty file has no images", nil, "app:v1", imageconfig.ErrInvalid, "manifest.json"},
		{"truncated", "the archive ends within a file", good[:len(good)-2000], "app:v1", imageconfig.ErrInvalid, ""},
		{"no layer", "manifest.json names what is not there", tarOf(t, noLayer...), "app:v1", imageconfig.ErrInvalid, "one/layer.tar"},
		{"no config", "manifest.json names what is not there", tarOf(t, noConfig...), "app:v1", imageconfig.ErrInvalid, "config.json"},
		{"config out of the archive", "manifest.json names what is elsewhere", tarOf(t, outside...), "app:v1", imageconfig.ErrInvalid, "config.json"},
		{"bad config", "a config is JSON", tarOf(t, badConfig...), "app:v1", imageconfig.ErrInvalid, "config.json"},
		{"bad manifest.json", "the cause is said", tarOf(t, badList...), "app:v1", imageconfig.ErrInvalid, "cannot unmarshal object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := onDisk(t, tt.content).Image(t.Context(), tt.ref, amd64)
			known := wantNoImage(t, image, err, tt.want)
			if known.Reference != tt.ref || !strings.Contains(err.Error(), tt.wantText) {
				t.Errorf("error is %q, want one about %q with %q", err, tt.ref, tt.wantText)
			}
		})
	}
}

func TestArchiveThatIsMissing(t *testing.T) {
	t.Parallel()
	image, err := imageconfig.Archive(filepath.Join(t.TempDir(), "none.tar")).Image(t.Context(), "app:v1", amd64)
	wantNoImage(t, image, err, imageconfig.ErrInvalid)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want one that says that the file is missing", err)
	}
}

func TestArchiveContext(t *testing.T) {
	t.Parallel()
	ctx := canceled(t)
	image, err := onDisk(t, tarOf(t)).Image(ctx, "app:v1", amd64)
	if image != nil || !errors.Is(err, ctx.Err()) {
		t.Errorf("there is %v and %v, want the context's error", image, err)
	}
}

// The list of an archive's files is held in memory, so it has a limit.
func TestArchiveWithManyFiles(t *testing.T) {
	t.Parallel()
	block := numbered(t, entry{Header: tar.Header{Typeflag: tar.TypeReg, Name: "00000000"}})
	var content bytes.Buffer
	for n := range 1<<16 + 1 {
		content.Write(block(n))
	}
	image, err := onDisk(t, content.Bytes()).Image(t.Context(), "app:v1", amd64)
	wantNoImage(t, image, err, imageconfig.ErrInvalid)
}
