package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// A line is one line of a recording: the first names the node, each other one
// has a Pod and what became of it.
type line struct {
	Node *simulate.Node  `json:"node"`
	Pod  *corev1.Pod     `json:"pod"`
	Want json.RawMessage `json:"want"`

	// Of a recording of the kubelet's check on Windows, which names no node.
	ImageUser *string `json:"imageUser"`
	Error     string  `json:"error"`
}

// replay starts every Pod of a recording and prints the differences.
func replay(ctx context.Context, name string, described imageSource, out io.Writer) (summary, error) {
	result := summary{file: name}
	content, err := os.Open(name)
	if err != nil {
		return result, err
	}
	defer content.Close() //nolint:errcheck // only read
	lines := json.NewDecoder(content)
	lines.DisallowUnknownFields()
	var first line
	if err := lines.Decode(&first); err != nil {
		return result, fmt.Errorf("%s: first line: %w", name, err)
	}
	var images imageconfig.Source
	switch {
	case first.Node != nil:
		images, err = described()
	case first.ImageUser != nil:
		err = result.replayCheck(ctx, first, out)
	default:
		err = errors.New("the first line names no node")
	}
	if err != nil {
		return result, fmt.Errorf("%s: %w", name, err)
	}
	for number := 2; ; number++ {
		var next line
		err := lines.Decode(&next)
		if errors.Is(err, io.EOF) {
			return result, nil
		}
		if err == nil && next.Pod == nil {
			err = errors.New("there is no Pod")
		}
		switch {
		case err != nil:
		case first.Node == nil:
			err = result.replayCheck(ctx, next, out)
		default:
			err = result.replayPod(ctx, *first.Node, images, next, out)
		}
		if err != nil {
			return result, fmt.Errorf("%s: line %d: %w", name, number, err)
		}
	}
}

// replayPod starts one Pod and prints how it differs.
func (s *summary) replayPod(ctx context.Context, node simulate.Node, images imageconfig.Source, recorded line, out io.Writer) error {
	want, err := decodeObject(recorded.Want)
	if err != nil {
		return err
	}
	s.notCompared += removeNotCompared(want)
	kubelet := simulate.Kubelet{Images: images, Node: node, Present: presentBefore(want)}
	outcome := kubelet.Start(ctx, recorded.Pod)
	for name, code := range endedAfterStart(want) {
		outcome = outcome.Ended(name, code)
	}
	for _, name := range inBackOff(want) {
		outcome = outcome.Retried(name)
	}
	got, err := observed(outcome, want)
	if err != nil {
		return err
	}
	differences := compare("", want, got)
	for _, d := range differences {
		_, _ = fmt.Fprintf(out, "%s: %s: recorded %s, simulated %s\n", recorded.Pod.Name, d.field, d.want, d.got)
	}
	if len(differences) > 0 {
		for _, c := range outcome.Containers {
			if c.Undecided != nil {
				_, _ = fmt.Fprintf(out, "%s: %s %q is undecided: %v\n", recorded.Pod.Name, c.Kind, c.Name, c.Undecided)
			}
		}
		s.differ++
	}
	s.pods++
	s.containers += recordedContainers(want)
	return nil
}

// decodeObject decodes an object, its numbers unchanged.
func decodeObject(content []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var object map[string]any
	err := decoder.Decode(&object)
	return object, err
}

// notCompared are the fields of a process that are not emulated yet.
var notCompared = []string{"stat", "capEff", "noNewPrivs"}

// removeNotCompared removes those fields and returns how many there were.
func removeNotCompared(want map[string]any) (removed int) {
	processes, _ := want["process"].(map[string]any)
	for name, value := range processes {
		process, _ := value.(map[string]any)
		for _, field := range notCompared {
			if _, ok := process[field]; ok {
				delete(process, field)
				removed++
			}
		}
		if len(process) == 0 {
			delete(processes, name)
		}
	}
	if processes != nil && len(processes) == 0 {
		delete(want, "process")
	}
	return removed
}
