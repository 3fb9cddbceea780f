package simulate_test

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/drystart/drystart/simulate/internal/faulty"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A fault is a registry that does one thing wrong, and what becomes of a Pod
// whose image it has: an index of one image.
type fault struct {
	name, reason string
	plan         faulty.Plan
	guarded      bool
	want         []string // by puller
}

const (
	ping     = faulty.Ping
	tag      = faulty.Tag
	manifest = faulty.Manifest
	config   = faulty.Config
	layer    = faulty.Layer

	content = tag | manifest | config | layer
)

var (
	started      = everywhere("Started")
	invalid      = undecided(imageconfig.ErrInvalid)
	unreachable  = undecided(imageconfig.ErrUnreachable)
	unauthorized = undecided(imageconfig.ErrUnauthorized)

	// notFound is what the runtimes say of a tag that is not there.
	notFound = []string{
		`ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "{ref}": failed to resolve image: {ref}: not found`,
		`ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": {ref}: not found`,
		`ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": {ref}: not found`,
		`ErrImagePull: unable to pull image or OCI artifact: pull image err: initializing source docker://{ref}: reading manifest 1 in {host}/team/app: manifest unknown` +
			`; artifact err: image reference: get manifest from ref: create image source: reading manifest 1 in {host}/team/app: manifest unknown`,
	}
)

var always, once = faulty.Always, faulty.Once

// faults are those that break off.
var faults = slices.Concat(networkFaults, statusFaults, redirectFaults, credentialFaults, lies)

var networkFaults = []fault{
	{name: "none", reason: "the image starts everywhere", want: started},
	{name: "reset ping", reason: "a node may get through", plan: always(ping, faulty.Reset), want: unreachable},
	{name: "reset tag", reason: "a node may get through", plan: always(tag, faulty.Reset), want: unreachable},
	{name: "reset manifest", reason: "a node may get through", plan: always(manifest, faulty.Reset), want: unreachable},
	{name: "reset config", reason: "a node may get through", plan: always(config, faulty.Reset), want: unreachable},
	{name: "reset layer", reason: "a node may get through", plan: always(layer, faulty.Reset), want: unreachable},
	{name: "cut tag", reason: "the length is promised, half of it comes", plan: always(tag, faulty.Cut), want: unreachable},
	{name: "cut manifest", reason: "the length is promised, half of it comes", plan: always(manifest, faulty.Cut), want: unreachable},
	{name: "cut config", reason: "the length is promised, half of it comes", plan: always(config, faulty.Cut), want: unreachable},
	{name: "cut layer", reason: "the length is promised, half of it comes", plan: always(layer, faulty.Cut), want: unreachable},
	{name: "cut chunked tag", reason: "the last chunk never comes", plan: always(tag, faulty.CutChunked), want: unreachable},
	{name: "cut chunked manifest", reason: "the last chunk never comes", plan: always(manifest, faulty.CutChunked), want: unreachable},
	{name: "cut chunked config", reason: "the last chunk never comes", plan: always(config, faulty.CutChunked), want: unreachable},
	{name: "cut chunked layer", reason: "the last chunk never comes", plan: always(layer, faulty.CutChunked), want: unreachable},
	{name: "HTTP/1.0", reason: "the end of the connection is the end of the body", plan: always(content, faulty.Closing), want: started},
	{name: "garbage ping", reason: "whatever listens there is no registry", plan: always(ping, faulty.Raw("SSH-2.0-OpenSSH_9.2\r\n")), want: unreachable},
	{name: "garbage tag", reason: "whatever listens there is no registry", plan: always(tag, faulty.Raw("SSH-2.0-OpenSSH_9.2\r\n")), want: unreachable},
	{name: "garbage layer", reason: "whatever listens there is no registry", plan: always(layer, faulty.Raw("\x00\x01\x02")), want: unreachable},
	{name: "headers without an end", reason: "they are bounded, as the body is", plan: always(tag, faulty.Raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 11<<20))), want: unreachable},
	{name: "endless greeting", reason: "it is bounded, and says nothing", plan: always(ping, faulty.Endless), want: started},
	{name: "endless token answer", reason: "it is bounded", guarded: true, plan: always(faulty.Token, faulty.Endless), want: unreachable},
	{name: "endless tag", reason: "a manifest is bounded", plan: always(tag, faulty.Endless), want: invalid},
	{name: "endless manifest", reason: "the size is a promise", plan: always(manifest, faulty.Endless), want: invalid},
	{name: "endless config", reason: "the size is a promise", plan: always(config, faulty.Endless), want: invalid},
	{name: "endless layer", reason: "the size is a promise", plan: always(layer, faulty.Endless), want: invalid},
	{name: "negative length", reason: "no HTTP", plan: always(tag, faulty.Raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")), want: unreachable},
}

var statusFaults = []fault{
	{name: "404 tag", reason: "the registry knows its images", plan: always(tag, faulty.Status(404)), want: notFound},
	{name: "404 manifest", reason: "the index is there, a part is not", plan: always(manifest, faulty.Status(404)), want: invalid},
	{name: "404 config", reason: "the image is there, a part is not", plan: always(config, faulty.Status(404)), want: invalid},
	{name: "404 layer", reason: "the image is there, a part is not", plan: always(layer, faulty.Status(404)), want: invalid},
	{name: "403 tag", reason: "a node may have credentials", plan: always(tag, faulty.Status(403)), want: unauthorized},
	{name: "403 manifest", reason: "a node may have credentials", plan: always(manifest, faulty.Status(403)), want: unauthorized},
	{name: "403 config", reason: "a node may have credentials", plan: always(config, faulty.Status(403)), want: unauthorized},
	{name: "403 layer", reason: "a node may have credentials", plan: always(layer, faulty.Status(403)), want: unauthorized},
	{name: "405", reason: "it says nothing about the image", plan: always(tag, faulty.Status(405)), want: unreachable},
	{name: "405 for HEAD", reason: "then containerd asks with GET", plan: always(content, faulty.NoHead), want: started},
	{name: "418", reason: "it says nothing about the image", plan: always(tag, faulty.Status(418)), want: unreachable},
	{name: "204 tag", reason: "it is no failure and no manifest", plan: always(tag, faulty.Status(204)), want: unreachable},
	{name: "206 layer", reason: "nobody asked for a part, and it has another digest", plan: always(layer, faulty.StatusBody(206, "part")), want: invalid},
	{name: "304 tag", reason: "nobody asked whether it changed", plan: always(tag, faulty.Status(304)), want: unreachable},
	{name: "429 once", reason: "it asks for no time", plan: once(content, faulty.Status(429, "Retry-After", "0")), want: started},
	{name: "429 until a date", reason: "the date is gone", plan: once(content, faulty.Status(429, "Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")), want: started},
	{name: "429 until garbage", reason: "the usual time is waited", plan: once(tag, faulty.Status(429, "Retry-After", "soon")), want: started},
	{name: "429 until before now", reason: "no time is negative", plan: once(tag, faulty.Status(429, "Retry-After", "-5")), want: started},
	{name: "429 for ever", reason: "a node may come later", plan: always(tag, faulty.Status(429, "Retry-After", "0")), want: unreachable},
	{name: "429 for ever for a layer", reason: "a node may come later", plan: always(layer, faulty.Status(429, "Retry-After", "0")), want: unreachable},
	{name: "500 once", reason: "such errors pass", plan: once(content, faulty.Status(500, "Retry-After", "0")), want: started},
	{name: "500 for ever", reason: "it says nothing about the image", plan: always(tag, faulty.Status(500, "Retry-After", "0")), want: unreachable},
	{name: "500 for ever for a config", reason: "it says nothing about the image", plan: always(config, faulty.Status(500, "Retry-After", "0")), want: unreachable},
	{name: "502 once", reason: "such errors pass", plan: once(content, faulty.Status(502, "Retry-After", "0")), want: started},
	{name: "502 for ever", reason: "it says nothing about the image", plan: always(tag, faulty.Status(502, "Retry-After", "0")), want: unreachable},
	{name: "503 once", reason: "such errors pass", plan: once(content, faulty.Status(503, "Retry-After", "0")), want: started},
	{name: "503 once for the ping", reason: "such errors pass", plan: once(ping, faulty.Status(503, "Retry-After", "0")), want: started},
	{name: "503 for an hour", reason: "that is not waited for", plan: always(tag, faulty.Status(503, "Retry-After", "3600")), want: unreachable},
	{name: "503 for ever", reason: "it says nothing about the image", plan: always(tag|layer, faulty.Status(503, "Retry-After", "0")), want: unreachable},
	{name: "504 once", reason: "such errors pass", plan: once(content, faulty.Status(504, "Retry-After", "0")), want: started},
	{name: "504 for ever", reason: "it says nothing about the image", plan: always(layer, faulty.Status(504, "Retry-After", "0")), want: unreachable},
	{name: "404 with a long text", reason: "what is too long is not read, and may not mean the image", plan: always(tag, faulty.StatusBody(404, strings.Repeat("x", 9<<20))), want: unreachable},
}

var redirectFaults = []fault{
	{name: "301", reason: "another path of the same host", plan: always(content, faulty.Redirect(301, faulty.Moved)), want: started},
	{name: "302", reason: "another path of the same host", plan: always(content, faulty.Redirect(302, faulty.Moved)), want: started},
	{name: "307", reason: "another path of the same host", plan: always(content, faulty.Redirect(307, faulty.Moved)), want: started},
	{name: "308", reason: "another path of the same host", plan: always(content, faulty.Redirect(308, faulty.Moved)), want: started},
	{name: "307 elsewhere", reason: "clouds keep blobs on another host", plan: always(config|layer, faulty.Redirect(307, faulty.Elsewhere)), want: started},
	{name: "redirect loop for the ping", reason: "it has no end", plan: always(ping, faulty.Redirect(302, faulty.Itself)), want: unreachable},
	{name: "redirect loop for a tag", reason: "it has no end", plan: always(tag, faulty.Redirect(302, faulty.Itself)), want: unreachable},
	{name: "redirect loop for a manifest", reason: "it has no end", plan: always(manifest, faulty.Redirect(307, faulty.Itself)), want: unreachable},
	{name: "redirect loop for a config", reason: "it has no end", plan: always(config, faulty.Redirect(307, faulty.Itself)), want: unreachable},
	{name: "redirect loop for a layer", reason: "it has no end", plan: always(layer, faulty.Redirect(307, faulty.Itself)), want: unreachable},
	{name: "redirect to nowhere", reason: "there is no Location", plan: always(config, faulty.Status(307)), want: unreachable},
	{name: "redirect to no address", reason: "the Location is no URL", plan: always(config, faulty.Status(307, "Location", "http://[::1")), want: unreachable},
	{name: "redirect to a file", reason: "no host has it", plan: always(config, faulty.Status(307, "Location", "file:///etc/passwd")), want: unreachable},
}

// challenge is a way to log in that leads to the registry's own token server.
func challenge(realm string) faulty.Answer {
	return faulty.Status(401, "WWW-Authenticate", realm)
}

var credentialFaults = []fault{
	{name: "token", reason: "anybody gets one", guarded: true, want: started},
	{name: "401 without a challenge", reason: "there is no way to log in", plan: always(ping|content, faulty.Status(401)), want: unauthorized},
	{name: "401 for the tag only", reason: "there is no way to log in", plan: always(tag, faulty.Status(401)), want: unauthorized},
	{name: "401 for a layer only", reason: "there is no way to log in", plan: always(layer, faulty.Status(401)), want: unauthorized},
	{name: "basic", reason: "there are no credentials here", plan: always(ping|content, challenge(`Basic realm="test"`)), want: unauthorized},
	{name: "malformed challenge", reason: "nobody knows how to log in there", plan: always(ping|content, challenge(`Bearer realm="`)), want: unreachable},
	{name: "unknown challenge", reason: "nobody knows how to log in there", plan: always(ping|content, challenge(`Negotiate`)), want: unauthorized},
	{name: "challenge without realm", reason: "nobody knows where to log in", plan: always(ping|content, challenge(`Bearer service="test"`)), want: unreachable},
	{name: "token server 401", reason: "a node may have credentials", guarded: true, plan: always(faulty.Token, faulty.Status(401)), want: unauthorized},
	{name: "token server 403", reason: "a node may have credentials", guarded: true, plan: always(faulty.Token, faulty.Status(403)), want: unauthorized},
	{name: "token server 404", reason: "it says nothing about the image", guarded: true, plan: always(faulty.Token, faulty.Status(404)), want: unreachable},
	{name: "token server 500", reason: "it says nothing about the image", guarded: true, plan: always(faulty.Token, faulty.Status(500, "Retry-After", "0")), want: unreachable},
	{name: "token server 503 once", reason: "such errors pass", guarded: true, plan: once(faulty.Token, faulty.Status(503, "Retry-After", "0")), want: started},
	{name: "token server resets", reason: "a node may get through", guarded: true, plan: always(faulty.Token, faulty.Reset), want: unreachable},
	{name: "token server without JSON", reason: "that is no token", guarded: true, plan: always(faulty.Token, faulty.Instead("text/html", "<html>")), want: unreachable},
	{name: "no token", reason: "that is no token", guarded: true, plan: always(faulty.Token, faulty.Instead("application/json", `{}`)), want: unreachable},
	{name: "empty token", reason: "that is no token", guarded: true, plan: always(faulty.Token, faulty.Instead("application/json", `{"token":""}`)), want: unreachable},
	{name: "wrong token", reason: "the registry does not take it", guarded: true, plan: always(faulty.Token, faulty.Instead("application/json", `{"token":"wrong"}`)), want: unauthorized},
	{name: "long token answer", reason: "it is bounded", guarded: true, plan: always(faulty.Token, faulty.Instead("application/json", `{"token":"`+strings.Repeat("x", 9<<20))), want: unreachable},
}

// aDigest is that of nothing that is pushed.
const aDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var lies = []fault{
	{name: "altered manifest", reason: "the digest is the promise", plan: always(manifest, faulty.Altered), want: invalid},
	{name: "altered config", reason: "the digest is the promise", plan: always(config, faulty.Altered), want: invalid},
	{name: "altered layer", reason: "the digest is the promise", plan: always(layer, faulty.Altered), want: invalid},
	{name: "another manifest", reason: "it parses as the right one does", plan: always(manifest, faulty.Changed(replaced(`"layers"`, `"Layers"`))), want: invalid},
	{name: "another config", reason: "it parses as the right one does", plan: always(config, faulty.Changed(replaced(`"app"`, `"1.1"`))), want: invalid},
	{name: "another layer", reason: "it unpacks as the right one does", plan: always(layer, faulty.Changed(replaced("app:x:1000", "app:x:1001"))), want: invalid},
	{name: "longer config", reason: "the size is a promise", plan: always(config, faulty.Changed(longer)), want: invalid},
	{name: "longer layer", reason: "the size is a promise", plan: always(layer, faulty.Changed(longer)), want: invalid},
	{name: "shorter config", reason: "the size is a promise", plan: always(config, faulty.Changed(shorter)), want: invalid},
	{name: "shorter layer", reason: "the size is a promise", plan: always(layer, faulty.Changed(shorter)), want: invalid},
	{name: "empty tag", reason: "there is nothing to read", plan: always(tag, faulty.Changed(nothing)), want: invalid},
	{name: "empty manifest", reason: "there is nothing to read", plan: always(manifest, faulty.Changed(nothing)), want: invalid},
	{name: "empty config", reason: "there is nothing to read", plan: always(config, faulty.Changed(nothing)), want: invalid},
	{name: "empty layer", reason: "there is nothing to read", plan: always(layer, faulty.Changed(nothing)), want: invalid},
	{name: "HTML for a tag", reason: "a login page is no manifest", plan: always(tag, faulty.Instead("text/html; charset=utf-8", "<html>")), want: invalid},
	{name: "HTML that says it is a manifest", reason: "it is none", plan: always(tag, faulty.Instead(types.OCIManifestSchema1, "<html>")), want: invalid},
	{name: "HTML for a config", reason: "a login page is no config", plan: always(config, faulty.Instead("text/html", "<html>")), want: invalid},
	{name: "another digest in the header", reason: "containerd asks for that digest next", plan: always(tag, faulty.Header("Docker-Content-Digest", aDigest)), want: invalid},
	{name: "no digest in the header", reason: "containerd reads the manifest to know it", plan: always(tag|manifest, faulty.Header("Docker-Content-Digest", "")), want: started},
	{name: "charset", reason: "containerd and CRI-O cut it off", plan: always(tag, faulty.Header("Content-Type", string(types.OCIImageIndex)+"; charset=utf-8")), want: started},
	{name: "no media type", reason: "containerd does not know what it is", plan: always(tag, faulty.Header("Content-Type", "")), want: invalid},
	{name: "octet-stream", reason: "containerd does not know what it is", plan: always(tag, faulty.Header("Content-Type", "application/octet-stream")), want: invalid},
	{name: "JSON", reason: "containerd does not know what it is", plan: always(tag, faulty.Header("Content-Type", "application/json")), want: invalid},
	{name: "manifest for an index", reason: "the content says otherwise", plan: always(tag, faulty.Header("Content-Type", string(types.OCIManifestSchema1))), want: invalid},
	{name: "index for a manifest", reason: "the index said otherwise, and it counts", plan: always(manifest, faulty.Header("Content-Type", string(types.OCIImageIndex))), want: started},
	{name: "any media type for a blob", reason: "nobody looks at it", plan: always(config|layer, faulty.Header("Content-Type", "text/html")), want: started},
	{name: "gzip for a tag", reason: "clients ask for it; the digest is that of what was zipped", plan: always(tag, faulty.Zipped), want: started},
	{name: "gzip for a layer", reason: "clients ask for it; the digest is that of what was zipped", plan: always(layer, faulty.Zipped), want: started},
}

// replaced returns a change that keeps the size.
func replaced(from, to string) func(http.Header, []byte) []byte {
	return func(_ http.Header, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(from), []byte(to))
	}
}

func longer(header http.Header, body []byte) []byte {
	header.Del("Content-Length")
	return append(slices.Clone(body), ' ')
}

func shorter(header http.Header, body []byte) []byte {
	header.Del("Content-Length")
	return body[:len(body)-1]
}

func nothing(header http.Header, _ []byte) []byte {
	header.Del("Content-Length")
	return nil
}

func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	t.Run("table", func(t *testing.T) {
		for _, test := range faults {
			checkTable(t, seen, test.name, test.reason)
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				got, want := make([]string, len(pullers)), make([]string, len(pullers))
				var group sync.WaitGroup
				for n, puller := range pullers {
					registry := serveFaulty(t, test.plan, test.guarded)
					ref := pushed(t, registry, "team/app:1", indexed(sample(t), "linux/amd64"))
					want[n] = strings.NewReplacer("{ref}", ref, "{host}", registry.Host).Replace(test.want[n])
					group.Go(func() {
						transport := newDialer()
						kubelet := simulate.Kubelet{Node: puller, Images: &imageconfig.Registry{Transport: transport}}
						got[n] = outcomeOf(kubelet.Start(t.Context(), podOf(container("app", ref))))
						wantNoConnection(t, transport)
					})
				}
				group.Wait()
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("outcomes of %v (-want +got):\n%s", pullers, diff)
				}
			})
		}
	})
	wantNoGoroutine(t)
}

// TestRedirectShowsNoCredentials checks that the host that has the blobs is not
// shown the token of the registry.
func TestRedirectShowsNoCredentials(t *testing.T) {
	registry := serveFaulty(t, always(config|layer, faulty.Redirect(307, faulty.Elsewhere)), true)
	ref := pushed(t, registry, "team/app:1", sample(t))
	outcome := simulate.Kubelet{Images: &imageconfig.Registry{}}.Start(t.Context(), podOf(container("app", ref)))
	if err := outcome.Err(); err != nil {
		t.Error(err)
	}
	shown := registry.ShownElsewhere()
	if len(shown) == 0 {
		t.Error("the other host was not asked")
	}
	if credentials := slices.DeleteFunc(slices.Clone(shown), func(s string) bool { return s == "" }); len(credentials) > 0 {
		t.Errorf("the other host was shown %q", slices.Collect(maps.Keys(map[string]bool{credentials[0]: true})))
	}
}
