package simulate

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// An event is one event of the kubelet. Its texts are made when somebody wants to
// see them.
type event struct {
	container *Container // nil for one about the Pod
	warning   bool
	reason    string
	text      string // the message; {image} and the like stand in that of no warning
}

// maxEvents is how many events one container causes at the most.
const maxEvents = 4

// event emits an event about a container that all went well.
func (s *podSync) event(c *Container, reason, text string) {
	s.outcome.events = append(s.outcome.events, event{container: c, reason: reason, text: text})
}

// warn emits a warning about a container or, where that is nil, about the Pod.
func (s *podSync) warn(c *Container, reason, message string) {
	s.outcome.events = append(s.outcome.events, event{container: c, warning: true, reason: reason, text: message})
}

// message returns the event's message.
func (e event) message() string {
	if e.warning {
		return e.text
	}
	c := e.container
	return fill(e.text, "{image}", c.Image, "{quotedImage}", strconv.Quote(c.Image), "{container}", c.Name)
}

// kind returns the event's type.
func (e event) kind() string {
	if e.warning {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}

// fieldPath returns the field of the Pod that the event is about.
//
// Source: [GenerateContainerRef].
//
// [GenerateContainerRef]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/container/ref.go#L33-L78
func (e event) fieldPath() string {
	if e.container == nil {
		return ""
	}
	return "spec." + e.container.Kind.field() + "{" + e.container.Name + "}"
}

// Events returns the events that the kubelet emits until the first try is over,
// in order. They have no times. Their names are the Pod's with a number; a
// cluster makes the numbers of the time.
func (o Outcome) Events() []corev1.Event {
	events := make([]corev1.Event, 0, len(o.events))
	for n, e := range o.events {
		events = append(events, corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", o.pod.name, n+1), Namespace: o.pod.namespace},
			InvolvedObject: corev1.ObjectReference{
				Kind: "Pod", APIVersion: "v1",
				Namespace: o.pod.namespace, Name: o.pod.name, UID: types.UID(o.pod.uid),
				FieldPath: e.fieldPath(),
			},
			Type:                e.kind(),
			Reason:              e.reason,
			Message:             e.message(),
			Count:               1,
			Source:              corev1.EventSource{Component: "kubelet"},
			ReportingController: "kubelet",
		})
	}
	return events
}
