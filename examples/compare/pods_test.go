package compare

import (
	"testing/fstest"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// images are the references of the Pods' images by the USER that each has.
var images = map[string]string{
	"registry.example/shop/app:1.4.2": "1000",
	"registry.example/shop/migrate@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": "1000:1000",
	"docker.io/envoyproxy/envoy:v1.33.0": "101",
	"nginx:1.28":                         "nonroot",
}

// accounts are the account files of a small distribution, as all images have them.
var accounts = fstest.MapFS{
	"etc/passwd": {Data: []byte(`root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
games:x:5:60:games:/usr/games:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
news:x:9:9:news:/var/spool/news:/usr/sbin/nologin
proxy:x:13:13:proxy:/bin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
envoy:x:101:101::/home/envoy:/bin/sh
app:x:1000:1000::/home/app:/bin/sh
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
`)},
	"etc/group": {Data: []byte(`root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
lp:x:7:
mail:x:8:
news:x:9:
proxy:x:13:
www-data:x:33:
backup:x:34:
list:x:38:
shadow:x:42:
utmp:x:43:
video:x:44:
staff:x:50:
users:x:100:
nogroup:x:65534:
envoy:x:101:
app:x:1000:app
nonroot:x:65532:
`)},
	"app": {Mode: 0o755},
}

// onePod is a Pod with one container, as a person writes it who keeps to the
// restricted profile.
func onePod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop", Labels: map[string]string{"app": "shop"}},
		Spec: corev1.PodSpec{
			SecurityContext: restrictedPod(),
			Containers:      []corev1.Container{container("app", "registry.example/shop/app:1.4.2")},
			Volumes:         volumes(),
		},
	}
}

// severalPod is a Pod with an init container, a sidecar and two regular
// containers, each with an image of its own.
func severalPod() *corev1.Pod {
	pod := onePod()
	migrate := container("migrate", "registry.example/shop/migrate@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
	migrate.LivenessProbe, migrate.ReadinessProbe = nil, nil
	proxy := container("proxy", "docker.io/envoyproxy/envoy:v1.33.0")
	proxy.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	web := container("web", "nginx:1.28")
	web.SecurityContext.RunAsUser = new(int64(65532)) // its USER is a name
	pod.Spec.InitContainers = []corev1.Container{migrate, proxy}
	pod.Spec.Containers = append(pod.Spec.Containers, web)
	return pod
}

// unrestrictedPod is the same Pod as most people write it: without a security
// context.
func unrestrictedPod() *corev1.Pod {
	pod := onePod()
	pod.Spec.SecurityContext, pod.Spec.Containers[0].SecurityContext = nil, nil
	return pod
}

// restrictedPod is what the restricted profile asks of a Pod, and a group for its
// volumes.
func restrictedPod() *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot:   new(true),
		FSGroup:        new(int64(2000)),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// container is a container of the restricted profile with the fields that one in
// production has.
func container(name, image string) corev1.Container {
	probe := func(path string) *corev1.Probe {
		get := &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: get}, PeriodSeconds: 10}
	}
	return corev1.Container{
		Name:    name,
		Image:   image,
		Command: []string{"/app"},
		Args:    []string{"--config=/etc/shop/config.yaml"},
		Ports:   []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		Env: []corev1.EnvVar{
			{Name: "LOG_LEVEL", Value: "info"},
			{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
			{Name: "TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "shop"}, Key: "token",
			}}},
		},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "config", MountPath: "/etc/shop", ReadOnly: true},
			{Name: "tmp", MountPath: "/tmp"},
		},
		LivenessProbe:  probe("/healthz"),
		ReadinessProbe: probe("/readyz"),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			ReadOnlyRootFilesystem:   new(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func volumes() []corev1.Volume {
	config := &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "shop"}}
	return []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: config}},
		{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	}
}
