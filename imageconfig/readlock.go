package imageconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// A LockError says what is wrong with a lock, and where.
type LockError struct {
	// Line is where, from 1.
	Line int
	// Err says what.
	Err error
}

// Error returns the line and what is wrong.
func (e *LockError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *LockError) Unwrap() error { return e.Err }

// ReadLock reads what [Lock.WriteTo] has written. Only white space may have
// changed since: a lock is made again, not edited. The error is the reader's or a
// [*LockError]: for another version, for more than 8 MiB, for conflict markers of
// a merge, and for whatever else would not be written so.
func ReadLock(r io.Reader) (*Lock, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxDocumentBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxDocumentBytes {
		return nil, &LockError{lineAt(content, len(content)), fmt.Errorf("the lock has more than %d bytes", maxDocumentBytes)}
	}
	if at := conflictMarker.FindIndex(content); at != nil {
		return nil, &LockError{lineAt(content, at[1]), errors.New("a conflict of a merge that is not resolved; make the lock again")}
	}
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(content, &whole); errors.As(err, &syntax) {
		return nil, &LockError{lineAt(content, int(syntax.Offset)), fmt.Errorf("the lock is not JSON: %w", err)}
	}
	lock, err := decodeLock(content)
	if err != nil {
		return nil, err
	}
	if err := lock.wrote(content); err != nil {
		return nil, err
	}
	return lock, nil
}

// conflictMarker is a line that git leaves where it could not merge. No string
// of JSON goes over lines.
var conflictMarker = regexp.MustCompile(`(?m)^(<{7}|={7}|>{7}|\|{7})( |\r?$)`)

// lineAt returns the line of an offset.
func lineAt(content []byte, offset int) int {
	return 1 + bytes.Count(content[:min(offset, len(content))], []byte("\n"))
}

// decodeLock decodes a lock image by image, so that no more than one is in vain.
func decodeLock(content []byte) (*Lock, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	at := 0
	fail := func(format string, args ...any) (*Lock, error) {
		return nil, &LockError{lineAt(content, at), fmt.Errorf(format, args...)}
	}
	for _, want := range []json.Token{json.Delim('{'), "version", float64(lockVersion), "images", json.Delim('[')} {
		got, err := decoder.Token()
		at = int(decoder.InputOffset())
		if _, isVersion := want.(float64); isVersion && got != want {
			return fail("version %v of the format is not known, only %v: another release of drystart made the lock", got, want)
		}
		if err != nil || got != want {
			return fail("there is %v where %v should be: this is no lock", got, want)
		}
	}
	lock := &Lock{images: map[lockKey]*lockedImage{}}
	for decoder.More() {
		at = int(decoder.InputOffset())
		at += bytes.IndexByte(content[at:], '{') // where the image begins
		var written lockImage
		if err := decoder.Decode(&written); err != nil {
			return fail("image %d: %w", len(lock.images)+1, err)
		}
		key, locked, err := written.locked()
		if err != nil {
			return fail("%v: %w", key, err)
		}
		lock.images[key] = locked
	}
	return lock, nil
}

// wrote compares a lock's JSON with what the lock would write, white space
// aside. They differ where a field is not known or an image is there twice, and
// wherever else JSON is read as something that it does not say.
func (l *Lock) wrote(content []byte) error {
	var own bytes.Buffer
	if _, err := l.WriteTo(&own); err != nil {
		return &LockError{lineAt(content, len(content)), err}
	}
	there, due := json.NewDecoder(bytes.NewReader(content)), json.NewDecoder(&own)
	there.UseNumber()
	due.UseNumber()
	for {
		got, gotErr := there.Token()
		want, wantErr := due.Token()
		if got != want {
			return &LockError{lineAt(content, int(there.InputOffset())), fmt.Errorf("there is %q where %q should be; make the lock again", fmt.Sprint(got), fmt.Sprint(want))}
		}
		if gotErr != nil || wantErr != nil {
			return nil //nolint:nilerr // both have come to the end
		}
	}
}
