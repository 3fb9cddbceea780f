package simulate

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Cluster is what the API server has besides the Pod. Exactly these objects
// exist: what a Pod refers to and is not here is missing. An object that names no
// namespace is in "default", as a Pod is. Nothing is changed.
type Cluster struct {
	// Secrets are the Secrets of all namespaces. Their stringData counts as once
	// the API server has stored it. Zero is none.
	Secrets []corev1.Secret
	// ServiceAccounts are those of all namespaces. A Pod that names no pull
	// secrets has those of its own. One that is not here has none. Zero is none.
	ServiceAccounts []corev1.ServiceAccount
}

// Format writes how many objects there are, whatever the verb: what is in them
// stays out of logs.
func (c Cluster) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "%d Secrets, %d ServiceAccounts", len(c.Secrets), len(c.ServiceAccounts))
}

// objectOf returns the object of that name, or nil.
func objectOf[T any, Object interface {
	*T
	metav1.Object
}](objects []T, namespace, name string) Object {
	for i := range objects {
		object := Object(&objects[i])
		if object.GetName() == name && cmp.Or(object.GetNamespace(), corev1.NamespaceDefault) == namespace {
			return object
		}
	}
	return nil
}
