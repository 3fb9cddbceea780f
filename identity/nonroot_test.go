package identity_test

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/drystart/drystart/identity"
)

func TestVerifyRunAsNonRoot(t *testing.T) {
	const (
		runAsUser = `container's runAsUser breaks non-root policy (pod: "web_default(4f1c)", container: app)`
		isRoot    = `container has runAsNonRoot and image will run as root (pod: "web_default(4f1c)", container: app)`
	)
	yes, no := new(true), new(false)
	uid := func(n int64) *int64 { return &n }
	type pod = corev1.PodSecurityContext
	type own = corev1.SecurityContext
	tests := []struct {
		name, reason string
		pod          *corev1.PodSecurityContext
		own          *corev1.SecurityContext
		image        string
		violation    error
		imageUser    string
		want         string
	}{
		{"no context", "Nothing asks for the check.", nil, nil, "0", nil, "", ""},
		{"unset", "Unset is no.", &pod{}, &own{}, "0", nil, "", ""},
		{"false", "False is no.", &pod{RunAsNonRoot: no}, nil, "root", nil, "", ""},
		{"false with root", "Without the rule runAsUser 0 passes.", &pod{RunAsNonRoot: no, RunAsUser: uid(0)}, nil, "", nil, "", ""},
		{"container switches off", "The container's false beats the Pod's true.", &pod{RunAsNonRoot: yes}, &own{RunAsNonRoot: no}, "0", nil, "", ""},
		{
			"container switches on", "The container's true beats the Pod's false.",
			&pod{RunAsNonRoot: no}, &own{RunAsNonRoot: yes}, "0", identity.ErrImageRunsAsRoot, "0", isRoot,
		},
		{
			"runAsUser 0", "The manifest asks for root.",
			&pod{RunAsNonRoot: yes, RunAsUser: uid(0)}, nil, "1000", identity.ErrRunAsUserRoot, "", runAsUser,
		},
		{
			"container's runAsUser 0", "The Pod's user does not help.",
			&pod{RunAsNonRoot: yes, RunAsUser: uid(5)}, &own{RunAsUser: uid(0)}, "1000", identity.ErrRunAsUserRoot, "", runAsUser,
		},
		{"container's runAsUser 5", "The Pod's 0 is overruled.", &pod{RunAsNonRoot: yes, RunAsUser: uid(0)}, &own{RunAsUser: uid(5)}, "0", nil, "", ""},
		{"runAsUser over root", "The image's root takes no part.", &pod{RunAsNonRoot: yes, RunAsUser: uid(1)}, nil, "0", nil, "", ""},
		{"runAsUser over a name", "The image's name takes no part.", &pod{RunAsNonRoot: yes, RunAsUser: uid(1)}, nil, "root", nil, "", ""},
		{"runAsUser out of range", "The range of runAsUser is not checked here.", &pod{RunAsNonRoot: yes, RunAsUser: uid(-1)}, nil, "", nil, "", ""},
		{
			"name", "A name cannot be checked, whatever it stands for.",
			&pod{RunAsNonRoot: yes}, nil, "app:1", identity.ErrImageUserNotNumeric, "app",
			`container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "web_default(4f1c)", container: app)`,
		},
		{
			"name root", "The name root has no rule of its own.",
			&pod{RunAsNonRoot: yes}, nil, "root", identity.ErrImageUserNotNumeric, "root",
			`container has runAsNonRoot and image has non-numeric user (root), cannot verify user is non-root (pod: "web_default(4f1c)", container: app)`,
		},
		{
			"overflow", "A number above 64 bits is a name.",
			&pod{RunAsNonRoot: yes}, nil, "9223372036854775808", identity.ErrImageUserNotNumeric, "9223372036854775808",
			`container has runAsNonRoot and image has non-numeric user (9223372036854775808), cannot verify user is non-root (pod: "web_default(4f1c)", container: app)`,
		},
		{"no user", "An image without a USER runs as root.", &pod{RunAsNonRoot: yes}, nil, "", identity.ErrImageRunsAsRoot, "", isRoot},
		{"group alone", "A group is no user.", nil, &own{RunAsNonRoot: yes}, ":1000", identity.ErrImageRunsAsRoot, "", isRoot},
		{"root", "The image says root.", &pod{RunAsNonRoot: yes}, nil, "00:5", identity.ErrImageRunsAsRoot, "0", isRoot},
		{
			"negative", "No user has a negative number.",
			&pod{RunAsNonRoot: yes}, nil, "-1", identity.ErrImageUserInvalid, "-1",
			`container has runAsNonRoot and image has an invalid user id (-1). (Must be 1-(2147483647)): must be between 0 and 2147483647, inclusive (pod: "web_default(4f1c)", container: app)`,
		},
		{
			"above 31 bits", "The first number above the range.",
			&pod{RunAsNonRoot: yes}, nil, "+2147483648", identity.ErrImageUserInvalid, "2147483648",
			`container has runAsNonRoot and image has an invalid user id (2147483648). (Must be 1-(2147483647)): must be between 0 and 2147483647, inclusive (pod: "web_default(4f1c)", container: app)`,
		},
		{"first user", "The first number of the range.", &pod{RunAsNonRoot: yes}, nil, "1", nil, "", ""},
		{"last user", "The last number of the range.", &pod{RunAsNonRoot: yes}, nil, "2147483647", nil, "", ""},
		{
			"groups", "Root's group is not looked at.",
			&pod{RunAsNonRoot: yes, RunAsGroup: uid(0), FSGroup: uid(0), SupplementalGroups: []int64{0}}, nil, "1:0", nil, "", "",
		},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", UID: "4f1c"},
				Spec:       corev1.PodSpec{SecurityContext: test.pod},
			}
			container := &corev1.Container{Name: "app", SecurityContext: test.own}
			err := identity.VerifyRunAsNonRoot(pod, container, identity.ParseImageUser(test.image))
			if test.want == "" {
				if err != nil {
					t.Errorf("unexpected error: %v", err)
				}
				return
			}
			failsWith(t, test.want, err)
			checkViolation(t, test.violation, test.imageUser, err)
		})
	}
}

// checkViolation checks what the error says besides its text.
func checkViolation(t *testing.T, violation error, imageUser string, err error) {
	t.Helper()
	var refusal *identity.RunAsNonRootError
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v is no RunAsNonRootError", err)
	}
	same(t, "web_default(4f1c)", refusal.Pod)
	same(t, "app", refusal.Container)
	same(t, imageUser, refusal.ImageUser)
	for _, other := range []error{
		identity.ErrRunAsUserRoot, identity.ErrImageRunsAsRoot, identity.ErrImageUserNotNumeric, identity.ErrImageUserInvalid,
	} {
		same(t, errors.Is(violation, other), errors.Is(err, other))
	}
}

func TestVerifyRunAsNonRootQuotesThePod(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: `we"b`, Namespace: "default"},
		Spec:       corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)}},
	}
	err := identity.VerifyRunAsNonRoot(pod, &corev1.Container{Name: `a"b`}, identity.ImageUser{})
	failsWith(t, `container has runAsNonRoot and image will run as root (pod: "we\"b_default()", container: a"b)`, err)
}

func TestPodName(t *testing.T) {
	tests := []struct {
		name, reason string
		pod          metav1.ObjectMeta
		want         string
	}{
		{"all", "A Pod on a cluster has all three.", metav1.ObjectMeta{Name: "web", Namespace: "prod", UID: "4f1c"}, "web_prod(4f1c)"},
		{"no uid", "A manifest has no uid.", metav1.ObjectMeta{Name: "web", Namespace: "prod"}, "web_prod()"},
		{"no namespace", "Nothing is filled in.", metav1.ObjectMeta{Name: "web"}, "web_()"},
		{"empty", "It is total.", metav1.ObjectMeta{}, "_()"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			same(t, test.want, identity.PodName(&corev1.Pod{ObjectMeta: test.pod}))
		})
	}
}
