package imageconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// The most that a file of a node's configuration may have.
const (
	maxConfigBytes = 1 << 20
	maxHosts       = 256  // tables in a hosts.toml
	maxRegistries  = 4096 // tables in a registries.conf, with those of the mirrors
)

// A ConfigError says what is wrong with a file of a node's configuration.
type ConfigError struct {
	// File is the file's path on the node, such as
	// "/etc/containerd/certs.d/docker.io/hosts.toml".
	File string
	// Line is where in the file, from 1; 0: no line in particular.
	Line int
	// Err is what is wrong.
	Err error
}

// Error returns the file, the line and what is wrong, as "file:line: error".
func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

// nodeFiles are the files of a node. Paths are the node's own: from its root,
// with or without a slash at the start; ".." does not lead out.
type nodeFiles struct{ root fs.FS }

// inRoot returns a node's path as package fs wants it.
func inRoot(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name == "" {
		return "."
	}
	return name
}

// read returns a file's content. The error is a *ConfigError.
func (n nodeFiles) read(name string) ([]byte, error) {
	file, err := n.root.Open(inRoot(name))
	if err != nil {
		return nil, fileError(name, err)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxConfigBytes+1))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && len(content) > maxConfigBytes {
		err = fmt.Errorf("has more than %d bytes", maxConfigBytes)
	}
	if err != nil {
		return nil, fileError(name, err)
	}
	return content, nil
}

// list returns the entries of a directory by name. The error is a *ConfigError.
func (n nodeFiles) list(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(n.root, inRoot(name))
	if err != nil {
		return nil, fileError(name, err)
	}
	return entries, nil
}

// isDir reports whether there is a directory at a path, or behind a link there.
func (n nodeFiles) isDir(name string) bool {
	info, err := fs.Stat(n.root, inRoot(name))
	return err == nil && info.IsDir()
}

// fileError returns err about a file by the node's name for it.
func fileError(name string, err error) error {
	var known *fs.PathError
	if errors.As(err, &known) {
		err = known.Err
	}
	return &ConfigError{File: path.Clean("/" + name), Err: err}
}

// decodeTOML reads a document. Keys that are not known are ignored, as the
// runtimes do. The error is a *ConfigError.
func decodeTOML(file string, document []byte, into any) error {
	err := toml.Unmarshal(document, into)
	var known *toml.DecodeError
	if errors.As(err, &known) {
		line, _ := known.Position()
		return &ConfigError{File: file, Line: line, Err: err}
	}
	if err != nil {
		return &ConfigError{File: file, Err: err}
	}
	return nil
}

// lineOf returns the line of a key in a document, of a table by that name, or of
// the nearest table that it is in; 0 if there is none. The place in an array of tables is a number in
// the path: "registry", "0", "mirror", "1".
func lineOf(document []byte, want ...string) int {
	var parser unstable.Parser
	parser.Reset(document)
	var table []string
	places := map[string]int{}
	line, depth := 0, 0
	for parser.NextExpression() {
		expression := parser.Expression()
		keys := keysOf(expression, len(want)+1)
		var at []string
		switch expression.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = placed(places, keys, expression.Kind == unstable.ArrayTable)
			at = table
		case unstable.KeyValue:
			if len(table) >= len(want) || !slices.Equal(table, want[:len(table)]) {
				continue
			}
			at = slices.Concat(table, keys)
		}
		if n := min(len(at), len(want)); n > depth && slices.Equal(at[:n], want[:n]) {
			first := expression.Key()
			first.Next()
			line, depth = parser.Shape(first.Node().Raw).Start.Line, n
		}
	}
	return line
}

// keysOf returns the first parts of an expression's key.
func keysOf(expression *unstable.Node, most int) []string {
	var keys []string
	for parts := expression.Key(); len(keys) < most && parts.Next(); {
		keys = append(keys, string(parts.Node().Data))
	}
	return keys
}

// placed returns the path of a table's header with the places in arrays, and
// counts the header's own if it begins an array's next table.
func placed(places map[string]int, keys []string, next bool) []string {
	var at []string
	name := ""
	for i, key := range keys {
		name += "\x00" + key
		at = append(at, key)
		place, isArray := places[name]
		if next && i == len(keys)-1 {
			if isArray {
				place++
			}
			places[name], isArray = place, true
		}
		if isArray {
			at = append(at, strconv.Itoa(place))
			name += "\x00" + strconv.Itoa(place)
		}
	}
	return at
}
