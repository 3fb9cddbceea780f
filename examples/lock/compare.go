package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/drystart/drystart/imageconfig"
)

// compare prints which images of a lock the source has otherwise; it returns the
// exit code.
func compare(ctx context.Context, name string, source imageconfig.Source, stdout, stderr io.Writer) int {
	lock, err := read(name)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	code := 0
	for _, locked := range lock.Entries() {
		now, err := source.Image(ctx, locked.Reference, locked.Platform)
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "%v: %v\n", locked.Platform, err)
			code = 1
			continue
		}
		for _, digest := range []struct{ what, was, is string }{
			{"manifest", locked.Image.Digest, now.Digest}, {"index", locked.Image.Index, now.Index},
		} {
			if digest.was != digest.is {
				_, _ = fmt.Fprintf(stdout, "%s %v: its %s was %s and is %s\n", locked.Reference, locked.Platform, digest.what, orNone(digest.was), orNone(digest.is))
				code = 1
			}
		}
	}
	return code
}

func orNone(digest string) string {
	if digest == "" {
		return "none"
	}
	return digest
}

// read reads a lock. The error names the file and the line.
func read(name string) (lock *imageconfig.Lock, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	lock, err = imageconfig.ReadLock(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return lock, nil
}
