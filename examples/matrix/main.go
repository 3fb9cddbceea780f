// Matrix shows what becomes of a Pod on every node that is emulated, or on those
// that are named: nodes across, containers down.
//
//	go run ./examples/matrix examples/lesson/manifests/rootfail-pod.yaml
//	go run ./examples/matrix -node "kubernetes 1.33.5, containerd 1.7.28" -node "kubernetes 1.34.4" pod.yaml
//	go run ./examples/matrix -registry -platforms -html matrix.html pod.yaml
//
// Without -registry each image is declared by -image NAME=USER; one that is not
// is undecided.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/drystart/drystart/examples/internal/manifest"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// settings are what the flags say.
type settings struct {
	nodes     []simulate.Node
	images    imageconfig.Map
	registry  bool
	platforms bool
	html      string
}

// run is the program; it returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := settings{images: imageconfig.Map{}}
	flags := set.flags(stderr)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	pods, err := manifest.ReadPods(flags.Args(), os.ReadFile)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	var tables []table
	for _, pod := range pods {
		tables = append(tables, newTable(pod.Name, set.start(ctx, pod)))
	}
	if err := printTables(stdout, tables); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	if set.html == "" {
		return 0
	}
	if err := writePage(set.html, tables); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	return 0
}

// flags defines the flags.
func (s *settings) flags(stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("matrix", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("node", `a node, as "kubernetes 1.34.4, containerd 1.7.34"; may be repeated (default: all that differ)`, func(text string) error {
		node, err := simulate.ParseNode(text)
		s.nodes = append(s.nodes, node)
		return err
	})
	flags.Func("image", "an image and its USER, as `NAME=USER`; may be repeated", func(text string) error {
		name, user, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("%q has no =", text)
		}
		s.images[name] = imageconfig.Declared(user, nil)
		return nil
	})
	flags.BoolVar(&s.registry, "registry", false, "read the images from their registries")
	flags.BoolVar(&s.platforms, "platforms", false, "add the other platforms that the images have")
	flags.StringVar(&s.html, "html", "", "write a page to `FILE`")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: matrix [flags] pod.yaml...")
		flags.PrintDefaults()
	}
	return flags
}

// start starts a Pod on the nodes.
func (s *settings) start(ctx context.Context, pod *corev1.Pod) []simulate.Outcome {
	images := imageconfig.Chain{s.images}
	if s.registry {
		images = append(images, &imageconfig.Registry{})
	}
	matrix := simulate.Matrix{Images: images, Nodes: s.nodes, AllPlatforms: s.platforms}
	return matrix.Start(ctx, pod)
}
