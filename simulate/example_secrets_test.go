package simulate_test

import (
	"context"
	"fmt"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A pull secret that is missing stops nothing by itself: the node pulls without
// it, and says so.
func ExampleCluster() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
		Spec: corev1.PodSpec{
			ImagePullSecrets: []corev1.LocalObjectReference{{Name: "regcred"}},
			Containers:       []corev1.Container{{Name: "app", Image: "registry.example.com/app:1"}},
		},
	}
	node := simulate.Kubelet{
		Node:   simulate.Node{Kubelet: "1.36.3"},
		Images: imageconfig.Map{"registry.example.com/app:1": imageconfig.Declared("1000", nil)},
		Cluster: &simulate.Cluster{Secrets: []corev1.Secret{{
			ObjectMeta: metav1.ObjectMeta{Name: "regcred", Namespace: "default"}, // not the Pod's
			Type:       corev1.SecretTypeDockerConfigJson,
			Data:       map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"registry.example.com":{"username":"reader","password":"secret"}}}`)},
		}}},
	}
	for _, event := range node.Start(context.Background(), pod).Events() {
		fmt.Println(event.Type, event.Reason, event.Message)
	}
	// Output:
	// Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.
	// Normal Pulling Pulling image "registry.example.com/app:1"
	// Normal Pulled Successfully pulled image "registry.example.com/app:1" in <t> (<t> including waiting). Image size: <n> bytes.
	// Normal Created Container created
	// Normal Started Container started
}

// A Pod that names no pull secrets has those of its service account. A source is
// told which of them are for the image.
func ExampleCluster_serviceAccount() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "app", Image: "registry.example.com/team/app:1"}},
	}}
	node := simulate.Kubelet{
		Images: imageconfig.SourceFunc(func(ctx context.Context, ref string, _ v1.Platform) (*imageconfig.Image, error) {
			for _, credential := range imageconfig.CredentialsFrom(ctx) {
				fmt.Println("pull", ref, "as", credential.Username)
			}
			return imageconfig.Declared("1000", nil), nil
		}),
		Cluster: &simulate.Cluster{
			Secrets: []corev1.Secret{{
				ObjectMeta: metav1.ObjectMeta{Name: "regcred"},
				Type:       corev1.SecretTypeDockerConfigJson,
				StringData: map[string]string{corev1.DockerConfigJsonKey: `{"auths":{
					"*.example.com": {"username": "any", "password": "secret"},
					"registry.example.com": {"username": "reader", "password": "secret"},
					"registry.example.com/team": {"username": "team", "password": "secret"},
					"quay.io": {"username": "robot", "password": "secret"}}}`},
			}},
			ServiceAccounts: []corev1.ServiceAccount{{
				ObjectMeta:       metav1.ObjectMeta{Name: "default"},
				ImagePullSecrets: []corev1.LocalObjectReference{{Name: "regcred"}},
			}},
		},
	}
	fmt.Println(node.Start(context.Background(), pod).Err())
	// Output:
	// pull registry.example.com/team/app:1 as team
	// pull registry.example.com/team/app:1 as reader
	// pull registry.example.com/team/app:1 as any
	// <nil>
}
