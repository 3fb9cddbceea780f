package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
)

// replayCheck starts a Pod on a Windows node and compares what the kubelet's
// check of runAsNonRoot says.
func (s *summary) replayCheck(ctx context.Context, recorded line, out io.Writer) error {
	if recorded.Pod == nil || recorded.ImageUser == nil {
		return errors.New("there is no Pod or no imageUser")
	}
	images := imageconfig.Map{}
	for _, c := range recorded.Pod.Spec.Containers {
		images[c.Image] = imageconfig.Declared(*recorded.ImageUser, nil)
	}
	kubelet := simulate.Kubelet{Images: images, Node: simulate.Node{OS: "windows"}}
	outcome := kubelet.Start(ctx, recorded.Pod)
	if outcome.Undecided != nil || outcome.Failure != nil {
		return outcome.Err()
	}
	s.pods++
	s.containers += len(outcome.Containers)
	for _, c := range outcome.Containers {
		var refused *identity.WindowsNonRootError
		simulated := ""
		if errors.As(c.Failure, &refused) {
			simulated = c.Failure.Message
		}
		if simulated != recorded.Error {
			s.differ++
			_, _ = fmt.Fprintf(out, "%s: error: recorded %q, simulated %q\n", recorded.Pod.Name, recorded.Error, simulated)
		}
	}
	return nil
}
