package simulate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The newest patch of three releases, and their words.
var (
	kubernetes130 = simulate.Node{Kubelet: "1.30.14"}
	kubernetes136 = simulate.Node{Kubelet: "1.36.3"}
	kubernetes137 = simulate.Node{Kubelet: "1.37.2"}
)

const (
	missingSecret = `FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.`
	pulling       = `Pulling: Pulling image "gone.example.com/app:1"`
	failedToPull  = `Failed: Failed to pull image "gone.example.com/app:1": rpc error: code = NotFound desc = failed to pull and unpack image "gone.example.com/app:1": failed to resolve image: gone.example.com/app:1: not found`
	errImagePull  = `Failed: Error: ErrImagePull`
)

// TestMissingPullSecret looks for the event, and where it comes.
func TestMissingPullSecret(t *testing.T) {
	gone := withSecrets(podOf(container("app", "gone.example.com/app:1")), "a", "held", "", "b")
	found := withSecrets(podOf(container("app", "example.com/app:1")), "a", "held", "b")
	down := withSecrets(podOf(container("app", "down.example.com/app:1")), "a", "b")
	unauthorized := withSecrets(podOf(container("app", "refused.example.com/app:1")), "a", "b")
	twice := withInit(withSecrets(podOf(container("one", "gone.example.com/app:1"), container("two", "gone.example.com/app:1")), "a", "b"), container("setup", "example.com/app:1"))
	noSandbox := withSecrets(podOf(container("app", "gone.example.com/app:1")), "a", "b")
	noSandbox.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsGroup: new(int64(1))}
	tests := []struct {
		name, reason string
		node         simulate.Node
		pod          *corev1.Pod
		want         []string // the events' reasons; the text of this one is checked
	}{
		{"1.30", "at the beginning", kubernetes130, gone, []string{missingSecret, "Pulling", "Failed", "Failed"}},
		{"1.36", "at the beginning", kubernetes136, gone, []string{missingSecret, "Pulling", "Failed", "Failed"}},
		{"1.37", "at the end", kubernetes137, gone, []string{"Pulling", "Failed", "Failed", missingSecret}},
		{"1.36, pulled", "even if it does not matter", kubernetes136, found, []string{missingSecret, "Pulling", "Pulled", "Created", "Started"}},
		{"1.37, pulled", "nothing has failed", kubernetes137, found, []string{"Pulling", "Pulled", "Created", "Started"}},
		{"1.36, undecided", "it comes before the pull", kubernetes136, unauthorized, []string{missingSecret, "Pulling"}},
		{"1.37, undecided", "whether the pull fails is not known", kubernetes137, unauthorized, []string{"Pulling"}},
		{"1.36, no sandbox", "it comes before the sandbox", kubernetes136, noSandbox, []string{missingSecret, "FailedCreatePodSandBox"}},
		{"1.37, no sandbox", "nothing is pulled", kubernetes137, noSandbox, []string{"FailedCreatePodSandBox"}},
		{"1.36, twice", "once for the Pod", kubernetes136, twice, []string{missingSecret, "Pulling", "Pulled", "Created", "Started", "Pulling", "Failed", "Failed", "Pulling", "Failed", "Failed"}},
		{"1.37, twice", "once for the Pod, after all containers", kubernetes137, twice, []string{"Pulling", "Pulled", "Created", "Started", "Pulling", "Failed", "Failed", "Pulling", "Failed", "Failed", missingSecret}},
		{"1.37, not reached", "an error of the pull", kubernetes137, down, []string{"Pulling", "Failed", "Failed", missingSecret}},
		{"1.37, CRI-O, not reached", "RegistryUnavailable is not ErrImagePull", simulate.Node{Runtime: "cri-o"}, down, []string{"Pulling", "Failed", "Failed"}},
		{"1.37, CRI-O", "the reason of the failure counts, not the runtime", simulate.Node{Runtime: "cri-o"}, gone, []string{"Pulling", "Failed", "Failed", missingSecret}},
	}
	cluster := &simulate.Cluster{Secrets: []corev1.Secret{
		dockerConfigJSON("held", logins("example.com", "ada")),
		{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "other"}}, // of another namespace
	}}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := simulate.Kubelet{Images: &clerk{}, Node: test.node, Cluster: cluster}.Start(t.Context(), test.pod)
			var got []string
			for _, e := range outcome.Events() {
				if e.Reason != "FailedToRetrieveImagePullSecret" {
					got = append(got, e.Reason)
					continue
				}
				got = append(got, e.Reason+": "+e.Message)
				if e.Type != corev1.EventTypeWarning || e.InvolvedObject.FieldPath != "" {
					t.Errorf("the event is a %s about %q, want a Warning about the Pod", e.Type, e.InvolvedObject.FieldPath)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			unknown := simulate.Kubelet{Images: &clerk{}, Node: test.node}.Start(t.Context(), test.pod)
			if diff := cmp.Diff(unknown.Status(), outcome.Status()); diff != "" {
				t.Errorf("the event changes the status (-without +with):\n%s", diff)
			}
			if strings.Contains(fmt.Sprint(messages(unknown)), "FailedToRetrieve") {
				t.Error("a secret is missing where the Cluster is not known")
			}
		})
	}
}

// TestWhoseSecrets finds out which Secrets a Pod's are.
func TestWhoseSecrets(t *testing.T) {
	in := func(namespace string, secret corev1.Secret) corev1.Secret {
		secret.Namespace = namespace
		return secret
	}
	account := func(namespace, name string, secrets ...string) corev1.ServiceAccount {
		a := corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		for _, secret := range secrets {
			a.ImagePullSecrets = append(a.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
		}
		return a
	}
	cluster := &simulate.Cluster{
		Secrets: []corev1.Secret{
			dockerConfigJSON("one", logins("example.com", "one")),
			in("default", dockerConfigJSON("two", logins("example.com", "two"))),
			in("shop", dockerConfigJSON("one", logins("example.com", "shop"))),
		},
		ServiceAccounts: []corev1.ServiceAccount{
			account("", "default", "two", "", "one"), account("shop", "default", "one"),
			account("", "puller", "one", "lost"), account("", "bare"),
		},
	}
	podWith := func(change func(*corev1.Pod)) *corev1.Pod {
		pod := podOf(container("app", "example.com/app:1"))
		change(pod)
		return pod
	}
	tests := []struct {
		name, reason string
		pod          *corev1.Pod
		want         []string
		wantMissing  string
	}{
		{"own", "a Pod's own", podWith(func(p *corev1.Pod) { withSecrets(p, "one") }), []string{"one:eno"}, ""},
		{"other order", "the Pod's order, not the cluster's", podWith(func(p *corev1.Pod) { withSecrets(p, "two", "one", "two") }), []string{"two:owt", "one:eno"}, ""},
		{"namespace", "the same name elsewhere is another", podWith(func(p *corev1.Pod) { withSecrets(p, "one").Namespace = "shop" }), []string{"shop:pohs"}, ""},
		{"other namespace", "it has none", podWith(func(p *corev1.Pod) { withSecrets(p, "one").Namespace = "empty" }), nil, "one"},
		{"default account", "a Pod that names no account has this one", podWith(func(*corev1.Pod) {}), []string{"two:owt", "one:eno"}, ""},
		{"account's namespace", "each namespace has its own", podWith(func(p *corev1.Pod) { p.Namespace = "shop" }), []string{"shop:pohs"}, ""},
		{"named account", "one secret of it is missing", podWith(func(p *corev1.Pod) { p.Spec.ServiceAccountName = "puller" }), []string{"one:eno"}, "lost"},
		{"old name", "serviceAccount is the same", podWith(func(p *corev1.Pod) { p.Spec.DeprecatedServiceAccount = "puller" }), []string{"one:eno"}, "lost"},
		{"own before account", "the account's are not added", podWith(func(p *corev1.Pod) { withSecrets(p, "two").Spec.ServiceAccountName = "puller" }), []string{"two:owt"}, ""},
		{"missing twice", "as often as it is named", podWith(func(p *corev1.Pod) { withSecrets(p, "lost", "one", "lost") }), []string{"one:eno"}, "lost, lost"},
		{"bare account", "an account without pull secrets", podWith(func(p *corev1.Pod) { p.Spec.ServiceAccountName = "bare" }), nil, ""},
		{"no account", "the Pod was admitted, so there was one", podWith(func(p *corev1.Pod) { p.Spec.ServiceAccountName = "nobody" }), nil, ""},
		{"empty name", "own, but of no use", podWith(func(p *corev1.Pod) { withSecrets(p, "") }), nil, ""},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			source, before := &clerk{}, test.pod.DeepCopy()
			outcome := simulate.Kubelet{Images: source, Node: kubernetes136, Cluster: cluster}.Start(t.Context(), test.pod)
			if diff := cmp.Diff(test.want, source.tries["example.com/app:1"]); diff != "" {
				t.Errorf("tries (-want +got):\n%s", diff)
			}
			told := strings.Contains(messages(outcome)[0], "secrets ("+test.wantMissing+");")
			if told != (test.wantMissing != "") {
				t.Errorf("first event = %s, want %q to be missing", messages(outcome)[0], test.wantMissing)
			}
			if diff := cmp.Diff(before, test.pod); diff != "" {
				t.Errorf("the Pod was changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestInvalidPullSecret has what the kubelet makes of content that it cannot
// read, whichever image it is for.
func TestInvalidPullSecret(t *testing.T) {
	noColon := dockerConfigJSON("s", `{"auths":{"quay.io":{"auth":"cGFudHM="}}}`)
	noBase64 := dockerConfigJSON("s", `{"auths":{"quay.io":{"auth":"pants"}}}`)
	const noColonText = "unable to parse auth field, must be formatted as base64(username:password)"
	const noBase64Text = "illegal base64 data at input byte 4"
	present, never := podOf(container("app", "uid:1")), podOf(container("app", "uid:1"))
	never.Spec.Containers[0].ImagePullPolicy = corev1.PullNever
	tests := []struct {
		name, reason string
		node         simulate.Node
		secret       corev1.Secret
		pod          *corev1.Pod
		present      []string
		want         []string
		wantReason   string
		wantMessage  string
	}{
		{
			name: "1.32", reason: "the pull fails", node: simulate.Node{Kubelet: "1.32.0"}, secret: noColon, pod: present,
			want:       []string{`Pulling: Pulling image "uid:1"`, `Failed: Failed to pull image "uid:1": ` + noColonText, `Failed: Error: ErrImagePull`},
			wantReason: "ErrImagePull", wantMessage: noColonText,
		},
		{
			name: "1.33", reason: "nothing is pulled; the text is the reason too", node: simulate.Node{Kubelet: "1.33.0"}, secret: noColon, pod: present,
			want: []string{"Failed: Error: " + noColonText}, wantReason: noColonText, wantMessage: noColonText,
		},
		{
			name: "1.37", reason: "likewise", node: kubernetes137, secret: noBase64, pod: present,
			want: []string{"Failed: Error: " + noBase64Text}, wantReason: noBase64Text, wantMessage: noBase64Text,
		},
		{
			name: "no JSON", reason: "the API server keeps it out, but the kubelet has words", node: kubernetes137, secret: dockercfg("s", "["), pod: present,
			want: []string{"Failed: Error: unexpected end of JSON input"}, wantReason: "unexpected end of JSON input", wantMessage: "unexpected end of JSON input",
		},
		{
			name: "1.32, present", reason: "nothing is read", node: simulate.Node{Kubelet: "1.32.0"}, secret: noColon, pod: present, present: []string{"uid:1"},
			want: []string{`Pulled: Container image "uid:1" already present on machine`, `Created: Created container: app`, `Started: Started container app`},
		},
		{
			name: "1.33, present", reason: "this release reads them first", node: simulate.Node{Kubelet: "1.33.0"}, secret: noColon, pod: never, present: []string{"uid:1"},
			want: []string{"Failed: Error: " + noColonText}, wantReason: noColonText, wantMessage: noColonText,
		},
		{
			name: "1.33, never", reason: "the policy is looked at before", node: simulate.Node{Kubelet: "1.33.0"}, secret: noColon, pod: never,
			want: []string{
				`ErrImageNeverPull: Container image "uid:1" is not present with pull policy of Never`, `Failed: Error: ErrImageNeverPull`,
			},
			wantReason: "ErrImageNeverPull", wantMessage: `Container image "uid:1" is not present with pull policy of Never`,
		},
		{
			name: "1.34, present", reason: "nothing is read again", node: simulate.Node{Kubelet: "1.34.0"}, secret: noColon, pod: present, present: []string{"uid:1"},
			want: []string{`Pulled: Container image "uid:1" already present on machine`, `Created: Created container: app`, `Started: Started container app`},
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			node := simulate.Kubelet{
				Images: imageconfig.Map{"uid:1": images["uid"]}, Node: test.node, Present: test.present,
				Cluster: &simulate.Cluster{Secrets: []corev1.Secret{test.secret, dockerConfigJSON("good", "{}")}},
			}
			outcome := node.Start(t.Context(), withSecrets(test.pod.DeepCopy(), "good", "s"))
			if diff := cmp.Diff(test.want, messages(outcome)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			failure := outcome.Containers[0].Failure
			if test.wantReason == "" {
				if failure != nil {
					t.Errorf("failure = %v, want none", failure)
				}
				return
			}
			waiting := outcome.Status().ContainerStatuses[0].State.Waiting
			if diff := cmp.Diff(&corev1.ContainerStateWaiting{Reason: test.wantReason, Message: test.wantMessage}, waiting); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if errors.Is(failure, simulate.ErrInvalidPullSecret) == errors.Is(failure, simulate.ErrImageNeverPull) {
				t.Errorf("the cause of %v is %v", failure, failure.Err)
			}
		})
	}
}

// TestInvalidPullSecretUndecided: a value of another type fails on every node,
// but the words depend on the Go that the kubelet was built with.
func TestInvalidPullSecretUndecided(t *testing.T) {
	for _, kubelet := range []string{"1.28.0", "1.32.0", "1.33.0", "1.37.2"} {
		for _, content := range []string{`[]`, `{"auths":[]}`, `{"auths":{"a":"b"}}`, `{"auths":{"a":{"email":false}}}`, `{"HttpHeaders":{"a":1}}`} {
			node := simulate.Kubelet{
				Images: images, Node: simulate.Node{Kubelet: kubelet},
				Cluster: &simulate.Cluster{Secrets: []corev1.Secret{dockerConfigJSON("s", content)}},
			}
			outcome := node.Start(t.Context(), withSecrets(podOf(container("app", "uid")), "s"))
			var undecided *simulate.UndecidedError
			if !errors.As(outcome.Err(), &undecided) || !errors.Is(undecided, simulate.ErrInvalidPullSecret) {
				t.Errorf("kubernetes %s, %s: Err() = %v, want it undecided", kubelet, content, outcome.Err())
			}
			if !strings.HasPrefix(undecided.Error(), `container "app": undecided: invalid image pull secret: "s": json: `) {
				t.Errorf("kubernetes %s, %s: %v names no secret", kubelet, content, undecided)
			}
		}
	}
}

// TestCredentialsReachOneHost starts a Pod with images of several hosts: each is
// asked for with its own credentials, and they are in no text.
func TestCredentialsReachOneHost(t *testing.T) {
	secret := dockerConfigJSON("s", "")
	secret.StringData = map[string]string{
		corev1.DockerConfigJsonKey: logins("a.example.com", "anna1", "b.example.com", "berta1", "gone.example.com", "gina1", "refused.example.com", "rosa1"),
	}
	pod := withSecrets(podOf(
		container("a", "a.example.com/app:1"), container("b", "b.example.com/app:1"), container("c", "c.example.com/app:1"),
		container("gone", "gone.example.com/app:1"), container("refused", "refused.example.com/app:1"), container("hub", "nginx:1"),
	), "s", "lost")
	want := map[string][]string{
		"a.example.com/app:1": {"anna1:1anna"}, "b.example.com/app:1": {"berta1:1atreb"}, "c.example.com/app:1": nil,
		"gone.example.com/app:1": {"gina1:1anig"}, "refused.example.com/app:1": {"rosa1:1asor"}, "nginx:1": nil,
	}
	for _, node := range simulate.Nodes() {
		source := &clerk{}
		kubelet := simulate.Kubelet{Images: source, Node: node, Cluster: &simulate.Cluster{Secrets: []corev1.Secret{secret}}}
		// What a caller's context has is not for these images.
		ctx := imageconfig.WithCredentials(t.Context(), authnLogin("caller"))
		outcome := kubelet.Start(ctx, pod)
		if diff := cmp.Diff(want, source.tries); diff != "" {
			t.Fatalf("%v: tries (-want +got):\n%s", node, diff)
		}
		text := fmt.Sprintf("%+v\n%+v\n%+v\n%v\n%+v\n%+v", outcome, outcome.Status(), outcome.Events(), outcome.Err(), kubelet, kubelet.Cluster)
		for _, user := range []string{"anna1", "berta1", "gina1", "rosa1"} {
			for _, credential := range []string{user, backwards(user), strings.TrimRight(authOf(user), "=")} {
				if strings.Contains(text, credential) {
					t.Fatalf("%v: %q is in the texts", node, credential)
				}
			}
		}
	}
}

// TestCallersCredentials: a Cluster says which credentials there are, also where
// there are none.
func TestCallersCredentials(t *testing.T) {
	ctx := imageconfig.WithCredentials(t.Context(), authnLogin("caller"))
	for cluster, want := range map[*simulate.Cluster][]string{nil: {"caller:rellac"}, {}: nil} {
		source := &clerk{}
		simulate.Kubelet{Images: source, Cluster: cluster}.Start(ctx, podOf(container("app", "example.com/app:1")))
		if diff := cmp.Diff(want, source.tries["example.com/app:1"]); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	}
}

// TestPodsDoNotShareAnswers starts two Pods with other secrets and the same image
// on one Kubelet.
func TestPodsDoNotShareAnswers(t *testing.T) {
	source := &clerk{}
	node := simulate.Kubelet{Images: source, Cluster: &simulate.Cluster{Secrets: []corev1.Secret{
		dockerConfigJSON("one", logins("example.com", "one")), dockerConfigJSON("two", logins("example.com", "two")),
	}}}
	for _, name := range []string{"one", "two", "one"} {
		node.Start(t.Context(), withSecrets(podOf(container("app", "example.com/app:1")), name))
		if diff := cmp.Diff([]string{name + ":" + backwards(name)}, source.tries["example.com/app:1"]); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	}
}

// TestMatrixWithSecrets checks that a Matrix hands its Cluster to each node.
func TestMatrixWithSecrets(t *testing.T) {
	source := &clerk{}
	matrix := simulate.Matrix{
		Images: source, AllPlatforms: true, Nodes: []simulate.Node{kubernetes136, kubernetes137},
		Cluster: &simulate.Cluster{Secrets: []corev1.Secret{dockerConfigJSON("s", logins("gone.example.com", "ada"))}},
	}
	outcomes := matrix.Start(t.Context(), withSecrets(podOf(container("app", "gone.example.com/app:1")), "a", "s", "b"))
	if diff := cmp.Diff([]string{missingSecret, pulling, failedToPull, errImagePull}, messages(outcomes[0])); diff != "" {
		t.Errorf("events of 1.36 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{pulling, failedToPull, errImagePull, missingSecret}, messages(outcomes[1])); diff != "" {
		t.Errorf("events of 1.37 (-want +got):\n%s", diff)
	}
	want := map[string][]string{"gone.example.com/app:1": {"ada:ada"}, "the platforms of gone.example.com/app:1": {"ada:ada"}}
	if diff := cmp.Diff(want, source.tries); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
}
