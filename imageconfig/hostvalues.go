package imageconfig

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
)

// pathsIn returns the paths that a value names, from a directory.
func pathsIn(dir string, value any) ([]string, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{pathIn(dir, value)}, nil
	case []any:
		texts, err := textsOf(value)
		for i := range texts {
			texts[i] = pathIn(dir, texts[i])
		}
		return texts, err
	default:
		return nil, fmt.Errorf("is a %T, neither a path nor paths", value)
	}
}

func pathIn(dir, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(dir, name)
}

// pairsIn returns the certificates that a value names, from a directory. An
// empty key in a pair is a path as any other: containerd takes it for the
// directory, which is not a key.
func pairsIn(dir string, value any) ([]keyPair, error) {
	values, ok := value.([]any)
	if !ok {
		certs, err := pathsIn(dir, value)
		if err != nil || certs == nil {
			return nil, err
		}
		return []keyPair{{cert: certs[0]}}, nil
	}
	var pairs []keyPair
	for _, each := range values {
		paths, err := pathsIn(dir, each)
		if err != nil {
			return nil, err
		}
		_, one := each.(string)
		switch {
		case one:
			pairs = append(pairs, keyPair{cert: paths[0]})
		case len(paths) == 2:
			pairs = append(pairs, keyPair{paths[0], paths[1]})
		default:
			return nil, fmt.Errorf("%v is not a pair of paths", each)
		}
	}
	return pairs, nil
}

func headerOf(table map[string]any) (http.Header, error) {
	if table == nil {
		return nil, nil
	}
	header := http.Header{}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		values, ok := table[key].([]any)
		if !ok {
			values = []any{table[key]}
		}
		texts, err := textsOf(values)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		for _, text := range texts {
			header.Add(key, text)
		}
	}
	return header, nil
}

// textsOf returns values that are all texts; none of them are not nil.
func textsOf(values []any) ([]string, error) {
	texts := make([]string, len(values))
	for i, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("%v is not a text", value)
		}
		texts[i] = text
	}
	return texts, nil
}
