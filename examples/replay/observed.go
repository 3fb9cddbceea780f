package main

import (
	"encoding/json"
	"slices"

	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// The types below are a recording's "want", as a simulated start fills it.
type (
	observation struct {
		Phase               corev1.PodPhase      `json:"phase,omitempty"`
		Reason              string               `json:"reason,omitempty"`
		Message             string               `json:"message,omitempty"`
		Conditions          []condition          `json:"conditions"`
		InitContainers      map[string]container `json:"initContainers,omitempty"`
		Containers          map[string]container `json:"containers"`
		EphemeralContainers map[string]container `json:"ephemeralContainers,omitempty"`
		Events              []event              `json:"events"`
		Process             map[string]process   `json:"process,omitempty"`
	}
	condition struct {
		Type    corev1.PodConditionType `json:"type"`
		Status  corev1.ConditionStatus  `json:"status"`
		Reason  string                  `json:"reason,omitempty"`
		Message string                  `json:"message,omitempty"`
	}
	container struct {
		State    string                `json:"state"`
		Reason   string                `json:"reason,omitempty"`
		Message  string                `json:"message,omitempty"`
		ExitCode *int32                `json:"exitCode,omitempty"`
		User     *corev1.ContainerUser `json:"user,omitempty"`
	}
	event struct {
		Type      string `json:"type"`
		Reason    string `json:"reason"`
		Message   string `json:"message"`
		FieldPath string `json:"fieldPath"`
	}
	process struct {
		UID    int64   `json:"uid"`
		GID    int64   `json:"gid"`
		Groups []int64 `json:"groups"`
	}
)

// observed returns an outcome as a recording would show it. Processes are shown
// for the containers whose process was recorded.
func observed(outcome simulate.Outcome, want map[string]any) (map[string]any, error) {
	status := outcome.Status()
	seen := observation{
		Phase: status.Phase, Reason: status.Reason, Message: status.Message,
		InitContainers:      containers(status.InitContainerStatuses),
		Containers:          containers(status.ContainerStatuses),
		EphemeralContainers: containers(status.EphemeralContainerStatuses),
		Conditions:          []condition{},
		Events:              []event{},
		Process:             map[string]process{},
	}
	for _, c := range status.Conditions {
		seen.Conditions = append(seen.Conditions, condition{c.Type, c.Status, c.Reason, c.Message})
	}
	for _, e := range outcome.Events() {
		seen.Events = append(seen.Events, event{e.Type, e.Reason, e.Message, e.InvolvedObject.FieldPath})
	}
	recorded, _ := want["process"].(map[string]any)
	for _, c := range outcome.Containers {
		if _, ok := recorded[c.Name]; ok && c.Verdict == simulate.Started {
			seen.Process[c.Name] = processOf(c)
		}
	}
	content, err := json.Marshal(seen)
	if err != nil {
		return nil, err
	}
	return decodeObject(content)
}

func containers(statuses []corev1.ContainerStatus) map[string]container {
	result := map[string]container{}
	for _, status := range statuses {
		c := container{User: status.User}
		switch state := status.State; {
		case state.Waiting != nil:
			c.State, c.Reason, c.Message = "waiting", state.Waiting.Reason, state.Waiting.Message
			if c.Reason == "ImagePullBackOff" {
				c.Reason = "ErrImagePull" // the first try, which is what recordings show
			}
		case state.Running != nil:
			c.State = "running"
		case state.Terminated != nil:
			c.State, c.Reason, c.Message = "terminated", state.Terminated.Reason, state.Terminated.Message
			c.ExitCode = &state.Terminated.ExitCode
		}
		result[status.Name] = c
	}
	return result
}

// processOf returns what the process reads from /proc/self/status, where the
// kernel sorts the groups.
func processOf(c simulate.Container) process {
	uid, _ := c.Process.UID.Number()
	gid, _ := c.Process.GID.Number()
	p := process{UID: uid, GID: gid, Groups: append([]int64{}, c.Process.GroupNumbers()...)}
	slices.Sort(p.Groups)
	return p
}
