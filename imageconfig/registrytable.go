package imageconfig

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
)

// A registryTable is a [[registry]] of a registries.conf.
type registryTable struct {
	Prefix string `toml:"prefix"`
	location
	Mirrors            []location `toml:"mirror"`
	Blocked            bool       `toml:"blocked"`
	MirrorByDigestOnly bool       `toml:"mirror-by-digest-only"`
}

// registriesFile is the content of a registries.conf: of version 2, and what is
// left of version 1.
type registriesFile struct {
	Registries    []registryTable `toml:"registry"`
	Search        []string        `toml:"unqualified-search-registries"`
	ShortNameMode string          `toml:"short-name-mode"`
	Version1      struct {
		Search   registryList `toml:"search"`
		Insecure registryList `toml:"insecure"`
		Block    registryList `toml:"block"`
	} `toml:"registries"`
}

type registryList struct {
	Registries []string `toml:"registries"`
}

// loadRegistries reads a registries.conf. Of two tables with the same prefix,
// the first counts. Source: [loadConfigFile].
//
// [loadConfigFile]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L949-L1027
func (n nodeFiles) loadRegistries(file string) ([]registryTable, error) {
	document, err := n.read(file)
	if err != nil {
		return nil, err
	}
	var content registriesFile
	if err := decodeTOML(file, document, &content); err != nil {
		return nil, err
	}
	if where, err := content.check(); err != nil {
		return nil, &ConfigError{File: file, Line: lineOf(document, where...), Err: err}
	}
	return content.Registries, nil
}

// check says what is wrong with a file and where, and completes its tables.
// Source: [postProcessRegistries].
//
// [postProcessRegistries]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L400-L529
func (f *registriesFile) check() (where []string, err error) {
	old := f.Version1
	if old.Search.Registries != nil || old.Insecure.Registries != nil || old.Block.Registries != nil {
		return []string{"registries"}, errors.New("the file is in version 1 of the format, which is deprecated and not read here")
	}
	tables := len(f.Registries)
	seen := map[string]registryTable{}
	for i := range f.Registries {
		table := &f.Registries[i]
		if tables += len(table.Mirrors); tables > maxRegistries {
			return nil, fmt.Errorf("has more than %d registries and mirrors", maxRegistries)
		}
		if key, err := table.check(); err != nil {
			return append([]string{"registry", strconv.Itoa(i)}, key...), err
		}
		name := cmp.Or(table.Location, table.Prefix)
		if other, known := seen[name]; known && (other.Insecure != table.Insecure || other.Blocked != table.Blocked) {
			return []string{"registry", strconv.Itoa(i)}, fmt.Errorf("the location %q is insecure or blocked in another table, and not so in this", name)
		}
		seen[name] = *table
	}
	for _, registry := range f.Search {
		if checked, err := checkLocation(registry); err != nil || !domain.MatchString(checked) {
			return []string{"unqualified-search-registries"}, fmt.Errorf("unqualified-search-registries: %q is not a registry", registry)
		}
	}
	if !slices.Contains([]string{"", "disabled", "enforcing", "permissive"}, f.ShortNameMode) {
		return []string{"short-name-mode"}, fmt.Errorf("short-name-mode has the unknown value %q", f.ShortNameMode)
	}
	return nil, nil
}

// domain matches a registry's name.
var domain = regexp.MustCompile("^" + reference.DomainRegexp.String() + "$")

// check says what is wrong with a table and at which key, and completes it.
func (t *registryTable) check() (key []string, err error) {
	if t.Location, err = checkLocation(t.Location); err != nil {
		return []string{"location"}, err
	}
	given := t.Prefix != ""
	if t.Prefix, err = checkLocation(cmp.Or(t.Prefix, t.Location)); err != nil {
		return []string{"prefix"}, err
	}
	wildcard := strings.HasPrefix(t.Prefix, "*.")
	switch {
	case t.Location == "" && !given:
		return nil, errors.New("a registry has neither a location nor a prefix")
	case t.Location == "" && !wildcard:
		return nil, fmt.Errorf("the registry %q has no location, and its prefix is not of the form *.example.com", t.Prefix)
	case wildcard && strings.ContainsAny(t.Prefix, "/@:"):
		return []string{"prefix"}, fmt.Errorf("the prefix %q is not of the form *.example.com", t.Prefix)
	case t.PullFromMirror != "":
		return []string{"pull-from-mirror"}, errors.New("pull-from-mirror is for mirrors, not for registries")
	}
	for i := range t.Mirrors {
		if key, err := t.checkMirror(&t.Mirrors[i]); err != nil {
			return []string{"mirror", strconv.Itoa(i), key}, err
		}
	}
	return nil, nil
}

func (t *registryTable) checkMirror(mirror *location) (key string, err error) {
	if mirror.Location, err = checkLocation(mirror.Location); err != nil {
		return "location", err
	}
	_, known := pullsFromMirror[mirror.PullFromMirror]
	switch {
	case mirror.Location == "":
		return "location", errors.New("a mirror has no location")
	case !known:
		return "pull-from-mirror", fmt.Errorf("pull-from-mirror has the unknown value %q", mirror.PullFromMirror)
	case t.MirrorByDigestOnly && mirror.PullFromMirror != "":
		return "pull-from-mirror", errors.New("pull-from-mirror cannot be set where the registry has mirror-by-digest-only")
	}
	return "", nil
}

// update puts a file's tables over those of the files before. Source:
// [updateWithConfigurationFrom].
//
// [updateWithConfigurationFrom]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L1033-L1083
func (c *registriesConfig) update(tables []registryTable) {
	byPrefix := func(a, b registryTable) int { return cmp.Compare(a.Prefix, b.Prefix) }
	merged := slices.Concat(tables, c.tables)
	slices.SortStableFunc(merged, byPrefix)
	c.tables = slices.CompactFunc(merged, func(a, b registryTable) bool { return a.Prefix == b.Prefix })
}
