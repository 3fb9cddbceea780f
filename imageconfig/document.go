package imageconfig

import (
	"bytes"
	"context"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A keeper is a store that keeps documents, so that they are read once.
type keeper interface {
	keep(ctx context.Context, descriptor v1.Descriptor, read func(context.Context) ([]byte, error)) ([]byte, error)
}

// readManifest reads and checks a manifest or an index. A descriptor without a
// size is one that nothing has promised a size for: a tag's.
func readManifest(ctx context.Context, from store, descriptor v1.Descriptor) ([]byte, error) {
	return readDocument(ctx, from, descriptor, from.manifest)
}

// readConfig reads and checks an image config.
func readConfig(ctx context.Context, from store, descriptor v1.Descriptor) (*v1.ConfigFile, error) {
	content, err := readDocument(ctx, from, descriptor, from.blob)
	if err != nil {
		return nil, err
	}
	return parseConfig(descriptor.Digest.String(), content)
}

// parseConfig parses the image config of that name or digest.
func parseConfig(name string, content []byte) (*v1.ConfigFile, error) {
	config, err := v1.ParseConfigFile(bytes.NewReader(content))
	if err != nil {
		return nil, invalid("config %s: %w", name, err)
	}
	return config, nil
}

// readDocument reads a small blob to its end and checks it.
func readDocument(ctx context.Context, from store, descriptor v1.Descriptor, open func(context.Context, v1.Descriptor) (io.ReadCloser, error)) ([]byte, error) {
	if descriptor.Size > maxDocumentBytes {
		return nil, invalid("%s has %d bytes, more than %d", descriptor.Digest, descriptor.Size, maxDocumentBytes)
	}
	read := func(ctx context.Context) ([]byte, error) {
		body, err := open(ctx, descriptor)
		if err != nil {
			return nil, err
		}
		return readAll(verified(body, descriptor), descriptor.Digest.String())
	}
	if kept, ok := from.(keeper); ok {
		return kept.keep(ctx, descriptor, read)
	}
	return read(ctx)
}

// readAll reads a small body to its end and closes it.
func readAll(body io.ReadCloser, what string) (content []byte, err error) {
	defer func() { err = firstError(err, body.Close()) }()
	content, err = io.ReadAll(io.LimitReader(body, maxDocumentBytes+1))
	if err == nil && len(content) > maxDocumentBytes {
		return nil, invalid("%s has more than %d bytes", what, maxDocumentBytes)
	}
	return content, err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
