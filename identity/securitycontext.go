package identity

import corev1 "k8s.io/api/core/v1"

// EffectiveSecurityContext merges the Pod's and the container's securityContext
// as the kubelet does. The result shares no memory with its inputs and is never
// nil.
//
//  1. A Pod without a securityContext leaves the container's as it is.
//  2. Of the Pod's, five fields go down to the container: seLinuxOptions,
//     windowsOptions, runAsUser, runAsGroup and runAsNonRoot.
//  3. A field that the container sets wins, 0 and false included, each field by
//     itself: runAsUser from the container goes together with runAsGroup from
//     the Pod.
//  4. seLinuxOptions is replaced whole. Of windowsOptions, runAsUserName and
//     hostProcess are merged each by itself, the two GMSA fields as a pair.
//  5. seccompProfile and appArmorProfile take no part where both exist: the
//     kubelet resolves them elsewhere.
//
// Source: [DetermineEffectiveSecurityContext].
//
// [DetermineEffectiveSecurityContext]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/securitycontext/util.go#L44-L121
func EffectiveSecurityContext(pod *corev1.Pod, container *corev1.Container) *corev1.SecurityContext {
	own := container.SecurityContext.DeepCopy()
	if pod.Spec.SecurityContext == nil {
		if own == nil {
			own = &corev1.SecurityContext{}
		}
		return own
	}
	effective := podProjection(pod.Spec.SecurityContext)
	if own == nil {
		return effective
	}
	overlayIdentity(effective, own)
	effective.Capabilities = own.Capabilities
	effective.Privileged = own.Privileged
	effective.ReadOnlyRootFilesystem = own.ReadOnlyRootFilesystem
	effective.AllowPrivilegeEscalation = own.AllowPrivilegeEscalation
	effective.ProcMount = own.ProcMount
	return effective
}

// podProjection returns the fields that a container inherits.
func podProjection(pod *corev1.PodSecurityContext) *corev1.SecurityContext {
	return &corev1.SecurityContext{
		SELinuxOptions: pod.SELinuxOptions.DeepCopy(),
		WindowsOptions: pod.WindowsOptions.DeepCopy(),
		RunAsUser:      clone(pod.RunAsUser),
		RunAsGroup:     clone(pod.RunAsGroup),
		RunAsNonRoot:   clone(pod.RunAsNonRoot),
	}
}

func overlayIdentity(effective, own *corev1.SecurityContext) {
	if own.SELinuxOptions != nil {
		effective.SELinuxOptions = own.SELinuxOptions
	}
	if own.WindowsOptions != nil {
		effective.WindowsOptions = overlayWindows(effective.WindowsOptions, own.WindowsOptions)
	}
	if own.RunAsUser != nil {
		effective.RunAsUser = own.RunAsUser
	}
	if own.RunAsGroup != nil {
		effective.RunAsGroup = own.RunAsGroup
	}
	if own.RunAsNonRoot != nil {
		effective.RunAsNonRoot = own.RunAsNonRoot
	}
}

func overlayWindows(effective, own *corev1.WindowsSecurityContextOptions) *corev1.WindowsSecurityContextOptions {
	if effective == nil {
		effective = &corev1.WindowsSecurityContextOptions{}
	}
	if own.GMSACredentialSpecName != nil || own.GMSACredentialSpec != nil {
		effective.GMSACredentialSpecName = own.GMSACredentialSpecName
		effective.GMSACredentialSpec = own.GMSACredentialSpec
	}
	if own.RunAsUserName != nil {
		effective.RunAsUserName = own.RunAsUserName
	}
	if own.HostProcess != nil {
		effective.HostProcess = own.HostProcess
	}
	return effective
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
