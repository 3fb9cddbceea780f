package simulate

import corev1 "k8s.io/api/core/v1"

// A tally counts a Pod's containers as the kubelet does to find the phase.
type tally struct {
	running, waiting        int
	stopped                 int
	succeeded, restarting   int // of those that stopped
	initPending, initFailed bool
}

// phase returns the Pod's phase. A Pod with a container that never got created
// is Pending, even where others run.
//
// Source: [getPhase].
//
// [getPhase]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet_pods.go#L1672-L1894
func (o Outcome) phase() corev1.PodPhase {
	var t tally
	for i := range o.Containers {
		t.add(&o.Containers[i])
	}
	switch {
	case t.initFailed:
		return corev1.PodFailed
	case t.initPending, t.waiting > 0:
		return corev1.PodPending
	case t.running > 0, t.restarting > 0:
		return corev1.PodRunning
	case t.stopped == 0:
		return corev1.PodPending
	case t.stopped == t.succeeded:
		return corev1.PodSucceeded
	default:
		return corev1.PodFailed
	}
}

func (t *tally) add(c *Container) {
	switch c.Kind {
	case Ephemeral:
	case Init:
		t.initFailed = t.initFailed || c.startFailed() && !c.restart.after(startErrorExitCode)
		t.initPending = t.initPending || c.Verdict != Started && !c.startFailed()
	case Sidecar:
		// One that has ended takes no part; it is started again.
		switch {
		case c.runs():
			t.running++
		case c.Verdict != Started && !c.startFailed():
			t.waiting++
		}
	default:
		t.addRegular(c)
	}
}

func (t *tally) addRegular(c *Container) {
	switch {
	case c.runs():
		t.running++
		return
	case c.Verdict != Started && !c.startFailed():
		t.waiting++
		return
	}
	t.stopped++
	code := c.end().ExitCode
	if code == 0 {
		t.succeeded++
	}
	if c.restart.after(code) {
		t.restarting++
	}
}
