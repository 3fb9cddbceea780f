package imageconfig_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig"
)

// answer returns a source that always gives this answer, and counts.
func answer(user string, err error, asked *int) imageconfig.Source {
	return imageconfig.SourceFunc(func(context.Context, string, v1.Platform) (*imageconfig.Image, error) {
		*asked++
		if err != nil {
			return nil, err
		}
		return imageconfig.Declared(user, nil), nil
	})
}

func TestChain(t *testing.T) {
	t.Parallel()
	notHeld := &imageconfig.Error{Kind: imageconfig.ErrNotHeld}
	notFound := &imageconfig.Error{Kind: imageconfig.ErrNotFound}
	invalid := &imageconfig.Error{Kind: imageconfig.ErrInvalid}
	offline := &imageconfig.NodeError{Err: errors.New("offline")}
	tests := []struct {
		name, reason string
		answers      []error // nil is an image
		wantAsked    int
		want         error // nil is the image of the last one asked
	}{
		{"empty", "an empty chain holds nothing", nil, 0, imageconfig.ErrNotHeld},
		{"first", "the first image is the answer", []error{nil, nil}, 1, nil},
		{"second", "who does not hold it passes the question on", []error{notHeld, nil, nil}, 2, nil},
		{"wrapped", "the kind counts, however it is wrapped", []error{fmt.Errorf("here: %w", notHeld), nil}, 2, nil},
		{"none", "nobody holds it", []error{notHeld, notHeld}, 2, imageconfig.ErrNotHeld},
		{"not found", "who knows that there is none is believed", []error{notFound, nil}, 1, imageconfig.ErrNotFound},
		{"invalid", "a bad image is not hidden by a good one", []error{notHeld, invalid, nil}, 2, imageconfig.ErrInvalid},
		{"node", "what the node met is an answer", []error{offline, nil}, 1, offline},
		{"context", "who gives up ends the search", []error{context.Canceled, nil}, 1, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			asked := 0
			var chain imageconfig.Chain
			for n, err := range tt.answers {
				chain = append(chain, answer(fmt.Sprint(n+1), err, &asked))
			}
			image, err := chain.Image(t.Context(), "app", amd64)
			if asked != tt.wantAsked || !errors.Is(err, tt.want) {
				t.Errorf("after %d sources there is the error %v, want %v after %d", asked, err, tt.want, tt.wantAsked)
			}
			if tt.want != nil && image != nil {
				t.Errorf("there is an image besides the error: %+v", image)
			}
			if tt.want == nil && image.Config.Config.User != fmt.Sprint(tt.wantAsked) {
				t.Errorf("the image is that of source %s, want %d", image.Config.Config.User, tt.wantAsked)
			}
		})
	}
}

// What a chain is asked its sources are asked.
func TestChainPassesTheQuestionOn(t *testing.T) {
	t.Parallel()
	platform := v1.Platform{OS: "linux", Architecture: "arm64"}
	source := imageconfig.SourceFunc(func(ctx context.Context, ref string, asked v1.Platform) (*imageconfig.Image, error) {
		if ctx != t.Context() || ref != "app:v1" || !asked.Equals(platform) {
			t.Errorf("asked for %q on %v", ref, asked)
		}
		return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrNotHeld}
	})
	_, err := imageconfig.Chain{source, imageconfig.Chain{source}}.Image(t.Context(), "app:v1", platform)
	if known := wantKind(t, err, imageconfig.ErrNotHeld); known.Reference != "app:v1" {
		t.Errorf("the error is about %q, want app:v1", known.Reference)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	texts := map[error]string{
		imageconfig.ErrNotFound:     "the registry has no such image",
		imageconfig.ErrUnauthorized: "the registry refused access",
		imageconfig.ErrUnreachable:  "the source could not be reached",
		imageconfig.ErrNotHeld:      "the source does not hold the image",
		imageconfig.ErrNoPlatform:   "the image has no manifest for the platform",
		imageconfig.ErrInvalid:      "not a valid image",
	}
	for _, kind := range kinds {
		t.Run(kind.Error(), func(t *testing.T) {
			bare := error(&imageconfig.Error{Reference: "app:v1", Kind: kind})
			full := error(&imageconfig.Error{Reference: "app:v1", Kind: kind, Err: cause})
			if want := `image "app:v1": ` + texts[kind]; bare.Error() != want || full.Error() != want+": the cause" {
				t.Errorf("texts are %q and %q, want %q and the cause", bare, full, want)
			}
			wantKind(t, bare, kind)
			wantKind(t, fmt.Errorf("above: %w", full), kind)
			if errors.Is(bare, cause) || !errors.Is(full, cause) {
				t.Error("the cause is not where it should be")
			}
		})
	}
}

func TestNodeError(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	err := fmt.Errorf("above: %w", &imageconfig.NodeError{Err: cause})
	var node *imageconfig.NodeError
	if !errors.As(err, &node) || !errors.Is(err, cause) {
		t.Errorf("%v is no NodeError with its cause", err)
	}
	if want := "the node could not reach the registry: connection refused"; node.Error() != want {
		t.Errorf("text is %q, want %q", node, want)
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			t.Errorf("a NodeError is said to be an Error: %v", kind)
		}
	}
}
