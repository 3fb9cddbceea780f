package imageconfig

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A session is a repository that one has been authorised for.
type session struct {
	*server
	http.Client
	secrets []string // what no error text may have
}

type sessionKey struct {
	url, repository string
	auth            authn.AuthConfig
}

func keyOf(at site) sessionKey {
	return sessionKey{at.endpoint.URL, at.endpoint.Repository, at.auth}
}

// session authorises a site's credentials for its repository, once for all.
func (c *client) session(ctx context.Context, at site) (*session, error) {
	return c.sessions.do(ctx, keyOf(at), func(ctx context.Context) (*session, error) {
		s, err := c.server(ctx, at.endpoint)
		if err != nil {
			return nil, err
		}
		made, err := s.authorize(ctx, at)
		if err != nil && c.forget(at, s) {
			if s, err = c.server(ctx, at.endpoint); err == nil {
				made, err = s.authorize(ctx, at)
			}
		}
		return made, err
	})
}

func (s *server) authorize(ctx context.Context, at site) (*session, error) {
	auth := authn.Anonymous
	if at.auth != (authn.AuthConfig{}) {
		auth = authn.FromConfig(at.auth)
	}
	token := &transport.Token{Token: at.auth.RegistryToken}
	if strings.EqualFold(s.challenge.Scheme, "bearer") && token.Token == "" {
		var err error
		scope := "repository:" + at.endpoint.Repository + ":pull"
		token, err = transport.Exchange(ctx, s.registry, auth, s.transport, []string{scope}, s.challenge)
		if err != nil {
			return nil, &handshakeError{err}
		}
		token.Token = cmp.Or(token.AccessToken, token.Token)
	}
	authorized, err := transport.FromToken(s.registry, auth, s.transport, s.challenge, token)
	if err != nil {
		return nil, &handshakeError{err}
	}
	return &session{
		server:  s,
		Client:  http.Client{Transport: authorized, CheckRedirect: checkRedirect},
		secrets: append(secretsOf(at.auth), token.Token, token.RefreshToken),
	}, nil
}

// secretsOf returns what of credentials is secret, in each form that it is sent
// in.
func secretsOf(auth authn.AuthConfig) []string {
	secrets := []string{auth.Password, auth.Auth, auth.IdentityToken, auth.RegistryToken}
	if auth.Password != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(auth.Username+":"+auth.Password)))
	}
	return secrets
}
