// Lesson shows what kubectl would show of a few Pods that set runAsNonRoot,
// without a cluster and without a network, and then what kubectl does not show:
// who the processes run as, and which field decided it.
//
//	go run ./examples/lesson
//	go run ./examples/lesson pod.yaml...
//	go run ./examples/lesson -registry pod.yaml...
//
// Its own Pods use an image that stands for nginx:1.28: an OCI layout with that
// image's USER, command and accounts, and little else. With -registry the images
// are read from their registries.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/drystart/drystart/examples/internal/manifest"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

//go:embed manifests image
var embedded embed.FS

// lessonManifests are the Pods of the lesson, in its order.
var lessonManifests = []string{"nonroot-pod.yaml", "nonroot-groups-pod.yaml", "rootfail-pod.yaml"}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lesson", flag.ContinueOnError)
	flags.SetOutput(stderr)
	registry := flags.Bool("registry", false, "read the images from their registries")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: lesson [-registry] [pod.yaml...]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	pods, err := lessonPods(flags.Args())
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	images, err := lessonImages(*registry)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	kubelet := simulate.Kubelet{Images: images}
	if !*registry {
		kubelet.Present = []string{"nginx:1.28"}
	}
	for i, pod := range pods {
		if i > 0 {
			_, _ = fmt.Fprintln(stdout)
		}
		outcome := kubelet.Start(ctx, pod)
		if err := show(stdout, pod, outcome); err != nil {
			_, _ = fmt.Fprintln(stderr, err)
			return 2
		}
	}
	return 0
}

// lessonPods reads the Pods of the given files, or the lesson's own.
func lessonPods(files []string) ([]*corev1.Pod, error) {
	if len(files) > 0 {
		return manifest.ReadPods(files, os.ReadFile)
	}
	return manifest.ReadPods(lessonManifests, func(name string) ([]byte, error) {
		return embedded.ReadFile("manifests/" + name)
	})
}

// lessonImages returns the registries, or the layout that this program holds.
func lessonImages(registry bool) (imageconfig.Source, error) {
	if registry {
		return &imageconfig.Registry{}, nil
	}
	layout, err := fs.Sub(embedded, "image")
	return imageconfig.Layout{FS: layout}, err
}

// show prints one Pod.
func show(out io.Writer, pod *corev1.Pod, outcome simulate.Outcome) error {
	p := &printer{out: out}
	p.get(pod.Name, outcome.Status())
	p.describe(pod, outcome)
	p.explain(outcome)
	return p.err
}
