package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// A printer prints as kubectl does. Where kubectl shows what only a cluster
// knows, it prints <t>. The first error that its writer returns stays.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format+"\n", args...); err != nil && p.err == nil {
		p.err = err
	}
}

// table prints aligned columns.
func (p *printer) table(padding int, rows func(row func(format string, args ...any))) {
	out := p.out
	w := tabwriter.NewWriter(out, 0, 8, padding, ' ', 0)
	p.out = w
	rows(p.line)
	p.out = out
	if err := w.Flush(); err != nil && p.err == nil {
		p.err = err
	}
}

// get prints what "kubectl get pod" does.
func (p *printer) get(name string, status corev1.PodStatus) {
	p.line("$ kubectl get pod %s", name)
	ready, total := readyCount(status)
	p.table(3, func(row func(string, ...any)) {
		row("NAME\tREADY\tSTATUS\tRESTARTS\tAGE")
		row("%s\t%d/%d\t%s\t0\t<t>", name, ready, total, statusColumn(status))
	})
	p.line("")
}

// describe prints the parts of "kubectl describe pod" that a start decides.
func (p *printer) describe(pod *corev1.Pod, outcome simulate.Outcome) {
	status := outcome.Status()
	p.line("$ kubectl describe pod %s", pod.Name)
	p.field("", 14, "Name", pod.Name)
	p.field("", 14, "Namespace", firstOf(pod.Namespace, corev1.NamespaceDefault))
	p.field("", 14, "Status", string(status.Phase))
	if status.Reason != "" {
		p.field("", 14, "Reason", status.Reason)
		p.field("", 14, "Message", status.Message)
	}
	p.containers("Init Containers", status.InitContainerStatuses)
	p.containers("Containers", inSpecOrder(pod.Spec.Containers, status.ContainerStatuses))
	p.containers("Ephemeral Containers", status.EphemeralContainerStatuses)
	if len(status.Conditions) > 0 {
		p.line("Conditions:")
		p.line("  %-28s%s", "Type", "Status")
		for _, c := range status.Conditions {
			p.line("  %-28s%s ", c.Type, c.Status)
		}
	}
	p.events(outcome.Events())
	p.line("")
}

// field prints a name and a value, the value in a column of its own.
func (p *printer) field(indent string, width int, name, value string) {
	p.line("%s%-*s%s", indent, width, name+":", value)
}

func (p *printer) containers(title string, statuses []corev1.ContainerStatus) {
	if len(statuses) == 0 {
		return
	}
	p.line("%s:", title)
	for _, c := range statuses {
		p.line("  %s:", c.Name)
		p.field("    ", 16, "Image", c.Image)
		p.state("State", c.State)
		if c.LastTerminationState.Terminated != nil {
			p.state("Last State", c.LastTerminationState)
		}
		p.field("    ", 16, "Ready", map[bool]string{true: "True", false: "False"}[c.Ready])
		p.field("    ", 16, "Restart Count", fmt.Sprint(c.RestartCount))
	}
}

func (p *printer) state(name string, state corev1.ContainerState) {
	switch {
	case state.Running != nil:
		p.field("    ", 16, name, "Running")
		p.field("      ", 14, "Started", "<t>")
	case state.Waiting != nil:
		p.field("    ", 16, name, "Waiting")
		p.field("      ", 14, "Reason", state.Waiting.Reason)
	case state.Terminated != nil:
		p.field("    ", 16, name, "Terminated")
		p.field("      ", 14, "Reason", state.Terminated.Reason)
		if state.Terminated.Message != "" {
			p.field("      ", 14, "Message", state.Terminated.Message)
		}
		p.field("      ", 14, "Exit Code", fmt.Sprint(state.Terminated.ExitCode))
	}
}

func (p *printer) events(events []corev1.Event) {
	if len(events) == 0 {
		p.line("%-14s%s", "Events:", "<none>")
		return
	}
	p.line("Events:")
	p.table(2, func(row func(string, ...any)) {
		row("  Type\tReason\tAge\tFrom\tMessage")
		row("  ----\t------\t----\t----\t-------")
		for _, e := range events {
			row("  %s\t%s\t<t>\t%s\t%s", e.Type, e.Reason, e.Source.Component, e.Message)
		}
	})
}

// inSpecOrder returns the statuses in the order of the manifest, as kubectl
// describe shows them.
func inSpecOrder(containers []corev1.Container, statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	var ordered []corev1.ContainerStatus
	for _, c := range containers {
		for _, s := range statuses {
			if s.Name == c.Name {
				ordered = append(ordered, s)
			}
		}
	}
	return ordered
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
