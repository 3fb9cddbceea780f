package imageconfig_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/drystart/drystart/imageconfig"
)

// TestRegistryErrorsHaveNoSecrets has registries answer with what they were sent.
func TestRegistryErrorsHaveNoSecrets(t *testing.T) {
	t.Parallel()
	const password, signature = "hunter2-is-secret", "a-signed-address"
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + password))
	guard := func(w http.ResponseWriter, request *http.Request, challenge string) bool {
		if request.Header.Get("Authorization") != "" {
			return true
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	tests := []struct {
		name, reason string
		handler      func(w http.ResponseWriter, request *http.Request)
		want         error
	}{
		{"registry echoes the password", "its words are in our text", func(w http.ResponseWriter, request *http.Request) {
			if !guard(w, request, `Basic realm="x"`) {
				return
			}
			user, given, _ := request.BasicAuth()
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":"%s:%s with %s"}]}`, user, given, request.Header.Get("Authorization"))
		}, imageconfig.ErrUnauthorized},
		{"registry echoes it without JSON", "a body that is not understood is not shown", func(w http.ResponseWriter, request *http.Request) {
			if !guard(w, request, `Basic realm="x"`) {
				return
			}
			_, given, _ := request.BasicAuth()
			http.Error(w, "wrong: "+given, http.StatusInsufficientStorage)
		}, imageconfig.ErrUnreachable},
		{"token server echoes it", "the token server gets it first", func(w http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/token" {
				_, given, _ := request.BasicAuth()
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":"%s"}]}`, given)
				return
			}
			guard(w, request, `Bearer realm="http://`+request.Host+`/token"`)
		}, imageconfig.ErrUnreachable},
		{"token server gives another token", "what it gives instead of a token may be one", func(w http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/token" {
				_, given, _ := request.BasicAuth()
				_, _ = fmt.Fprintf(w, `{"refresh_token":%q}`, given)
				return
			}
			guard(w, request, `Bearer realm="http://`+request.Host+`/token"`)
		}, imageconfig.ErrUnreachable},
		{"signed address", "where blobs are kept, the address is the credential", func(w http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/v2/" {
				return
			}
			if request.URL.Query().Get("X-Signature") == "" {
				http.Redirect(w, request, "/elsewhere?X-Signature="+signature, http.StatusTemporaryRedirect)
				return
			}
			http.Error(w, "no: "+request.URL.String(), http.StatusTeapot)
		}, imageconfig.ErrUnreachable},
		{"signed address that breaks off", "the client itself names the address", func(w http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/v2/" {
				return
			}
			http.Redirect(w, request, "gopher://x/?X-Signature="+signature, http.StatusTemporaryRedirect)
		}, imageconfig.ErrUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needsReason(t, tt.reason)
			source := &imageconfig.Registry{Keychain: keychain(func(authn.Resource) (authn.Authenticator, error) {
				return &authn.Basic{Username: "user", Password: password}, nil
			})}
			image, err := source.Image(t.Context(), serve(t, http.HandlerFunc(tt.handler))+"/app", amd64)
			wantNoImage(t, image, err, tt.want)
			var known *imageconfig.Error
			_ = errors.As(err, &known)
			for _, text := range []string{err.Error(), known.Answer, fmt.Sprintf("%v %+v %#v", err, err, err), fmt.Sprintf("%+v %#v", *known, *known)} {
				for _, secret := range []string{password, basic, signature} {
					if strings.Contains(text, secret) {
						t.Errorf("the text has %q: %s", secret, text)
					}
				}
			}
		})
	}
}

// A registry must not lead from HTTPS to plain HTTP, where a token could be read
// on the way.
func TestRegistryDoesNotLeaveHTTPS(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		t.Errorf("a request came over plain HTTP, with the header %q", request.Header.Get("Authorization"))
	}))
	t.Cleanup(plain.Close)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/v2/" {
			http.Redirect(w, request, plain.URL, http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(server.Close)
	source := &imageconfig.Registry{Transport: server.Client().Transport}
	image, err := source.Image(t.Context(), strings.TrimPrefix(server.URL, "https://")+"/app", amd64)
	wantNoImage(t, image, err, imageconfig.ErrUnreachable)
	if !strings.Contains(err.Error(), "a redirect from https to http") {
		t.Errorf("error is %v, want the redirect named", err)
	}
}
