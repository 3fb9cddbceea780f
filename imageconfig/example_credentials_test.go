package imageconfig_test

import (
	"context"
	"fmt"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-containerregistry/pkg/authn"
)

// Explicit credentials, instead of those of docker login. They can be printed.
func ExampleCredentials() {
	registry := &imageconfig.Registry{Keychain: imageconfig.Credentials{
		"registry.example.com":      {Username: "reader", Password: "secret"},
		"registry.example.com/team": {Username: "team", Password: "secret"},
	}}
	fmt.Println(registry.Keychain)
	// Output: credentials for ["registry.example.com" "registry.example.com/team"]
}

// A source that asks a registry in its own way tries the credentials in turn.
func ExampleCredentialsFrom() {
	ctx := imageconfig.WithCredentials(context.Background(),
		authn.AuthConfig{Username: "old", Password: "secret"},
		authn.AuthConfig{Username: "new", Password: "secret"},
	)
	for _, credential := range imageconfig.CredentialsFrom(ctx) {
		fmt.Println("try as", credential.Username)
	}
	// Output:
	// try as old
	// try as new
}
