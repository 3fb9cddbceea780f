package imageconfig_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

func login(username string) authn.AuthConfig {
	return authn.AuthConfig{Username: username, Password: "hunter2"}
}

func TestWithCredentials(t *testing.T) {
	background := context.Background()
	first, second := login("first"), login("second")
	given := []authn.AuthConfig{first, second}
	two := imageconfig.WithCredentials(background, given...)
	given[0] = login("changed")
	changed := imageconfig.CredentialsFrom(two)
	changed[1] = login("changed")
	tests := []struct {
		name, reason string
		ctx          context.Context
		want         []authn.AuthConfig
	}{
		{name: "none", reason: "any context can be asked", ctx: background},
		{name: "two", reason: "the order is kept, whatever callers do to their slices", ctx: two, want: []authn.AuthConfig{first, second}},
		{name: "replaced", reason: "those of one image are not for the next", ctx: imageconfig.WithCredentials(two, second), want: []authn.AuthConfig{second}},
		{name: "taken away", reason: "nor where the next has none", ctx: imageconfig.WithCredentials(two), want: nil},
		{name: "derived", reason: "a deadline changes nothing", ctx: context.WithoutCancel(two), want: []authn.AuthConfig{first, second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			if diff := cmp.Diff(test.want, imageconfig.CredentialsFrom(test.ctx)); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	credentials := imageconfig.Credentials{
		"example.com":             login("host"),
		"example.com/team":        login("team"),
		"example.com/team/app":    login("app"),
		"example.com:5000":        login("port"),
		"docker.io":               login("hub"),
		"index.docker.io/private": login("private"),
	}
	tests := []struct {
		name, reason string
		credentials  imageconfig.Credentials
		repository   string
		want         string // the username; empty is anonymous
	}{
		{name: "host", reason: "no key has more of the path", credentials: credentials, repository: "example.com/other/app", want: "host"},
		{name: "path", reason: "the longest key counts", credentials: credentials, repository: "example.com/team/web", want: "team"},
		{name: "repository", reason: "the whole name is a key too", credentials: credentials, repository: "example.com/team/app", want: "app"},
		{name: "below", reason: "what is below a repository is its own", credentials: credentials, repository: "example.com/team/app/debug", want: "app"},
		{name: "half a part", reason: "team is not the beginning of teams", credentials: credentials, repository: "example.com/teams/web", want: "host"},
		{name: "port", reason: "another port is another registry", credentials: credentials, repository: "example.com:5000/app", want: "port"},
		{name: "other port", reason: "nothing is known of it", credentials: credentials, repository: "example.com:5001/app"},
		{name: "subdomain", reason: "another host is another registry", credentials: credentials, repository: "a.example.com/app"},
		{name: "superdomain", reason: "be it above", credentials: imageconfig.Credentials{"a.example.com": login("a")}, repository: "example.com/app"},
		{name: "Docker Hub", reason: "its name in references", credentials: credentials, repository: "nginx", want: "hub"},
		{name: "Docker Hub's path", reason: "and its name in go-containerregistry", credentials: credentials, repository: "private/app", want: "private"},
		{name: "docker's key", reason: "as docker login writes it", credentials: imageconfig.Credentials{authn.DefaultAuthKey: login("docker")}, repository: "nginx", want: "docker"},
		{name: "not Docker Hub", reason: "what has no key has no credentials", credentials: imageconfig.Credentials{authn.DefaultAuthKey: login("docker")}, repository: "localhost/nginx"},
		{name: "nil", reason: "the zero value has none", repository: "example.com/app"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			repository, err := name.NewRepository(test.repository)
			if err != nil {
				t.Fatal(err)
			}
			found, err := test.credentials.Resolve(repository)
			if err != nil {
				t.Fatal(err)
			}
			config, err := found.Authorization()
			if err != nil {
				t.Fatal(err)
			}
			if config.Username != test.want {
				t.Errorf("username = %q, want %q", config.Username, test.want)
			}
		})
	}
}

// TestCredentialsStaySecret prints what holds credentials in every way that fmt
// and JSON have.
func TestCredentialsStaySecret(t *testing.T) {
	credentials := imageconfig.Credentials{"example.com": login("admin")}
	ctx := imageconfig.WithCredentials(t.Context(), login("admin"))
	holders := map[string]any{
		"credentials": credentials, "pointer": &credentials, "registry": &imageconfig.Registry{Keychain: credentials},
		"struct": struct{ Keychain authn.Keychain }{credentials}, "context": ctx,
		"derived context": context.WithValue(ctx, holder{}, "value"),
	}
	for name, held := range holders {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T"} {
			checkSecret(t, name+" "+verb, fmt.Sprintf(verb, held))
		}
		text, err := json.Marshal(held)
		if err != nil {
			t.Logf("%s cannot be JSON: %v", name, err)
		}
		checkSecret(t, name+" JSON", string(text))
	}
	if want, got := `credentials for ["example.com"]`, fmt.Sprint(credentials); got != want {
		t.Errorf("printed as %s, want %s", got, want)
	}
}

type holder struct{}

// checkSecret fails if a text has the credentials of login("admin") in any form.
func checkSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{"hunter2", "admin", "YWRtaW46aHVudGVyMg", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows %q: %s", where, secret, text)
		}
	}
}
