// Lock writes a lock file: what the images of Pods are, and as much of their
// files as a node looks at. People commit it, and unit tests read it without a
// network: see imageconfig.ReadLock.
//
//	go run ./examples/lock deploy/pod.yaml nginx:1.28
//	kustomize build deploy | go run ./examples/lock -o deploy/drystart.lock -platform linux/arm64 -
//	go run ./examples/lock -check
//
// An argument that ends in .yaml, .yml or .json is a manifest, "-" is one from
// the standard input, any other is an image. The lock is made anew each time, and
// written only if all of it could be recorded. With -check nothing is written:
// the digests of the lock are compared with those that the registries have now.
//
// It exits with 1 where something could not be recorded, or an image has moved.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/distribution/reference"
	"github.com/drystart/drystart/examples/internal/manifest"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// settings are what the flags say.
type settings struct {
	file      string
	check     bool
	partial   bool
	nodes     []simulate.Node
	platforms []simulate.Node // of which OS and Arch count
}

// run is the program; it returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	set := settings{}
	flags := set.flags(stderr)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if set.check == (flags.NArg() > 0) {
		flags.Usage()
		return 2
	}
	source := &imageconfig.Registry{}
	if set.check {
		return compare(ctx, set.file, source, stdout, stderr)
	}
	pods, err := podsOf(flags.Args(), stdin)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	lock, err := record(ctx, source, set.allNodes(), pods)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		if !set.partial {
			_, _ = fmt.Fprintf(stderr, "%s is not written; -partial writes what could be recorded\n", set.file)
			return 1
		}
	}
	if err := write(set.file, lock); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	_, _ = fmt.Fprintf(stdout, "%s is written, images: %d\n", set.file, len(lock.Entries()))
	if err != nil {
		return 1
	}
	return 0
}

// flags defines the flags.
func (s *settings) flags(stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("lock", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.file, "o", "drystart.lock", "the lock `FILE`")
	flags.BoolVar(&s.check, "check", false, "compare the lock with the registries, and write nothing")
	flags.BoolVar(&s.partial, "partial", false, "write the lock even if something could not be recorded")
	flags.Func("node", `a node that looks at the images, as "kubernetes 1.34.4, cri-o 1.34.0"; may be repeated (default: all that differ)`, func(text string) error {
		node, err := simulate.ParseNode(text)
		s.nodes = append(s.nodes, node)
		return err
	})
	flags.Func("platform", "a platform, as `OS/ARCH`; may be repeated (default: that of each node)", func(text string) error {
		node, err := simulate.ParseNode(text)
		if err == nil && node.OS+"/"+node.Arch != text {
			err = fmt.Errorf("%q is no platform", text)
		}
		s.platforms = append(s.platforms, node)
		return err
	})
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: lock [flags] pod.yaml|-|image...\n       lock -check [-o FILE]")
		flags.PrintDefaults()
	}
	return flags
}

// allNodes returns the nodes on the platforms. Windows has containerd alone.
func (s *settings) allNodes() []simulate.Node {
	nodes := s.nodes
	if len(nodes) == 0 {
		nodes = simulate.Nodes()
	}
	if len(s.platforms) == 0 {
		return nodes
	}
	var all []simulate.Node
	for _, node := range nodes {
		for _, platform := range s.platforms {
			if platform.OS != "windows" || node.Runtime == "containerd" {
				node.OS, node.Arch = platform.OS, platform.Arch
				all = append(all, node)
			}
		}
	}
	return all
}

// podsOf returns the Pods of the manifests, and one for each image.
func podsOf(args []string, stdin io.Reader) ([]*corev1.Pod, error) {
	readFile := func(name string) ([]byte, error) {
		if name == "-" {
			return io.ReadAll(stdin)
		}
		return os.ReadFile(name)
	}
	var pods []*corev1.Pod
	for _, arg := range args {
		if isManifest(arg) {
			found, err := manifest.ReadPods([]string{arg}, readFile)
			if err != nil {
				return nil, err
			}
			pods = append(pods, found...)
			continue
		}
		if _, err := reference.ParseNormalizedNamed(arg); err != nil {
			return nil, fmt.Errorf("%q is neither a manifest (.yaml, .yml, .json, -) nor an image: %w", arg, err)
		}
		pods = append(pods, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "image"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: arg}}},
		})
	}
	return pods, nil
}

func isManifest(arg string) bool {
	for _, end := range []string{".yaml", ".yml", ".json"} {
		if strings.HasSuffix(arg, end) {
			return true
		}
	}
	return arg == "-"
}
