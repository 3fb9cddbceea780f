package main

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The functions below find in a recording what was given to the node, or what it
// makes no claim about: that has to be told to the simulation.

// presentBefore returns the images that were on the node before the Pod came:
// those that were there when they were first used.
func presentBefore(want map[string]any) (present []string) {
	used := map[string]bool{}
	events, _ := want["events"].([]any)
	for _, value := range events {
		event, _ := value.(map[string]any)
		message, _ := event["message"].(string)
		pulled, isPull := strings.CutPrefix(message, `Pulling image "`)
		found, isPresent := strings.CutPrefix(message, `Container image "`)
		image, _, _ := strings.Cut(firstOf(isPull, pulled, found), `"`)
		if !isPull && !isPresent || used[image] {
			continue
		}
		used[image] = true
		if event["reason"] == "Pulled" {
			present = append(present, image)
		}
	}
	return present
}

func firstOf(first bool, a, b string) string {
	if first {
		return a
	}
	return b
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

// inBackOff returns the containers that the recording looked at while the kubelet
// waited to pull again. It shows them at their first try, with the reason of that
// try; before Kubernetes 1.32 the message of a try is lost by then.
func inBackOff(want map[string]any) (names []string) {
	containers, _ := want["containers"].(map[string]any)
	for name, value := range containers {
		container, _ := value.(map[string]any)
		message, _ := container["message"].(string)
		if strings.HasPrefix(message, "Back-off pulling image ") {
			names = append(names, name)
		}
	}
	return names
}

// recordedContainers returns how many containers' states were recorded. A Pod
// that the node rejected has none.
func recordedContainers(want map[string]any) (count int) {
	for _, field := range []string{"initContainers", "containers", "ephemeralContainers"} {
		containers, _ := want[field].(map[string]any)
		count += len(containers)
	}
	return count
}
