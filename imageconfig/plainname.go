package imageconfig

import "strings"

const (
	// maxPlain is how long a plain name may be: below the limit for all names.
	maxPlain = 200
	// maxTag is how long a tag may be.
	maxTag = 128
	// identifierDigits is how long a name is that may be an image's ID instead.
	identifierDigits = 64
	// plainDigest is what a plain digest begins with, plainDigits what follows.
	plainDigest = "sha256:"
	plainDigits = 64
)

// parsePlain reads a name of the usual form: lower case, no two separators side
// by side, and a digest of SHA-256. ok is false for any other, which may be a
// name all the same. It is there because the regular expressions that tell of any
// text whether it is a name take longer than all the rest of a Pod's start.
func parsePlain(text string) (name Name, ok bool) {
	if len(text) > maxPlain || len(text) == identifierDigits {
		return Name{}, false
	}
	rest, digest, digested := strings.Cut(text, "@")
	domain, path, slashed := strings.Cut(rest, "/")
	switch {
	case slashed && domain == legacyDomain:
		domain = defaultDomain
	case slashed && (domain == "localhost" || strings.Contains(domain, ".") || strings.Contains(domain, ":")):
	default:
		domain, path = defaultDomain, rest
	}
	path, tag, tagged := strings.Cut(path, ":")
	ok = isPlainDomain(domain) && isPlain(path, "._-/") && (!tagged || isTag(tag)) && (!digested || isPlainDigest(digest))
	if !tagged && !digested {
		tag = defaultTag
	}
	return Name{domain, path, tag, digest}.short(), ok
}

// isPlain reports whether a text is runs of lower case letters and digits, each
// separated from the next by one of the separators.
func isPlain(text, separators string) bool {
	separated := true // what comes next must not be a separator
	for i := range len(text) {
		c := text[i]
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			separated = false
			continue
		}
		if separated || strings.IndexByte(separators, c) < 0 {
			return false
		}
		separated = true
	}
	return !separated
}

func isPlainDomain(domain string) bool {
	host, port, hasPort := strings.Cut(domain, ":")
	return isPlain(host, ".-") && (!hasPort || port != "" && strings.Trim(port, "0123456789") == "")
}

func isPlainDigest(digest string) bool {
	encoded, ok := strings.CutPrefix(digest, plainDigest)
	for i := range len(encoded) {
		if c := encoded[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return ok && len(encoded) == plainDigits
}

func isTag(tag string) bool {
	for i := range len(tag) {
		switch c := tag[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case i > 0 && (c == '.' || c == '-'):
		default:
			return false
		}
	}
	return tag != "" && len(tag) <= maxTag
}
