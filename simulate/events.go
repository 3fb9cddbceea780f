package simulate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// An event is one event of the kubelet.
type event struct {
	kind, reason, message string
	fieldPath             string
}

// podEvent emits an event about the Pod.
func (s *podSync) podEvent(kind, reason, message string) {
	s.outcome.events = append(s.outcome.events, event{kind: kind, reason: reason, message: message})
}

// event emits an event about a container.
func (s *podSync) event(c *Container, kind, reason, message string) {
	fieldPath := "spec." + c.Kind.field() + "{" + c.Name + "}"
	s.outcome.events = append(s.outcome.events, event{kind, reason, message, fieldPath})
}

// Events returns the events that the kubelet emits until the first try is over,
// in order. They have no times. Their names are the Pod's with a number; a
// cluster makes the numbers of the time.
//
// Source: [GenerateContainerRef] for the fieldPath.
//
// [GenerateContainerRef]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/container/ref.go#L33-L78
func (o Outcome) Events() []corev1.Event {
	events := make([]corev1.Event, 0, len(o.events))
	for n, e := range o.events {
		events = append(events, corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", o.pod.name, n+1), Namespace: o.pod.namespace},
			InvolvedObject: corev1.ObjectReference{
				Kind: "Pod", APIVersion: "v1",
				Namespace: o.pod.namespace, Name: o.pod.name, UID: types.UID(o.pod.uid),
				FieldPath: e.fieldPath,
			},
			Type:                e.kind,
			Reason:              e.reason,
			Message:             e.message,
			Count:               1,
			Source:              corev1.EventSource{Component: "kubelet"},
			ReportingController: "kubelet",
		})
	}
	return events
}
