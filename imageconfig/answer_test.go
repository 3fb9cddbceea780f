package imageconfig_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestAnswer keeps what the registry said: CRI-O shows it.
func TestAnswer(t *testing.T) {
	server := httptest.NewServer(registry.New(silent))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/nothing:1"
	_, err := (&imageconfig.Registry{}).Image(t.Context(), ref, v1.Platform{OS: "linux", Architecture: "amd64"})
	var known *imageconfig.Error
	if !errors.As(err, &known) || !errors.Is(err, imageconfig.ErrNotFound) || known.Answer != "name unknown: Unknown name" {
		t.Errorf("error = %v, answer %q", err, known.Answer)
	}
}
