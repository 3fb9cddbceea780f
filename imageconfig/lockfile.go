package imageconfig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// lockVersion is the version of the format that is read and written.
const lockVersion = 1

// lockDocument is a lock as JSON.
type lockDocument struct {
	Version int         `json:"version"`
	Images  []lockImage `json:"images"`
}

// lockImage is an image of a lock as JSON.
type lockImage struct {
	Reference string     `json:"reference"`
	Platform  string     `json:"platform"`
	Index     string     `json:"index,omitempty"`
	Digest    string     `json:"digest,omitempty"`
	Runnable  bool       `json:"runnable,omitempty"`
	Config    lockConfig `json:"config"`
	// Files has for each path what stands there: see node.lockText.
	Files map[string]string `json:"files,omitempty"`
	// Text has the lines of the files that were opened, to be joined by newlines.
	Text map[string][]string `json:"text,omitempty"`
	// Base64 has the files that were opened and are not text.
	Base64 map[string]string `json:"base64,omitempty"`
}

// lockConfig is what a lock has of a config, by the OCI's names.
type lockConfig struct {
	OS           string   `json:"os,omitempty"`
	Architecture string   `json:"architecture,omitempty"`
	Variant      string   `json:"variant,omitempty"`
	User         string   `json:"user,omitempty"`
	Entrypoint   []string `json:"entrypoint,omitempty"`
	Cmd          []string `json:"cmd,omitempty"`
	Env          []string `json:"env,omitempty"`
	WorkingDir   string   `json:"workingDir,omitempty"`
}

// WriteTo writes the lock as JSON for people to commit: the same lock is always
// the same bytes, one path and one line of an account file to a line, no times.
// The error is the writer's, or says that the lock is larger than [ReadLock]
// takes.
func (l *Lock) WriteTo(w io.Writer) (int64, error) {
	document := lockDocument{Version: lockVersion, Images: make([]lockImage, 0, len(l.images))}
	for _, key := range l.keys() {
		document.Images = append(document.Images, lockImageOf(key, l.images[key]))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return 0, err
	}
	if out.Len() > maxDocumentBytes {
		return 0, fmt.Errorf("the lock has %d bytes, more than %d", out.Len(), maxDocumentBytes)
	}
	return out.WriteTo(w)
}

func lockImageOf(key lockKey, locked *lockedImage) lockImage {
	config := &locked.image.Config
	written := lockImage{
		Reference: key.reference, Platform: key.platform.String(),
		Index: locked.image.Index, Digest: locked.image.Digest, Runnable: locked.image.Runnable,
		Config: lockConfig{
			OS: config.OS, Architecture: config.Architecture, Variant: config.Variant,
			User: config.Config.User, Entrypoint: config.Config.Entrypoint, Cmd: config.Config.Cmd,
			Env: config.Config.Env, WorkingDir: config.Config.WorkingDir,
		},
		Files: map[string]string{}, Text: map[string][]string{}, Base64: map[string]string{},
	}
	files, _ := locked.files.copied()
	for name, at := range files.known {
		written.Files[name] = at.lockText()
		switch {
		case at == nil || at.content == nil:
		case utf8.Valid(at.content):
			written.Text[name] = strings.Split(string(at.content), "\n")
		default:
			written.Base64[name] = base64.StdEncoding.EncodeToString(at.content)
		}
	}
	return written
}

// locked returns the image of a lock that JSON says.
func (i *lockImage) locked() (lockKey, *lockedImage, error) {
	config := &i.Config
	image := &Image{Index: i.Index, Digest: i.Digest, Runnable: i.Runnable, Config: v1.ConfigFile{
		OS: config.OS, Architecture: config.Architecture, Variant: config.Variant,
		Config: v1.Config{
			User: config.User, Entrypoint: config.Entrypoint, Cmd: config.Cmd, Env: config.Env, WorkingDir: config.WorkingDir,
		},
	}}
	key := lockKeyOf(i.Reference, parsePlatform(i.Platform))
	if err := lockable(key, image); err != nil {
		return key, nil, err
	}
	files := newLockedFiles()
	for name, text := range i.Files {
		at, err := i.node(name, text)
		if err != nil {
			return key, nil, fmt.Errorf("path %q: %w", name, err)
		}
		files.known[name] = at
	}
	return key, newLockedImage(image, files, nil), nil
}

// lockable returns why a lock cannot hold an image.
func lockable(key lockKey, image *Image) error {
	if key.reference == "" || key.platform == (target{}) {
		return errors.New("an image needs a reference and a platform to be locked")
	}
	for _, digest := range []string{image.Index, image.Digest} {
		if _, err := v1.NewHash(digest); err != nil && digest != "" {
			return fmt.Errorf("digest %q: %w", digest, err)
		}
	}
	top, config := &image.Config, &image.Config.Config
	texts := slices.Concat(config.Entrypoint, config.Cmd, config.Env, []string{
		key.reference, key.platform.String(), top.OS, top.Architecture, top.Variant, config.User, config.WorkingDir,
	})
	if !utf8.ValidString(strings.Join(texts, "\x00")) {
		return errors.New("what is not UTF-8 cannot be locked")
	}
	return nil
}

// node returns what stands at a path, with its content if there is one.
func (i *lockImage) node(name, text string) (*node, error) {
	at, err := parseLockText(text)
	if err != nil || at == nil || !at.mode.IsRegular() {
		return at, err
	}
	if lines, ok := i.Text[name]; ok {
		at.content = []byte(strings.Join(lines, "\n"))
	}
	if encoded, ok := i.Base64[name]; ok {
		if at.content, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, err
		}
	}
	if at.content != nil && int64(len(at.content)) != at.size {
		return nil, fmt.Errorf("its content has %d bytes, and %d are promised", len(at.content), at.size)
	}
	return at, nil
}
