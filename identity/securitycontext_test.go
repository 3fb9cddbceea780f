package identity_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/identity"
)

// fullPod returns a Pod's securityContext with each field set.
func fullPod() *corev1.PodSecurityContext {
	policy, change := corev1.SupplementalGroupsPolicyStrict, corev1.FSGroupChangeAlways
	return &corev1.PodSecurityContext{
		SELinuxOptions:           &corev1.SELinuxOptions{User: "pod", Role: "pod"},
		WindowsOptions:           fullWindows("pod", true),
		RunAsUser:                new(int64(10)),
		RunAsGroup:               new(int64(11)),
		RunAsNonRoot:             new(true),
		SupplementalGroups:       []int64{12},
		SupplementalGroupsPolicy: &policy,
		FSGroup:                  new(int64(13)),
		FSGroupChangePolicy:      &change,
		Sysctls:                  []corev1.Sysctl{{Name: "a", Value: "b"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined},
		AppArmorProfile:          &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined},
	}
}

// fullContainer returns a container's securityContext with each field set.
func fullContainer() *corev1.SecurityContext {
	procMount := corev1.UnmaskedProcMount
	return &corev1.SecurityContext{
		SELinuxOptions:           &corev1.SELinuxOptions{Level: "own"},
		WindowsOptions:           fullWindows("own", false),
		RunAsUser:                new(int64(0)),
		RunAsGroup:               new(int64(0)),
		RunAsNonRoot:             new(false),
		Capabilities:             &corev1.Capabilities{Add: []corev1.Capability{"NET_ADMIN"}, Drop: []corev1.Capability{"ALL"}},
		Privileged:               new(false),
		ReadOnlyRootFilesystem:   new(true),
		AllowPrivilegeEscalation: new(false),
		ProcMount:                &procMount,
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: new("p.json")},
		AppArmorProfile:          &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: new("p")},
	}
}

func fullWindows(name string, hostProcess bool) *corev1.WindowsSecurityContextOptions {
	return &corev1.WindowsSecurityContextOptions{
		GMSACredentialSpecName: new(name + " name"),
		GMSACredentialSpec:     new(name + " spec"),
		RunAsUserName:          new(name),
		HostProcess:            &hostProcess,
	}
}

func TestEffectiveSecurityContext(t *testing.T) {
	type own = corev1.SecurityContext
	type pod = corev1.PodSecurityContext
	procMount := corev1.UnmaskedProcMount
	full := fullPod()
	inherited := own{
		SELinuxOptions: full.SELinuxOptions, WindowsOptions: full.WindowsOptions,
		RunAsUser: full.RunAsUser, RunAsGroup: full.RunAsGroup, RunAsNonRoot: full.RunAsNonRoot,
	}
	// with returns what a container inherits, changed.
	with := func(change func(*own)) *own {
		result := inherited.DeepCopy()
		change(result)
		return result
	}
	withoutProfiles := fullContainer()
	withoutProfiles.SeccompProfile, withoutProfiles.AppArmorProfile = nil, nil
	tests := []struct {
		name, reason string
		pod          *corev1.PodSecurityContext
		own          *corev1.SecurityContext
		want         *corev1.SecurityContext
	}{
		{"neither", "The result is never nil.", nil, nil, &own{}},
		{"container alone", "It stays as it is, profiles included.", nil, fullContainer(), fullContainer()},
		{"empty container alone", "Nothing is added.", nil, &own{}, &own{}},
		{"pod alone", "Five fields go down, no other.", fullPod(), nil, &inherited},
		{"empty pod alone", "An empty Pod context is an empty result.", &pod{}, nil, &own{}},
		{"both full", "The container wins each field, false and 0 included; its profiles are lost.", fullPod(), fullContainer(), withoutProfiles},
		{"both, empty container", "An empty container context inherits all five.", fullPod(), &own{}, &inherited},
		{"both, empty pod", "The container's fields stand, its profiles are lost.", &pod{}, fullContainer(), withoutProfiles},
		{"runAsUser 0", "Zero is a value; the group is still the Pod's.", fullPod(), &own{RunAsUser: new(int64(0))}, with(func(o *own) { o.RunAsUser = new(int64(0)) })},
		{"runAsGroup 0", "Zero is a value; the user is still the Pod's.", fullPod(), &own{RunAsGroup: new(int64(0))}, with(func(o *own) { o.RunAsGroup = new(int64(0)) })},
		{"runAsNonRoot false", "False is a value.", fullPod(), &own{RunAsNonRoot: new(false)}, with(func(o *own) { o.RunAsNonRoot = new(false) })},
		{
			"seLinux", "It is replaced whole: the Pod's role is gone.",
			fullPod(), &own{SELinuxOptions: &corev1.SELinuxOptions{User: "own"}},
			with(func(o *own) { o.SELinuxOptions = &corev1.SELinuxOptions{User: "own"} }),
		},
		{
			"empty seLinux", "An empty one replaces too.",
			fullPod(), &own{SELinuxOptions: &corev1.SELinuxOptions{}},
			with(func(o *own) { o.SELinuxOptions = &corev1.SELinuxOptions{} }),
		},
		{"capabilities", "The Pod has no such field.", fullPod(), &own{Capabilities: fullContainer().Capabilities}, with(func(o *own) { o.Capabilities = fullContainer().Capabilities })},
		{"privileged", "The Pod has no such field.", fullPod(), &own{Privileged: new(true)}, with(func(o *own) { o.Privileged = new(true) })},
		{"readOnlyRootFilesystem", "The Pod has no such field.", fullPod(), &own{ReadOnlyRootFilesystem: new(true)}, with(func(o *own) { o.ReadOnlyRootFilesystem = new(true) })},
		{"allowPrivilegeEscalation", "The Pod has no such field.", fullPod(), &own{AllowPrivilegeEscalation: new(false)}, with(func(o *own) { o.AllowPrivilegeEscalation = new(false) })},
		{"procMount", "The Pod has no such field.", fullPod(), &own{ProcMount: &procMount}, with(func(o *own) { o.ProcMount = &procMount })},
		{"seccomp", "It is lost where both exist.", fullPod(), &own{SeccompProfile: fullContainer().SeccompProfile}, &inherited},
		{"appArmor", "It is lost where both exist.", fullPod(), &own{AppArmorProfile: fullContainer().AppArmorProfile}, &inherited},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			checkMerge(t, test.pod, test.own, test.want)
		})
	}
}

func TestEffectiveWindowsOptions(t *testing.T) {
	type windows = corev1.WindowsSecurityContextOptions
	with := func(change func(*windows)) *windows {
		result := fullWindows("pod", true)
		change(result)
		return result
	}
	tests := []struct {
		name, reason   string
		pod, own, want *corev1.WindowsSecurityContextOptions
	}{
		{"none", "Nothing makes none.", nil, nil, nil},
		{"pod", "The Pod's go down whole.", fullWindows("pod", true), nil, fullWindows("pod", true)},
		{"container", "The container's stand alone.", nil, fullWindows("own", false), fullWindows("own", false)},
		{"both", "The container's win, false included.", fullWindows("pod", true), fullWindows("own", false), fullWindows("own", false)},
		{"empty container", "It overrules nothing.", fullWindows("pod", true), &windows{}, fullWindows("pod", true)},
		{"empty container alone", "It is still there.", nil, &windows{}, &windows{}},
		{
			"spec name", "The pair moves as one: the Pod's spec is gone.",
			fullWindows("pod", true), &windows{GMSACredentialSpecName: new("n")},
			with(func(w *windows) { w.GMSACredentialSpecName, w.GMSACredentialSpec = new("n"), nil }),
		},
		{
			"spec", "The pair moves as one: the Pod's name is gone.",
			fullWindows("pod", true), &windows{GMSACredentialSpec: new("s")},
			with(func(w *windows) { w.GMSACredentialSpecName, w.GMSACredentialSpec = nil, new("s") }),
		},
		{"user name", "It is merged by itself.", fullWindows("pod", true), &windows{RunAsUserName: new("u")}, with(func(w *windows) { w.RunAsUserName = new("u") })},
		{"hostProcess", "It is merged by itself.", fullWindows("pod", true), &windows{HostProcess: new(false)}, with(func(w *windows) { w.HostProcess = new(false) })},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			checkMerge(t,
				&corev1.PodSecurityContext{WindowsOptions: test.pod},
				&corev1.SecurityContext{WindowsOptions: test.own},
				&corev1.SecurityContext{WindowsOptions: test.want})
		})
	}
}

// checkMerge checks the result, and that the result and the inputs have nothing
// in common: a change of the one does not show in the other.
func checkMerge(t *testing.T, podContext *corev1.PodSecurityContext, own, want *corev1.SecurityContext) {
	t.Helper()
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: podContext.DeepCopy()}}
	container := &corev1.Container{SecurityContext: own.DeepCopy()}
	podBefore, containerBefore := pod.DeepCopy(), container.DeepCopy()
	got := identity.EffectiveSecurityContext(pod, container)
	same(t, want, got)
	same(t, podBefore, pod)
	same(t, containerBefore, container)
	spoil(got)
	same(t, podBefore, pod)
	same(t, containerBefore, container)
}
