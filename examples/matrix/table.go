package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/drystart/drystart/simulate"
)

// A table is one Pod on many nodes. Nodes with the same outcome share a column.
type table struct {
	Pod     string
	Columns []column
	Rows    []row
}

// A column is the nodes on which the Pod fares the same.
type column struct {
	Nodes []string
}

// More returns the nodes but the first.
func (c column) More() []string { return c.Nodes[1:] }

// A row is one container.
type row struct {
	Name, Kind string
	Cells      []cell
}

// A cell is what became of a container on a column's nodes.
type cell struct {
	Verdict string // lower case
	Summary string // "1000:0", or the reason
	Detail  string // the message, or the groups
	Hazards []simulate.Hazard
}

// newTable puts the outcomes of one Pod side by side.
func newTable(pod string, outcomes []simulate.Outcome) table {
	t := table{Pod: pod}
	var same []string
	for _, outcome := range outcomes {
		cells := cellsOf(outcome)
		fingerprint := fmt.Sprint(cells)
		if at := slices.Index(same, fingerprint); at >= 0 {
			t.Columns[at].Nodes = append(t.Columns[at].Nodes, outcome.Node.String())
			continue
		}
		same = append(same, fingerprint)
		t.Columns = append(t.Columns, column{Nodes: []string{outcome.Node.String()}})
		for i, c := range outcome.Containers {
			if i == len(t.Rows) {
				t.Rows = append(t.Rows, row{Name: c.Name, Kind: c.Kind.String()})
			}
			t.Rows[i].Cells = append(t.Rows[i].Cells, cells[i])
		}
	}
	return t
}

// cellsOf returns an outcome's containers as cells.
func cellsOf(outcome simulate.Outcome) []cell {
	cells := make([]cell, 0, len(outcome.Containers))
	for _, c := range outcome.Containers {
		made := cell{Verdict: strings.ToLower(c.Verdict.String()), Hazards: c.Hazards}
		switch {
		case c.Verdict == simulate.Started:
			made.Summary, made.Detail = identityOf(c)
		case c.Failure != nil:
			made.Summary, made.Detail = c.Failure.Reason, c.Failure.Message
		case c.Verdict == simulate.Blocked && outcome.Failure != nil:
			made.Summary, made.Detail = outcome.Failure.Reason, outcome.Failure.Message
		case c.Verdict == simulate.Blocked:
			made.Detail = "an init container before it does not start"
		default:
			made.Detail = fmt.Sprint(c.Undecided)
		}
		cells = append(cells, made)
	}
	return cells
}

// identityOf returns who a process is, in short and at length.
func identityOf(c simulate.Container) (summary, detail string) {
	if _, known := c.Process.UID.Number(); !known {
		return "user " + c.Process.Username, fmt.Sprintf("user %q: %v", c.Process.Username, c.Process.UsernameOrigin)
	}
	p := c.Process
	return fmt.Sprintf("%v:%v", p.UID, p.GID),
		fmt.Sprintf("uid %v: %v; gid %v: %v; groups %v", p.UID, p.UID.Origin(), p.GID, p.GID.Origin(), p.Groups)
}

// printTables prints the tables for a terminal, with a legend below each.
func printTables(out io.Writer, tables []table) error {
	for i, t := range tables {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		if err := t.print(out); err != nil {
			return err
		}
	}
	return nil
}

func (t table) print(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Pod %s\n", t.Pod)
	w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	header := []string{"CONTAINER"}
	for i := range t.Columns {
		header = append(header, fmt.Sprintf("[%d]", i+1))
	}
	lines := [][]string{header}
	for _, r := range t.Rows {
		line := []string{r.Name}
		for _, c := range r.Cells {
			line = append(line, strings.TrimSpace(c.Verdict+" "+c.Summary))
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		_, _ = fmt.Fprintln(w, strings.Join(line, "\t")) // a strings.Builder takes everything
	}
	_ = w.Flush()
	for i, c := range t.Columns {
		fmt.Fprintf(&text, "[%d] %s\n", i+1, strings.Join(c.Nodes, "\n    "))
		for _, r := range t.Rows {
			fmt.Fprintf(&text, "    %s: %s\n", r.Name, r.Cells[i].Detail)
			for _, hazard := range r.Cells[i].Hazards {
				fmt.Fprintf(&text, "    %s: beware: %s\n", r.Name, hazard.Fact)
			}
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}
