package main

import (
	"errors"
	"strings"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
)

// explain prints who the processes run as and what decided it, or why they do
// not run.
func (p *printer) explain(outcome simulate.Outcome) {
	if outcome.Failure != nil {
		p.line("No container was tried: %s", outcome.Failure.Message)
		return
	}
	for _, c := range outcome.Containers {
		switch c.Verdict {
		case simulate.Started:
			p.line("The process of %s %q runs as", c.Kind, c.Name)
			p.process(c.Process)
		case simulate.Failed:
			p.line("The process of %s %q does not run:", c.Kind, c.Name)
			p.refusal(c)
		case simulate.Blocked:
			p.line("The process of %s %q does not run: the containers before it come first.", c.Kind, c.Name)
		default:
			p.line("Whether the process of %s %q runs is undecided:", c.Kind, c.Name)
			p.line("  %v", c.Undecided)
			if errors.Is(c.Undecided, imageconfig.ErrNotHeld) {
				p.line("  (-registry reads images from their registries)")
			}
		}
	}
}

// process prints each ID and its origin.
func (p *printer) process(process identity.Process) {
	p.table(2, func(row func(string, ...any)) {
		row("  uid %v\t%v", process.UID, process.UID.Origin())
		row("  gid %v\t%v", process.GID, process.GID.Origin())
		for _, group := range process.Groups {
			if group != process.GID {
				row("  group %v\t%v", group, group.Origin())
			}
		}
	})
}

// refusal prints the facts behind a refusal by runAsNonRoot, or the message.
func (p *printer) refusal(c simulate.Container) {
	var refused *identity.RunAsNonRootError
	if !errors.As(c.Failure, &refused) {
		p.line("  %s", c.Failure.Message)
		return
	}
	p.table(2, func(row func(string, ...any)) {
		row("  runAsNonRoot\ttrue")
		if refused.Violation == identity.ErrRunAsUserRoot { //nolint:errorlint // it is one of four
			row("  runAsUser\t0")
			return
		}
		row("  runAsUser\tnot set, so the image's USER decides")
		row("  USER of %s\t%s", c.Image, strings.TrimSpace(firstOf(c.ImageUser.User, "none, which is root")))
	})
}
