package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// A description is a recording's images.json.
type description struct {
	Layers map[string][]entry `json:"layers"`
	Images map[string]struct {
		User       string   `json:"user"`
		Entrypoint []string `json:"entrypoint"`
		Layers     []string `json:"layers"`
	} `json:"images"`
}

// An entry is one entry of a layer's tar stream.
type entry struct {
	Path string `json:"path"`
	Type string `json:"type"`
	Mode string `json:"mode"`
	Link string `json:"link"`
	Body string `json:"body"`
	Note string `json:"note"`
}

// readImages builds the described images as OCI images and returns a source that
// answers as the recording's network did: the registry of the images has nothing
// else, and nothing else listens on this machine.
func readImages(file string) (imageconfig.Source, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var described description
	if err := decoder.Decode(&described); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	layers := map[string]v1.Layer{}
	for layerName, entries := range described.Layers {
		if layers[layerName], err = buildLayer(entries); err != nil {
			return nil, fmt.Errorf("%s: layer %q: %w", file, layerName, err)
		}
	}
	images := imageconfig.Map{}
	for ref, image := range described.Images {
		config := v1.Config{User: image.User, Entrypoint: image.Entrypoint}
		if images[ref], err = buildImage(config, image.Layers, layers); err != nil {
			return nil, fmt.Errorf("%s: image %q: %w", file, ref, err)
		}
	}
	return imageconfig.Chain{images, recordedNetwork(images)}, nil
}

func buildImage(config v1.Config, names []string, layers map[string]v1.Layer) (*imageconfig.Image, error) {
	image := empty.Image
	for _, layerName := range names {
		layer, ok := layers[layerName]
		if !ok {
			return nil, fmt.Errorf("there is no layer %q", layerName)
		}
		var err error
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	image, err := mutate.Config(image, config)
	if err != nil {
		return nil, err
	}
	return imageconfig.FromV1(image)
}

// recordedNetwork answers for every image that was not described.
func recordedNetwork(images imageconfig.Map) imageconfig.SourceFunc {
	registries := map[string]bool{}
	for ref := range images {
		if parsed, err := name.ParseReference(ref); err == nil {
			registries[parsed.Context().RegistryStr()] = true
		}
	}
	return func(_ context.Context, ref string, _ v1.Platform) (*imageconfig.Image, error) {
		parsed, err := name.ParseReference(ref)
		if err != nil {
			return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrInvalid, Err: err}
		}
		registry := parsed.Context().RegistryStr()
		if registries[registry] {
			return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrNotFound, Answer: "name unknown: Unknown name"}
		}
		return nil, &imageconfig.NodeError{Err: fmt.Errorf("dial tcp %s: connect: connection refused", registry)}
	}
}

// buildLayer writes the entries into a tar stream.
func buildLayer(entries []entry) (v1.Layer, error) {
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for _, e := range entries {
		header, body, err := e.header()
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, body); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(stream.Bytes())), nil
	})
}

// repeated is a run of one character in a body: {y*70000}.
var repeated = regexp.MustCompile(`\{(.)\*(\d+)\}`)

func (e entry) header() (*tar.Header, string, error) {
	types := map[string]byte{"file": tar.TypeReg, "dir": tar.TypeDir, "symlink": tar.TypeSymlink, "hardlink": tar.TypeLink}
	kind, ok := types[e.Type]
	if !ok {
		return nil, "", fmt.Errorf("entry %q has the unknown type %q", e.Path, e.Type)
	}
	mode, err := strconv.ParseInt(e.Mode, 8, 64)
	if err != nil {
		return nil, "", fmt.Errorf("entry %q: mode: %w", e.Path, err)
	}
	body := repeated.ReplaceAllStringFunc(e.Body, func(run string) string {
		parts := repeated.FindStringSubmatch(run)
		count, _ := strconv.Atoi(parts[2]) // digits, by the expression
		return strings.Repeat(parts[1], count)
	})
	return &tar.Header{Typeflag: kind, Name: e.Path, Linkname: e.Link, Mode: mode, Size: int64(len(body))}, body, nil
}
