package imageconfig

import (
	"bytes"
	"context"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// readManifest reads and checks a manifest or an index. A descriptor without a
// size is one that nothing has promised a size for: a tag's.
func readManifest(ctx context.Context, from store, descriptor v1.Descriptor) ([]byte, error) {
	body, err := from.manifest(ctx, descriptor)
	if err != nil {
		return nil, err
	}
	return readDocument(body, descriptor)
}

// readConfig reads and checks an image config.
func readConfig(ctx context.Context, from store, descriptor v1.Descriptor) (*v1.ConfigFile, error) {
	if descriptor.Size > maxDocumentBytes {
		return nil, invalid("config %s has %d bytes, more than %d", descriptor.Digest, descriptor.Size, maxDocumentBytes)
	}
	body, err := from.blob(ctx, descriptor)
	if err != nil {
		return nil, err
	}
	content, err := readDocument(body, descriptor)
	if err != nil {
		return nil, err
	}
	config, err := v1.ParseConfigFile(bytes.NewReader(content))
	if err != nil {
		return nil, invalid("config %s: %w", descriptor.Digest, err)
	}
	return config, nil
}

// readDocument reads a small blob to its end and checks it.
func readDocument(body io.ReadCloser, descriptor v1.Descriptor) (content []byte, err error) {
	body = verified(body, descriptor)
	defer func() { err = firstError(err, body.Close()) }()
	content, err = io.ReadAll(io.LimitReader(body, maxDocumentBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxDocumentBytes {
		return nil, invalid("%s has more than %d bytes", descriptor.Digest, maxDocumentBytes)
	}
	return content, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
