package identity_test

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/drystart/drystart/identity"
)

func TestVerifyRunAsNonRootOnWindows(t *testing.T) {
	options := func(name string) *corev1.WindowsSecurityContextOptions {
		return &corev1.WindowsSecurityContextOptions{RunAsUserName: &name}
	}
	tests := []struct {
		name, reason string
		nonRoot      bool
		pod, own     *corev1.WindowsSecurityContextOptions
		image        string
		want         string
		wantErr      error
	}{
		{name: "gate open", reason: "without runAsNonRoot everybody passes", image: "ContainerAdministrator"},
		{name: "no user", reason: "an image without a user passes, unlike on Linux", nonRoot: true},
		{name: "number", reason: "numbers mean nothing", nonRoot: true, image: "0"},
		{name: "image", reason: "compared without regard to case, printed as written", nonRoot: true, image: "CONTAINERadministrator:x", want: `container's runAsUser (CONTAINERadministrator) which will be regarded as root identity and will break non-root policy (pod: "web_ns(u)", container: app)`, wantErr: identity.ErrImageUserNameRoot},
		{name: "Pod", reason: "runAsUserName of the Pod", nonRoot: true, pod: options("containeradministrator"), want: `container's runAsUserName (containeradministrator) which will be regarded as root identity and will break non-root policy (pod: "web_ns(u)", container: app)`, wantErr: identity.ErrRunAsUserNameRoot},
		{name: "container over Pod", reason: "the container's wins", nonRoot: true, pod: options("ContainerAdministrator"), own: options("ContainerUser")},
		{name: "name over image", reason: "the image takes no part", nonRoot: true, own: options("ContainerUser"), image: "ContainerAdministrator"},
		{name: "domain", reason: "a domain makes it another name", nonRoot: true, own: options(`HOST\ContainerAdministrator`)},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "ns", UID: "u"},
				Spec:       corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &test.nonRoot, WindowsOptions: test.pod}},
			}
			container := &corev1.Container{Name: "app", SecurityContext: &corev1.SecurityContext{WindowsOptions: test.own}}
			err := identity.VerifyRunAsNonRootOnWindows(pod, container, identity.ParseImageUser(test.image))
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			failsWith(t, test.want, err)
			var refused *identity.WindowsNonRootError
			if !errors.Is(err, test.wantErr) || !errors.As(err, &refused) {
				t.Errorf("error = %v, want %v", err, test.wantErr)
			}
		})
	}
}

func TestWindowsUsername(t *testing.T) {
	name := "ContainerUser"
	options := &corev1.WindowsSecurityContextOptions{RunAsUserName: &name}
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{WindowsOptions: options}}}
	own := &corev1.Container{SecurityContext: &corev1.SecurityContext{WindowsOptions: options}}
	image := identity.ParseImageUser("app")
	tests := []struct {
		name, reason string
		pod          *corev1.Pod
		container    *corev1.Container
		want         string
		source       identity.Source
	}{
		{name: "container", reason: "nearest", pod: pod, container: own, want: "ContainerUser", source: identity.SourceContainer},
		{name: "Pod", reason: "inherited", pod: pod, container: &corev1.Container{}, want: "ContainerUser", source: identity.SourcePod},
		{name: "image", reason: "nothing else says", pod: &corev1.Pod{}, container: &corev1.Container{}, want: "app", source: identity.SourceImage},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			got, origin := identity.WindowsUsername(test.pod, test.container, image)
			same(t, test.want, got)
			same(t, test.source, origin.Source)
		})
	}
}
