package faulty

import (
	"fmt"
	"hash/fnv"
	"path"
	"strings"
)

// A Part is a part of the registry's protocol, or several.
type Part int

const (
	// Ping is the request that begins a conversation: GET /v2/.
	Ping Part = 1 << iota
	// Token is a request to the token server.
	Token
	// Tag is the request for what a tag names.
	Tag
	// Manifest is the request for a manifest or an index by its digest.
	Manifest
	// Config is the request for the config of an image that was pushed as one.
	Config
	// Layer is the request for any other blob.
	Layer

	// Everything is all of them.
	Everything = Ping | Token | Tag | Manifest | Config | Layer
)

// partOf returns what a request to that path is for.
func (r *Registry) partOf(of string) Part {
	last, kind := path.Base(of), path.Base(path.Dir(of))
	switch {
	case of == "/token":
		return Token
	case kind == "manifests" && strings.HasPrefix(last, "sha256:"):
		return Manifest
	case kind == "manifests":
		return Tag
	case kind == "blobs" && r.configs[last]:
		return Config
	case kind == "blobs":
		return Layer
	default:
		return Ping
	}
}

// Always is the plan of one answer to all requests of some parts.
func Always(parts Part, answer Answer) Plan {
	return func(part Part, _ string, _ int) Answer {
		if parts&part == 0 {
			return nil
		}
		return answer
	}
}

// Once is the plan of one answer to the first request of each path.
func Once(parts Part, answer Answer) Plan {
	return func(part Part, _ string, attempt int) Answer {
		if parts&part == 0 || attempt > 1 {
			return nil
		}
		return answer
	}
}

// Third is the plan of a third of the requests to some parts, each with one of
// the answers. Which requests, and which answer, follows from the path and the
// attempt: most of what fails gets through when it is asked for again.
func Third(parts Part, answers ...Answer) Plan {
	return func(part Part, path string, attempt int) Answer {
		if parts&part == 0 {
			return nil
		}
		hash := fnv.New32a()
		_, _ = fmt.Fprint(hash, path, " ", attempt) // a hash never fails
		sum := hash.Sum32() >> 8                    // the low bits follow the last byte too closely
		if sum%3 != 0 {
			return nil
		}
		return answers[int(sum/3)%len(answers)]
	}
}
