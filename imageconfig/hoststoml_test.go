package imageconfig_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

// certs is where containerd's configuration is.
const certs = "/etc/containerd/certs.d"

// TestHostsTOML has the rules of a file, most as containerd's docs/hosts.md
// shows them.
func TestHostsTOML(t *testing.T) {
	const direct = "https://registry.example/v2/lib/app"
	for _, test := range []struct {
		name, reason, file string
		want               []string
	}{
		{"empty", "As no file.", "", []string{direct}},
		{"comment", "Says nothing.", "# nothing", []string{direct}},
		{"server", "Is asked in the registry's place.", `server = "https://other.example"`,
			[]string{"https://other.example/v2/lib/app?ns=registry.example"}},
		{"server, itself", "Is no mirror.", `server = "https://registry.example"`, []string{direct}},
		{"server without a scheme", "HTTPS is meant.", `server = "other.example:5000"`,
			[]string{"https://other.example:5000/v2/lib/app?ns=registry.example"}},
		{"server with a name that begins with http", "containerd takes it for a scheme, and then for nothing.", `server = "httpd.example"`,
			[]string{direct}},
		{"mirrors", "Come in the order of the file, and before the registry.",
			"[host.'https://z.example']\n[host.'https://a.example']\n[host.'https://m.example']",
			[]string{
				"https://z.example/v2/lib/app?ns=registry.example", "https://a.example/v2/lib/app?ns=registry.example",
				"https://m.example/v2/lib/app?ns=registry.example", direct,
			}},
		{"a public and a private mirror", "Without resolve, only what a digest names.",
			"[host.'https://public.example']\ncapabilities = ['pull']\n[host.'https://private.example']\ncapabilities = ['Pull', 'RESOLVE']",
			[]string{"https://public.example/v2/lib/app?ns=registry.example digest-only", "https://private.example/v2/lib/app?ns=registry.example", direct}},
		{"no pulls", "Who may not pull is not asked.",
			"capabilities = ['push']\nserver = 'https://push.example'\n[host.'https://resolver.example']\ncapabilities = ['resolve', 'referrers']", nil},
		{"capabilities of the registry itself", "Without a server, containerd overlooks them.", "capabilities = ['push']", []string{direct}},
		{"path", "The API is below it.", "[host.'https://mirror.example/us/']",
			[]string{"https://mirror.example/us/v2/lib/app?ns=registry.example", direct}},
		{"path with v2", "Is the API's.", "[host.'https://mirror.example/hub/v2']",
			[]string{"https://mirror.example/hub/v2/lib/app?ns=registry.example", direct}},
		{"a slash", "Is no path.", "[host.'https://mirror.example/']",
			[]string{"https://mirror.example/v2/lib/app?ns=registry.example", direct}},
		{"override_path", "The path is all.", "[host.'https://mirror.example/v2/upstream']\noverride_path = true",
			[]string{"https://mirror.example/v2/upstream/lib/app?ns=registry.example", direct}},
		{"override_path without a path", "There is no /v2.", "[host.'https://mirror.example']\noverride_path = true",
			[]string{"https://mirror.example/lib/app?ns=registry.example", direct}},
		{"plain HTTP", "Said by the scheme.", "[host.'http://mirror.example']",
			[]string{"http://mirror.example/v2/lib/app?ns=registry.example", direct}},
		{"plain HTTP and TLS", "Who speaks of TLS wants it tried.", "[host.'http://mirror.example:5000']\nskip_verify = true",
			[]string{"https://mirror.example:5000/v2/lib/app?ns=registry.example or-http tls unverified", direct}},
		{"plain HTTP and TLS on port 80", "Which is never TLS.", "[host.'http://mirror.example:80']\nskip_verify = true",
			[]string{"http://mirror.example:80/v2/lib/app?ns=registry.example tls unverified", direct}},
		{"skip_verify of the registry", "Needs no server.", "skip_verify = true", []string{direct + " tls unverified"}},
		{"headers", "Each host has its own.",
			"[header]\nx-server = ['a', 'b']\n[host.'https://mirror.example'.header]\nx-mirror = 'c'",
			[]string{`https://mirror.example/v2/lib/app?ns=registry.example X-Mirror=["c"]`, direct + ` X-Server=["a" "b"]`}},
		{"a host that is taken up again", "containerd asks it twice.",
			"[host.'https://a.example']\n[host.'https://b.example']\n[host.'https://a.example'.header]\nx = 'y'",
			[]string{
				`https://a.example/v2/lib/app?ns=registry.example X=["y"]`, "https://b.example/v2/lib/app?ns=registry.example",
				`https://a.example/v2/lib/app?ns=registry.example X=["y"]`, direct,
			}},
		{"a host without a header", "Has no place in the order, so it is none.", "host.'https://mirror.example'.skip_verify = true", []string{direct}},
		{"hosts in a table", "As above.", "[host]\n'https://mirror.example' = {skip_verify = true}", []string{direct}},
		{"a host without a host", "The request fails, and the next is asked.", "[host.'httpd.example']",
			[]string{":///httpd.example/v2/lib/app?ns=registry.example error: the host's address httpd.example/v2 names no host", direct}},
		{"unknown keys", "Are ignored.", "servers = 1\n[host.'https://mirror.example']\ncapabilites = []",
			[]string{"https://mirror.example/v2/lib/app?ns=registry.example", direct}},
		{"dial_timeout", "Changes no answer.", "dial_timeout = '3s'", []string{direct}},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			endpoints, err := imageconfig.HostsTOML(nodeOf(map[string]string{certs + "/registry.example/hosts.toml": test.file}), certs)
			if err != nil {
				t.Fatal(err)
			}
			wantEndpoints(t, endpoints, "registry.example/lib/app", test.want...)
		})
	}
}

// TestHostsTOMLDirectories has the rules of which directory is a registry's.
func TestHostsTOMLDirectories(t *testing.T) {
	server := func(name string) string { return "server = 'https://" + name + ".example'" }
	node := nodeOf(map[string]string{
		certs + "/underscore.example_5000_/hosts.toml": server("underscore"),
		certs + "/underscore.example:5000/hosts.toml":  server("colon"),
		certs + "/colon.example:5000/hosts.toml":       server("colon"),
		certs + "/port.example/hosts.toml":             server("port"),
		certs + "/_default/hosts.toml":                 server("default"),
		certs + "/docker.io/hosts.toml":                "[host.'https://mirror.example']",
		certs + "/localhost_5000_/hosts.toml":          "skip_verify = false",
		certs + "/file.example":                        "not a directory",
		"/second/second.example/hosts.toml":            server("second"),
		"/first/first.example/hosts.toml":              server("first"),
	})
	for _, test := range []struct {
		name, reason, repository string
		dirs, want               []string
	}{
		{"underscores", "Come first.", "underscore.example:5000/app", []string{certs}, []string{"https://underscore.example/v2/app?ns=underscore.example:5000"}},
		{"colon", "Comes second.", "colon.example:5000/app", []string{certs}, []string{"https://colon.example/v2/app?ns=colon.example:5000"}},
		{"another port", "Is another registry.", "port.example:5000/app", []string{certs}, []string{"https://default.example/v2/app?ns=port.example:5000"}},
		{"default", "Is for all others.", "other.example/app", []string{certs}, []string{"https://default.example/v2/app?ns=other.example"}},
		{"docker.io", "Is called so; a mirror of it gets that name.", "docker.io/library/nginx", []string{certs},
			[]string{"https://mirror.example/v2/library/nginx?ns=docker.io", "https://registry-1.docker.io/v2/library/nginx"}},
		{"localhost", "Is never verified where no server is said.", "localhost:5000/app", []string{certs}, []string{"https://localhost:5000/v2/app or-http tls unverified"}},
		{"a file", "Is no registry's.", "file.example/app", []string{certs}, []string{"https://default.example/v2/app?ns=file.example"}},
		{"no default", "Others are asked as they are.", "other.example/app", []string{"/first", "/second"}, []string{"https://other.example/v2/app"}},
		{"second directory", "Is asked where the first has nothing.", "second.example/app", []string{"/first", "/second"}, []string{"https://second.example/v2/app"}},
		{"default of the first directory", "Comes before all of the second.", "second.example/app", []string{certs, "/second"}, []string{"https://default.example/v2/app?ns=second.example"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			endpoints, err := imageconfig.HostsTOML(node, test.dirs...)
			if err != nil {
				t.Fatal(err)
			}
			wantEndpoints(t, endpoints, test.repository, test.want...)
		})
	}
}

func TestHostsTOMLErrors(t *testing.T) {
	const file = certs + "/registry.example/hosts.toml"
	manyHosts := ""
	for i := range 257 {
		manyHosts += fmt.Sprintf("[host.a%d]\n", i)
	}
	for _, test := range []struct{ name, reason, content, want string }{
		{"syntax", "The place is the parser's.", "server = 'https://a'\n\nserver", file + ":3: toml: …"},
		{"type", "A text is not a yes.", "[host.'https://a']\nskip_verify = 'yes'", file + ":2: toml: cannot decode…"},
		{"capability", "The line is the key's.", "[host.'https://a']\n\ncapabilities = ['pull',\n'fetch']", file + `:3: host "https://a": capabilities: unknown capability "fetch"`},
		{"server's capability", "The line is the key's.", "\ncapabilities = ['fetch']", file + `:2: capabilities: unknown capability "fetch"`},
		{"address", "The line is the table's.", "\n[host.'https://[::1']", file + `:2: host "https://[::1": server: parse "https://[::1": missing ']' in host`},
		{"ca", "A number is no path.", "ca = 5", file + ":1: ca: is a int64, neither a path nor paths"},
		{"cas", "A number is no path.", "ca = ['a', 5]", file + ":1: ca: 5 is not a text"},
		{"client", "Three are no pair.", "client = [['a', 'b', 'c']]", file + ":1: client: [a b c] is not a pair of paths"},
		{"client's type", "Nor is a table.", "client = {a = 1}", file + ":1: client: is a map[string]interface {}, neither a path nor paths"},
		{"header", "A number is no text.", "[header]\nx = 1", file + `:1: header: "x": 1 is not a text`},
		{"dial_timeout", "A unit is missing.", "dial_timeout = '3'", file + `:1: dial_timeout: time: missing unit in duration "3"`},
		{"size", "A megabyte is no list of mirrors.", strings.Repeat("#", 1<<20+1), file + ": has more than 1048576 bytes"},
		{"many hosts", "Nobody has as many mirrors.", manyHosts, file + ": has more than 256 hosts"},
		{"depth", "Nothing overflows.", "a = " + strings.Repeat("[", 1<<19), file + ":1: toml: …"},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			endpoints, err := imageconfig.HostsTOML(nodeOf(map[string]string{file: test.content}), certs)
			wantConfigError(t, endpoints, err, test.want)
		})
	}
	endpoints, err := imageconfig.HostsTOML(nodeOf(nil), certs)
	wantConfigError(t, endpoints, err, certs+": file does not exist")
}

// TestHostsTOMLCertificates has the rules of which files are read.
func TestHostsTOMLCertificates(t *testing.T) {
	const place = certs + "/registry.example"
	cert, key := certificate(t)
	files := map[string]string{
		"/etc/ssl/mine.pem": cert, place + "/ca.pem": cert, place + "/junk.pem": "junk",
		place + "/client.pem": cert + key, place + "/client.cert.pem": cert, place + "/client.key.pem": key,
	}
	const direct = "https://registry.example/v2/app"
	for _, test := range []struct{ name, reason, file, want string }{
		{"ca", "Beside the file.", "ca = 'ca.pem'", direct + " tls ca"},
		{"absolute", "From the node's root.", "ca = '/etc/ssl/mine.pem'", direct + " tls ca"},
		{"upwards", "A path is a path.", "ca = '../../../ssl/mine.pem'", direct + " tls ca"},
		{"out", "The root is the end.", "ca = '../../../../../../etc/ssl/mine.pem'", direct + " tls ca"},
		{"several", "All of them.", "ca = ['ca.pem', '/etc/ssl/mine.pem']", direct + " tls ca"},
		{"none", "As the documentation does not say.", "ca = []", direct + " tls"},
		{"missing", "The pull fails on the node too.", "ca = 'missing.pem'", "error: " + place + "/missing.pem: file does not exist"},
		{"junk", "As above.", "ca = 'junk.pem'", "error: " + place + "/junk.pem: has no certificate that can be read"},
		{"client", "Certificate and key in one.", "client = 'client.pem'", direct + " tls client"},
		{"clients", "Each in one.", "client = ['client.pem', 'client.pem']", direct + " tls client client"},
		{"pair", "Certificate and key in two.", "client = [['client.cert.pem', 'client.key.pem']]", direct + " tls client"},
		{"pair without a key", "Documented, but containerd reads the directory.", "client = [['client.pem', '']]", "error: " + place + ": invalid argument"},
		{"client without a key", "The file has none.", "client = 'ca.pem'", "error: " + place + "/ca.pem: tls: …"},
		{"of a mirror that is not asked", "The node reads them all the same.", "[host.'https://m.example']\ncapabilities = ['push']\nca = 'missing.pem'", "error: " + place + "/missing.pem: file does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			files[place+"/hosts.toml"] = test.file
			endpoints, err := imageconfig.HostsTOML(nodeOf(files), certs)
			if err != nil {
				t.Fatal(err)
			}
			wantEndpoints(t, endpoints, "registry.example/app", test.want)
			wantEndpoints(t, endpoints, "other.example/app", "https://other.example/v2/app")
		})
	}
}

// TestHostsTOMLDocker has the rules of a directory without a hosts.toml.
func TestHostsTOMLDocker(t *testing.T) {
	const place = certs + "/registry.example"
	cert, key := certificate(t)
	for _, test := range []struct {
		name, reason string
		files        map[string]string
		want         string
	}{
		{"ca", "Ends in .crt.", map[string]string{"ca.crt": cert}, " tls ca"},
		{"client", "Two files.", map[string]string{"a.cert": cert, "a.key": key}, " tls client"},
		{"client in one file", "Without a .key.", map[string]string{"a.cert": cert + key}, " tls client"},
		{"a key alone", "Is not looked at.", map[string]string{"a.key": key}, ""},
		{"another name", "Is not looked at.", map[string]string{"ca.pem": cert}, ""},
		{"an empty hosts.toml", "Is none.", map[string]string{"hosts.toml": "", "ca.crt": cert}, " tls ca"},
		{"a hosts.toml", "Says it all.", map[string]string{"hosts.toml": "# here", "ca.crt": cert}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			files := map[string]string{}
			for name, content := range test.files {
				files[place+"/"+name] = content
			}
			endpoints, err := imageconfig.HostsTOML(nodeOf(files), certs)
			if err != nil {
				t.Fatal(err)
			}
			wantEndpoints(t, endpoints, "registry.example/app", "https://registry.example/v2/app"+test.want)
		})
	}
}

// TestHostsTOMLHandshake meets a registry that has its own CA and wants a
// client's certificate, with files on a disk.
func TestHostsTOMLHandshake(t *testing.T) {
	cert, key := certificate(t)
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(cert))
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.StartTLS()
	defer server.Close()

	root := t.TempDir()
	place := filepath.Join(root, certs, "registry.example")
	for name, content := range map[string]string{
		"hosts.toml": "[host.'" + server.URL + "']\nca = 'ca.pem'\nclient = 'client.pem'",
		"ca.pem":     pemOf("CERTIFICATE", server.Certificate().Raw),
		"client.pem": cert + key,
	} {
		if err := os.MkdirAll(place, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(place, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	endpoints, err := imageconfig.HostsTOML(os.DirFS(root), certs)
	if err != nil {
		t.Fatal(err)
	}
	found, err := endpoints("registry.example/app")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: found[0].TLS.Clone()}}
	defer client.CloseIdleConnections()
	response, err := client.Get(found[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("status is %s, want the server's own", response.Status)
	}
}
