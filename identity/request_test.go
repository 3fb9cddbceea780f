package identity_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/identity"
)

func TestContainerRequest(t *testing.T) {
	strict, merge := corev1.SupplementalGroupsPolicyStrict, corev1.SupplementalGroupsPolicyMerge
	type pod = corev1.PodSecurityContext
	type own = corev1.SecurityContext
	type request = identity.Request
	tests := []struct {
		name, reason string
		pod          *corev1.PodSecurityContext
		own          *corev1.SecurityContext
		image        string
		want         identity.Request
	}{
		{"no user", "An image without a USER is root.", nil, nil, "", request{RunAsUser: fromImage(0, "")}},
		{"group alone", "A group alone is root, and is not sent.", nil, nil, ":1000", request{RunAsUser: fromImage(0, ":1000"), ImageUser: ":1000"}},
		{"uid", "The image decides.", &pod{}, &own{}, "1000", request{RunAsUser: fromImage(1000, "1000"), ImageUser: "1000"}},
		{"uid and gid", "The image's group is never sent.", nil, nil, "1000:2000", request{RunAsUser: fromImage(1000, "1000:2000"), ImageUser: "1000:2000"}},
		{"uid out of range", "The kubelet passes every number on.", nil, nil, "-1", request{RunAsUser: fromImage(-1, "-1"), ImageUser: "-1"}},
		{"name", "A name is sent as a name.", nil, nil, "app", request{RunAsUsername: "app", ImageUser: "app"}},
		{"name and group", "The image's group is never sent.", nil, nil, "app:g", request{RunAsUsername: "app", ImageUser: "app:g"}},
		{
			"runAsUser over a name", "Never both are sent.",
			&pod{RunAsUser: new(int64(5))}, nil, "app",
			request{RunAsUser: fromPod(5, "runAsUser"), ImageUser: "app"},
		},
		{
			"container over pod", "The container's fields win, 0 included.",
			&pod{RunAsUser: new(int64(5)), RunAsGroup: new(int64(6))}, &own{RunAsUser: new(int64(0)), RunAsGroup: new(int64(0))}, "7",
			request{RunAsUser: fromContainer(0, "runAsUser"), RunAsGroup: fromContainer(0, "runAsGroup"), ImageUser: "7"},
		},
		{
			"one field each", "Each field is inherited by itself.",
			&pod{RunAsGroup: new(int64(6))}, &own{RunAsUser: new(int64(5))}, "7",
			request{RunAsUser: fromContainer(5, "runAsUser"), RunAsGroup: fromPod(6, "runAsGroup"), ImageUser: "7"},
		},
		{
			"group of the pod", "A group goes together with the image's user.",
			&pod{RunAsGroup: new(int64(6))}, nil, "app",
			request{RunAsUsername: "app", RunAsGroup: fromPod(6, "runAsGroup"), ImageUser: "app"},
		},
		{
			"container alone", "A Pod without a context adds nothing.",
			nil, &own{RunAsUser: new(int64(5)), RunAsGroup: new(int64(6))}, "",
			request{RunAsUser: fromContainer(5, "runAsUser"), RunAsGroup: fromContainer(6, "runAsGroup")},
		},
		{
			"groups", "fsGroup is first, the order stays, nothing is dropped.",
			&pod{FSGroup: new(int64(9)), SupplementalGroups: []int64{8, 9, 3, 8}}, nil, "1",
			request{RunAsUser: fromImage(1, "1"), ImageUser: "1", SupplementalGroups: []identity.ID{
				fromPod(9, "fsGroup"), fromPod(8, "supplementalGroups"), fromPod(9, "supplementalGroups"),
				fromPod(3, "supplementalGroups"), fromPod(8, "supplementalGroups"),
			}},
		},
		{
			"no fsGroup", "supplementalGroups go alone too.",
			&pod{SupplementalGroups: []int64{8}}, nil, "1",
			request{RunAsUser: fromImage(1, "1"), ImageUser: "1", SupplementalGroups: []identity.ID{fromPod(8, "supplementalGroups")}},
		},
		{
			"fsGroup 0", "Zero is a value.",
			&pod{FSGroup: new(int64(0))}, nil, "1",
			request{RunAsUser: fromImage(1, "1"), ImageUser: "1", SupplementalGroups: []identity.ID{fromPod(0, "fsGroup")}},
		},
		{"strict", "The policy is sent.", &pod{SupplementalGroupsPolicy: &strict}, nil, "1", request{RunAsUser: fromImage(1, "1"), ImageUser: "1", Strict: true}},
		{"merge", "Merge is the other policy.", &pod{SupplementalGroupsPolicy: &merge}, nil, "1", request{RunAsUser: fromImage(1, "1"), ImageUser: "1"}},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: test.pod}}
			container := &corev1.Container{SecurityContext: test.own}
			podBefore, containerBefore := pod.DeepCopy(), container.DeepCopy()
			same(t, test.want, identity.ContainerRequest(pod, container, identity.ParseImageUser(test.image)))
			same(t, podBefore, pod)
			same(t, containerBefore, container)
		})
	}
}

func TestSandboxRequest(t *testing.T) {
	strict := corev1.SupplementalGroupsPolicyStrict
	type pod = corev1.PodSecurityContext
	tests := []struct {
		name, reason string
		pod          *corev1.PodSecurityContext
		want         identity.Request
	}{
		{"no context", "Nothing is sent.", nil, identity.Request{}},
		{"empty context", "No user is made up for a sandbox.", &pod{}, identity.Request{}},
		{"user", "The Pod's user is sent.", &pod{RunAsUser: new(int64(5))}, identity.Request{RunAsUser: fromPod(5, "runAsUser")}},
		{"group alone", "The group is sent without a user.", &pod{RunAsGroup: new(int64(6))}, identity.Request{RunAsGroup: fromPod(6, "runAsGroup")}},
		{
			"all", "The groups and the policy are sent too.",
			&pod{RunAsUser: new(int64(0)), RunAsGroup: new(int64(0)), FSGroup: new(int64(9)), SupplementalGroups: []int64{8, 9}, SupplementalGroupsPolicy: &strict},
			identity.Request{
				RunAsUser: fromPod(0, "runAsUser"), RunAsGroup: fromPod(0, "runAsGroup"), Strict: true,
				SupplementalGroups: []identity.ID{fromPod(9, "fsGroup"), fromPod(8, "supplementalGroups"), fromPod(9, "supplementalGroups")},
			},
		},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			// The containers of the Pod take no part.
			own := &corev1.SecurityContext{RunAsUser: new(int64(1)), RunAsGroup: new(int64(2))}
			same(t, test.want, identity.SandboxRequest(&corev1.Pod{Spec: corev1.PodSpec{
				SecurityContext: test.pod,
				Containers:      []corev1.Container{{SecurityContext: own}},
			}}))
		})
	}
}
