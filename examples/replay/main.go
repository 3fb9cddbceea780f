// Replay starts recorded Pods and compares what comes out, field by field, with
// what a real node did.
//
//	go run ./examples/replay testdata/nodes/kubelet-1.37.2_containerd-2.4.0.jsonl
//	go run ./examples/replay -images images.json NODE.jsonl...
//
// The format is described in testdata/nodes/README.md. Each difference is one
// line: the Pod, the field, what was recorded and what was simulated. Each file
// ends with a line that counts its Pods, its containers and the Pods that
// differ. The exit code is 1 if any differ, 2 if something could not be read.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/drystart/drystart/imageconfig"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	images := flags.String("images", "", "`file` that describes the images (default: images.json beside each recording)")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: replay [-images images.json] NODE.jsonl...")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	out := bufio.NewWriter(stdout)
	defer out.Flush() //nolint:errcheck // standard output
	code := 0
	sources := map[string]imageSource{}
	for _, name := range flags.Args() {
		described := *images
		if described == "" {
			described = filepath.Join(filepath.Dir(name), "images.json")
		}
		if sources[described] == nil {
			sources[described] = sync.OnceValues(func() (imageconfig.Source, error) { return readImages(described) })
		}
		result, err := replay(ctx, name, sources[described], out)
		if err != nil {
			_, _ = fmt.Fprintln(stderr, err)
			return 2
		}
		_, _ = fmt.Fprintln(out, result)
		if result.differ > 0 {
			code = 1
		}
	}
	return code
}

// An imageSource reads the described images when they are first needed.
type imageSource func() (imageconfig.Source, error)

// A summary counts what one recording holds.
type summary struct {
	file                     string
	pods, containers, differ int
	notCompared              int
}

// String returns the line that closes a file.
func (s summary) String() string {
	line := fmt.Sprintf("%s: %d pods, %d containers, %d differ", s.file, s.pods, s.containers, s.differ)
	if s.notCompared > 0 {
		line += fmt.Sprintf(", %d fields not compared", s.notCompared)
	}
	return line
}
