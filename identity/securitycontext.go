package identity

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
)

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
	return new(EffectiveContext).Merge(pod, container)
}

// An EffectiveContext is the memory of one merged securityContext and of what it
// points to, for those who merge many.
type EffectiveContext struct {
	context      corev1.SecurityContext
	capabilities corev1.Capabilities
	add, drop    [1]corev1.Capability

	runAsUser, runAsGroup                          int64
	runAsNonRoot, privileged, readOnly, escalation bool
}

// Merge returns [EffectiveSecurityContext] in this memory, which is used once.
func (e *EffectiveContext) Merge(pod *corev1.Pod, container *corev1.Container) *corev1.SecurityContext {
	if pod.Spec.SecurityContext == nil {
		if own := container.SecurityContext; own != nil {
			own.DeepCopyInto(&e.context)
		}
		return &e.context
	}
	inherited, own := contexts(pod, container)
	merged := &e.context // set field by field: a literal would be copied
	merged.Capabilities = e.copyCapabilities(own.Capabilities)
	merged.Privileged = copyTo(&e.privileged, own.Privileged)
	merged.SELinuxOptions = cmp.Or(own.SELinuxOptions, inherited.SELinuxOptions).DeepCopy()
	merged.WindowsOptions = overlayWindows(inherited.WindowsOptions.DeepCopy(), own.WindowsOptions.DeepCopy())
	merged.RunAsUser = copyTo(&e.runAsUser, cmp.Or(own.RunAsUser, inherited.RunAsUser))
	merged.RunAsGroup = copyTo(&e.runAsGroup, cmp.Or(own.RunAsGroup, inherited.RunAsGroup))
	merged.RunAsNonRoot = copyTo(&e.runAsNonRoot, cmp.Or(own.RunAsNonRoot, inherited.RunAsNonRoot))
	merged.ReadOnlyRootFilesystem = copyTo(&e.readOnly, own.ReadOnlyRootFilesystem)
	merged.AllowPrivilegeEscalation = copyTo(&e.escalation, own.AllowPrivilegeEscalation)
	merged.ProcMount = clone(own.ProcMount)
	return merged
}

func (e *EffectiveContext) copyCapabilities(own *corev1.Capabilities) *corev1.Capabilities {
	if own == nil {
		return nil
	}
	if own.Add != nil {
		e.capabilities.Add = append(e.add[:0:1], own.Add...)
	}
	if own.Drop != nil {
		e.capabilities.Drop = append(e.drop[:0:1], own.Drop...)
	}
	return &e.capabilities
}

func overlayWindows(effective, own *corev1.WindowsSecurityContextOptions) *corev1.WindowsSecurityContextOptions {
	if effective == nil || own == nil {
		return cmp.Or(own, effective)
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

// copyTo returns the place that it has copied a value to, or nil.
func copyTo[T any](place, value *T) *T {
	if value == nil {
		return nil
	}
	*place = *value
	return place
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
