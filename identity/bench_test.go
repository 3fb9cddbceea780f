package identity_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/identity"
)

func BenchmarkParseImageUser(b *testing.B) {
	for _, user := range []string{"", "1000:1000", "app:app"} {
		b.Run("user="+user, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				identity.ParseImageUser(user)
			}
		})
	}
}

func BenchmarkEffectiveSecurityContext(b *testing.B) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: fullPod()}}
	container := &corev1.Container{SecurityContext: fullContainer()}
	b.ReportAllocs()
	for b.Loop() {
		identity.EffectiveSecurityContext(pod, container)
	}
}

func BenchmarkContainerdProcess(b *testing.B) {
	for _, entries := range []int{20, 2000} {
		// The user stands last, and is in every tenth group.
		var passwd, group strings.Builder
		for i := range entries {
			fmt.Fprintf(&passwd, "user%d:x:%d:%d:::\n", i, i, i)
			member := ""
			if i%10 == 0 {
				member = "app"
			}
			fmt.Fprintf(&group, "group%d:x:%d:%s\n", i, i, member)
		}
		passwd.WriteString("app:x:100000:100000:::\n")
		files := accounts(passwd.String(), group.String())
		for _, user := range []string{"app", "100000"} {
			request := asks(user)
			b.Run(fmt.Sprintf("entries=%d/user=%s", entries, user), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := (identity.Containerd{}).Process(files, request); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
