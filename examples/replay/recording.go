package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

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
}

// replay starts every Pod of a recording and prints the differences.
func replay(ctx context.Context, name string, images imageconfig.Source, out io.Writer) (summary, error) {
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
	if first.Node == nil {
		return result, fmt.Errorf("%s: the first line names no node", name)
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
		if err == nil {
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
	kubelet := simulate.Kubelet{Images: images, Node: node, Present: presentBefore(recorded.Pod, want)}
	outcome := kubelet.Start(ctx, recorded.Pod)
	for name, code := range endedAfterStart(want) {
		outcome = outcome.Ended(name, code)
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
	s.containers += len(outcome.Containers)
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

// presentBefore returns the images that were on the node before the Pod came:
// those that were used without having been pulled first.
func presentBefore(pod *corev1.Pod, want map[string]any) []string {
	pulled := map[string]bool{}
	events, _ := want["events"].([]any)
	for _, value := range events {
		event, _ := value.(map[string]any)
		message, _ := event["message"].(string)
		if image, ok := strings.CutPrefix(message, "Pulling image "); ok && event["reason"] == "Pulling" {
			pulled[strings.Trim(image, `"`)] = true
		}
	}
	var present []string
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range containers {
			if c.ImagePullPolicy != corev1.PullNever && !pulled[c.Image] {
				present = append(present, c.Image)
			}
		}
	}
	return present
}

// endedAfterStart returns the exit codes of the regular containers that had
// started and whose process had then ended when the recording looked. What a
// process does is no part of a recording's claim, so it is told to the outcome,
// which has to make the recorded status of it.
func endedAfterStart(want map[string]any) map[string]int32 {
	ended := map[string]int32{}
	containers, _ := want["containers"].(map[string]any)
	for name, value := range containers {
		container, _ := value.(map[string]any)
		code, _ := container["exitCode"].(json.Number)
		exitCode, err := strconv.ParseInt(code.String(), 10, 32)
		if err == nil && container["reason"] != "StartError" {
			ended[name] = int32(exitCode)
		}
	}
	return ended
}
