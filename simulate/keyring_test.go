package simulate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// TestPullSecretContent reads Secrets; the image is of example.com.
func TestPullSecretContent(t *testing.T) {
	typed := func(kind corev1.SecretType, data map[string][]byte) corev1.Secret {
		secret := corev1.Secret{Type: kind, Data: data}
		secret.Name = "s"
		return secret
	}
	entry := func(fields string) corev1.Secret {
		return dockerConfigJSON("s", `{"auths":{"example.com":{`+fields+`}}}`)
	}
	inPlain := dockerConfigJSON("s", "not JSON")
	inPlain.StringData = map[string]string{corev1.DockerConfigJsonKey: logins("example.com", "ada")}
	tests := []struct {
		name, reason string
		secret       corev1.Secret
		want         []string
	}{
		{name: "dockerconfigjson", reason: "the newer type has auths", secret: dockerConfigJSON("s", `{"auths":{"example.com":{"username":"ada","password":"smash"}}}`), want: []string{"ada:smash"}},
		{name: "dockercfg", reason: "the older type has none", secret: dockercfg("s", `{"example.com":{"username":"ada","password":"smash"}}`), want: []string{"ada:smash"}},
		{name: "auth", reason: "base64 of both", secret: entry(`"auth":"Zm9vOmJhcg=="`), want: []string{"foo:bar"}},
		{name: "auth unpadded", reason: "the padding may be missing", secret: entry(`"auth":"Zm9vOmJhcg"`), want: []string{"foo:bar"}},
		{name: "auth in lines", reason: "as the command base64 writes it", secret: entry(`"auth":"Zm9vOm\nJhcg==\n"`), want: []string{"foo:bar"}},
		{name: "auth and username", reason: "auth wins", secret: entry(`"username":"foo","password":"bar","auth":"cGluZzpwb25n"`), want: []string{"ping:pong"}},
		{name: "empty auth", reason: "it is as none", secret: entry(`"username":"foo","password":"bar","auth":""`), want: []string{"foo:bar"}},
		{name: "colons", reason: "the first ends the username", secret: entry(`"auth":"YTpiOmM="`), want: []string{"a:b:c"}},
		{name: "NUL and line break", reason: "what docker trims the kubelet keeps", secret: entry(`"auth":"YTpiAAo="`), want: []string{"a:b\x00\n"}},
		{name: "no password", reason: "a runtime sends it empty", secret: entry(`"auth":"YTo="`), want: []string{"a:"}},
		{name: "no username", reason: "a runtime then asks without credentials", secret: entry(`"password":"bar"`), want: []string{":"}},
		{name: "identity token", reason: "the kubelet does not know it; the entry is there", secret: entry(`"identitytoken":"t"`), want: []string{":"}},
		{name: "null entry", reason: "JSON's null is an empty entry", secret: dockerConfigJSON("s", `{"auths":{"example.com":null}}`), want: []string{":"}},
		{name: "helpers", reason: "the kubelet runs none", secret: dockerConfigJSON("s", `{"credsStore":"desktop","credHelpers":{"example.com":"x"}}`)},
		{name: "case", reason: "JSON names are compared without it", secret: dockerConfigJSON("s", `{"AUTHS":{"example.com":{"Username":"ada","PASSWORD":"smash"}}}`), want: []string{"ada:smash"}},
		{name: "null", reason: "it is a config without entries", secret: dockerConfigJSON("s", "null")},
		{name: "empty", reason: "no content is no error", secret: dockerConfigJSON("s", "")},
		{name: "stringData", reason: "the API server lets it replace data", secret: inPlain, want: []string{"ada:ada"}},
		{name: "other key", reason: "the type says which key", secret: typed(corev1.SecretTypeDockerConfigJson, map[string][]byte{corev1.DockerConfigKey: []byte(`{"example.com":{"username":"a"}}`)})},
		{name: "other type", reason: "only two types are pull secrets", secret: typed(corev1.SecretTypeOpaque, map[string][]byte{corev1.DockerConfigJsonKey: []byte(logins("example.com", "ada"))})},
		{name: "no URL", reason: "an entry that cannot be parsed is passed over", secret: dockerConfigJSON("s", logins("exa mple.com", "bad", "example.com", "ada")), want: []string{"ada:ada"}},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, tries(t, "example.com/app:1", test.secret)); diff != "" {
				t.Errorf("tries (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPullSecretMatch asks whether a key names an image.
func TestPullSecretMatch(t *testing.T) {
	tests := []struct {
		name, reason string
		key, image   string
		want         bool
	}{
		{"host", "the plain case", "hello.example.io", "hello.example.io/app", true},
		{"other host", "nothing in common", "hello.example.io", "world.example.org/app", false},
		{"https", "a scheme is taken off", "https://hello.example.io", "hello.example.io/app", true},
		{"http", "either one", "http://hello.example.io", "hello.example.io/app", true},
		{"v1", "old docker clients wrote the API's version", "https://hello.example.io/v1/", "hello.example.io/app", true},
		{"v2", "newer ones too", "https://hello.example.io/v2/", "hello.example.io/app", true},
		{"v1 and a path", "the version alone is taken off", "https://hello.example.io/v1/team", "hello.example.io/team/app", true},
		{"v1 without a slash", "then it is a path", "https://hello.example.io/v1", "hello.example.io/app", false},
		{"slash", "it is no path", "hello.example.io/", "hello.example.io/app", true},
		{"first label", "a glob is one label", "*.example.io", "prefix.example.io/app", true},
		{"middle label", "anywhere", "prefix.*.io", "prefix.example.io/app", true},
		{"last label", "even as the top level", "prefix.example.*", "prefix.example.io/app", true},
		{"part of a label", "a glob has what is around it", "*-good.example.io", "prefix-good.example.io/app", true},
		{"part of a label, empty", "a glob may be nothing", "*example.io", "example.io/app", true},
		{"all labels", "one glob each", "*.*.*.example.io", "a.b.c.example.io/app", true},
		{"more labels", "a glob has no dot", "*.example.io", "a.b.example.io/app", false},
		{"fewer labels", "nor is it nothing with a dot", "*.example.io", "example.io/app", false},
		{"glob across labels", "nor does it begin in the label before", "*example.io", "a.example.io/app", false},
		{"other label", "the rest of a label counts", "k*.io", "quay.io/app", false},
		{"other top level", "the end counts", "prefix.example.c*", "prefix.example.io/app", false},
		{"suffix of a host", "a host that ends likewise is another", "example.io", "badexample.io/app", false},
		{"prefix of a host", "as is one that begins likewise", "example.io", "example.io.evil.org/app", false},
		{"userinfo", "what is before an @ is no host", "example.io@evil.org", "example.io/app", false},
		{"path", "it must begin likewise", "*.example.io/team", "prefix.example.io/team/app", true},
		{"other path", "it does not", "*.example.io/team", "prefix.example.io/other/app", false},
		{"half a part", "it may end within a part", "example.io/pong", "example.io/pongz/app", true},
		{"glob in a path", "there are none", "example.io/*", "example.io/app", false},
		{"port", "it is part of the host", "*.example.io:1111/blah", "prefix.example.io:1111/blah", true},
		{"other port", "another port is another registry", "*.example.io:1234", "prefix.example.io:1111/app", false},
		{"no port", "none is not any", "prefix.*.io", "prefix.example.io:1111/app", false},
		{"port of neither", "nor the other way round", "example.io:443", "example.io/app", false},
		{"glob as a port", "there are none", "example.io:*", "example.io:1111/app", false},
		{"question mark", "it begins a query, and is no glob", "exampl?.io", "example.io/app", false},
		{"class", "brackets are not a host's", "exampl[a-z].io", "example.io/app", false},
		{"IPv6", "an address with its port", "[::1]:5000", "[::1]:5000/app", true},
		{"IPv6 alone", "without a port it is no class of letters", "[A::]", "A/app", false},
		{"Docker Hub", "as docker login writes it", "https://index.docker.io/v1/", "nginx", true},
		{"Docker Hub's path", "an image of a team", "https://index.docker.io/v1/", "team/app", true},
		{"Docker Hub's index", "the bare host", "index.docker.io", "nginx", true},
		{"Docker Hub's name", "the host in references", "docker.io", "nginx", true},
		{"Docker Hub's library", "the path in references", "docker.io/library", "nginx", true},
		{"Docker Hub's glob", "no glob has the host's two labels", "*.docker.io", "nginx", false},
		{"Docker Hub without a slash", "this is a path of the index", "https://index.docker.io/v1", "nginx", false},
		{"Docker Hub elsewhere", "other registries get none of it", "https://index.docker.io/v1/", "world.example.org/app", false},
		{"Docker Hub at home", "the kubelet would, for want of a dot; here no other host gets it", "https://index.docker.io/v1/", "localhost/app", false},
		{"localhost", "a host without a dot", "localhost", "localhost/app", true},
		{"everything", "a glob for each label names what it names", "*.*", "example.io/app", true},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			tried := tries(t, test.image+":1", dockerConfigJSON("s", logins(test.key, "ada")))
			if (len(tried) > 0) != test.want {
				t.Errorf("the key %q for the image %q: tries %q", test.key, test.image, tried)
			}
		})
	}
}

func TestPullSecretOrder(t *testing.T) {
	tests := []struct {
		name, reason string
		image        string
		secrets      []corev1.Secret
		want         []string
	}{
		{
			name: "secrets", reason: "under one key, as the Pod names them", image: "example.com/app:1",
			secrets: []corev1.Secret{
				dockerConfigJSON("z", logins("example.com", "one")), dockercfg("a", `{"https://example.com/v2/":{"auth":"`+authOf("two")+`"}}`),
				dockerConfigJSON("m", logins("example.com", "three")),
			},
			want: []string{"one:eno", "two:owt", "three:eerht"},
		},
		{
			name: "paths", reason: "a path comes before its host, whichever secret has it", image: "example.com/team/app:1",
			secrets: []corev1.Secret{
				dockerConfigJSON("a", logins("example.com", "host")), dockerConfigJSON("b", logins("example.com/team", "team")),
				dockerConfigJSON("c", logins("example.com/team/app", "app")),
			},
			want: []string{"app:ppa", "team:maet", "host:tsoh"},
		},
		{
			name: "globs", reason: "the alphabet backwards: a letter before a star", image: "a.example.com/app:1",
			secrets: []corev1.Secret{dockerConfigJSON("a", logins("*.example.com", "glob", "*.example.com/app", "path", "a.example.com", "host"))},
			want:    []string{"host:tsoh", "path:htap", "glob:bolg"},
		},
		{
			name: "the same", reason: "another try would end as the first", image: "example.com/app:1",
			secrets: []corev1.Secret{
				dockerConfigJSON("a", logins("example.com", "one", "https://example.com", "one")), dockerConfigJSON("b", logins("*.com", "one", "example.com/app", "two")),
			},
			want: []string{"two:owt", "one:eno"},
		},
		{
			name: "Docker Hub", reason: "its index counts where nothing names the image", image: "nginx:1",
			secrets: []corev1.Secret{dockerConfigJSON("a", logins("https://index.docker.io/v1/", "index")), dockerConfigJSON("b", logins("quay.io", "quay"))},
			want:    []string{"index:xedni"},
		},
		{
			name: "Docker Hub by name", reason: "then the index does not count", image: "nginx:1",
			secrets: []corev1.Secret{dockerConfigJSON("a", logins("https://index.docker.io/v1/", "index")), dockerConfigJSON("b", logins("docker.io", "name"))},
			want:    []string{"name:eman"},
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, tries(t, test.image, test.secrets...)); diff != "" {
				t.Errorf("tries (-want +got):\n%s", diff)
			}
		})
	}
}
