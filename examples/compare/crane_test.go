package compare

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig"
)

var amd64 = v1.Platform{OS: "linux", Architecture: "amd64"}

// A work is something that both can do.
type work struct {
	name     string
	drystart func(ctx context.Context, host string) error
	crane    func(ctx context.Context, host string) error
	bytes    float64 // of crane's, at the most
}

// works are done by drystart without a cache, as crane does.
var works = []work{
	{
		"Config", func(ctx context.Context, host string) error {
			return configs(ctx, &imageconfig.Registry{}, func(n int) string { return smallRef(host, n) })
		}, func(ctx context.Context, host string) error {
			for n := range smallImages {
				if _, err := crane.Config(smallRef(host, n), crane.WithContext(ctx)); err != nil {
					return err
				}
			}
			return nil
		}, 0.9,
	},
	{"AccountFiles", filesOf("big-adduser"), exportOf("big-adduser"), 0.1},
	// Each layer may hide what those below have: all have to be read.
	{"AccountFilesOfBase", filesOf("big-base"), exportOf("big-base"), 1.001},
}

// configs reads the configs of all small images.
func configs(ctx context.Context, source imageconfig.Source, ref func(int) string) error {
	for n := range smallImages {
		image, err := source.Image(ctx, ref(n), amd64)
		if err != nil {
			return err
		}
		if image.Config.Config.User != "app" {
			return fmt.Errorf("USER is %q", image.Config.Config.User)
		}
	}
	return nil
}

// wanted are both account files of the big images.
var wanted = map[string]string{
	"etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n",
	"etc/group":  "root:x:0:\napp:x:1000:\n",
}

func check(files map[string]string) error {
	if diff := cmp.Diff(wanted, files); diff != "" {
		return fmt.Errorf("account files (-want +got):\n%s", diff)
	}
	return nil
}

// filesOf reads an image's config and account files with drystart.
func filesOf(repository string) func(context.Context, string) error {
	return func(ctx context.Context, host string) error {
		image, err := (&imageconfig.Registry{}).Image(ctx, host+"/"+repository, amd64)
		if err != nil {
			return err
		}
		files, err := image.Files(ctx)
		if err != nil {
			return err
		}
		found := map[string]string{}
		for name := range wanted {
			content, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			found[name] = string(content)
		}
		return check(found)
	}
}

// exportOf reads the config and the account files of what crane export writes.
func exportOf(repository string) func(context.Context, string) error {
	return func(ctx context.Context, host string) error {
		image, err := crane.Pull(host+"/"+repository, crane.WithContext(ctx))
		if err != nil {
			return err
		}
		if _, err := image.ConfigFile(); err != nil { // crane config, of the same pull
			return err
		}
		out, in := io.Pipe()
		go func() { _ = in.CloseWithError(crane.Export(image, in)) }()
		found := map[string]string{}
		entries := tar.NewReader(out)
		for {
			header, err := entries.Next()
			if errors.Is(err, io.EOF) {
				return check(found)
			}
			if err != nil {
				return err
			}
			if _, ok := wanted[header.Name]; !ok {
				continue
			}
			content, err := io.ReadAll(entries)
			if err != nil {
				return err
			}
			found[header.Name] = string(content)
		}
	}
}

// A cost is what one of the two took.
type cost struct {
	traffic
	time time.Duration
}

// costOf does the work once.
func costOf(t testing.TB, r *remoteRegistry, do func(context.Context, string) error) cost {
	t.Helper()
	r.traffic(t) // forget what was before
	start := time.Now()
	if err := do(t.Context(), r.host); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	return cost{traffic: r.traffic(t), time: took}
}

// TestTraffic pins what does not depend on the machine.
func TestTraffic(t *testing.T) {
	if raceDetector {
		t.Skip("what goes over the network does not depend on the race detector, which takes minutes for the images of 1 GB")
	}
	r := startRegistry(t)
	for _, w := range works {
		ours, theirs := costOf(t, r, w.drystart), costOf(t, r, w.crane)
		if ours.Requests > theirs.Requests {
			t.Errorf("%s: %d requests, more than crane's %d", w.name, ours.Requests, theirs.Requests)
		}
		if part := float64(ours.Bytes) / float64(theirs.Bytes); part > w.bytes {
			t.Errorf("%s: %d bytes, %.3f of crane's, want at most %.3f", w.name, ours.Bytes, part, w.bytes)
		}
	}
}

// BenchmarkBesideCrane does each work with both in turn, and prints what
// drystart takes of what crane takes: 0.5 is half.
func BenchmarkBesideCrane(b *testing.B) {
	r := startRegistry(b)
	for _, w := range works {
		b.Run(w.name, func(b *testing.B) {
			if err := w.drystart(b.Context(), r.host); err != nil { // the registry makes its images
				b.Fatal(err)
			}
			var ours, theirs cost
			for b.Loop() {
				ours.add(costOf(b, r, w.drystart))
				theirs.add(costOf(b, r, w.crane))
			}
			n := float64(b.N)
			b.ReportMetric(0, "ns/op") // of both together: it says nothing
			b.ReportMetric(float64(ours.time.Milliseconds())/n, "ms")
			b.ReportMetric(float64(theirs.time.Milliseconds())/n, "crane-ms")
			b.ReportMetric(float64(ours.Requests)/n, "requests")
			b.ReportMetric(float64(theirs.Requests)/n, "crane-requests")
			b.ReportMetric(float64(ours.Bytes)/n, "bytes")
			b.ReportMetric(float64(theirs.Bytes)/n, "crane-bytes")
			b.ReportMetric(ours.time.Seconds()/theirs.time.Seconds(), "of-crane's-time")
			b.ReportMetric(float64(ours.Requests)/float64(theirs.Requests), "of-crane's-requests")
			b.ReportMetric(float64(ours.Bytes)/float64(theirs.Bytes), "of-crane's-bytes")
		})
	}
}

func (c *cost) add(other cost) {
	c.Requests += other.Requests
	c.Bytes += other.Bytes
	c.time += other.time
}

// BenchmarkConfigs reads the configs of 200 images: for the first time, then in
// another run with what the first has kept.
func BenchmarkConfigs(b *testing.B) {
	r := startRegistry(b)
	dir := b.TempDir()
	tags := func(n int) string { return smallRef(r.host, n) }
	digests := make([]string, smallImages)
	first := &imageconfig.Registry{Cache: imageconfig.Cache{Dir: dir}}
	for n := range digests {
		image, err := first.Image(b.Context(), tags(n), amd64)
		if err != nil {
			b.Fatal(err)
		}
		repository, _, _ := strings.Cut(strings.TrimPrefix(tags(n), r.host), ":")
		digests[n] = r.host + repository + "@" + image.Digest
	}
	if err := configs(b.Context(), first, func(n int) string { return digests[n] }); err != nil {
		b.Fatal(err)
	}
	for _, run := range []struct {
		name  string
		cache imageconfig.Cache
		ref   func(int) string
	}{
		{"cold", imageconfig.Cache{}, tags},
		{"warm by tag", imageconfig.Cache{Dir: dir}, tags},
		{"warm by digest", imageconfig.Cache{Dir: dir}, func(n int) string { return digests[n] }},
	} {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			r.traffic(b)
			for b.Loop() {
				if err := configs(b.Context(), &imageconfig.Registry{Cache: run.cache}, run.ref); err != nil {
					b.Fatal(err)
				}
			}
			seen := r.traffic(b)
			b.ReportMetric(float64(seen.Requests)/float64(b.N), "requests/op")
			b.ReportMetric(float64(seen.Bytes)/float64(b.N), "wire-B/op")
		})
	}
}

// BenchmarkAccountFiles reads the account files of images of 1 GiB: how much of
// the image that takes, and how much memory a process has at the most that does
// nothing else.
func BenchmarkAccountFiles(b *testing.B) {
	r := startRegistry(b)
	for _, repository := range slices.Sorted(maps.Keys(bigLayers)) {
		b.Run(repository, func(b *testing.B) {
			size := imageSize(b, r.host+"/"+repository)
			peak := peakOf(b, r, repository)
			b.ReportAllocs()
			r.traffic(b)
			for b.Loop() {
				if err := filesOf(repository)(b.Context(), r.host); err != nil {
					b.Fatal(err)
				}
			}
			seen := r.traffic(b)
			b.ReportMetric(float64(seen.Requests)/float64(b.N), "requests/op")
			b.ReportMetric(float64(seen.Bytes)/float64(b.N), "wire-B/op")
			b.ReportMetric(float64(seen.Bytes)/float64(b.N)/float64(size), "of-the-image")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

// imageSize returns how many bytes an image's layers have in the registry.
func imageSize(t testing.TB, ref string) (size int64) {
	t.Helper()
	image, err := crane.Pull(ref, crane.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size
}

// peakLimit is how much memory a process may take to read the account files of
// an image of 1 GiB.
const peakLimit = 64 << 20

func TestPeakMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the peak is read of /proc, which only Linux has")
	}
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	r := startRegistry(t)
	for repository := range bigLayers {
		peak := peakOf(t, r, repository)
		t.Logf("%s: peak memory of the process is %.1f MiB", repository, float64(peak)/(1<<20))
		if peak == 0 || peak > peakLimit {
			t.Errorf("%s: peak memory of the process is %d bytes, want at most %d", repository, peak, peakLimit)
		}
	}
}

// peakOf reads the account files of an image in a process of its own and returns
// the most memory that it had.
func peakOf(t testing.TB, r *remoteRegistry, repository string) int64 {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self, r.host, repository)
	command.Env = append(os.Environ(), role+"=reader")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	peak, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return peak
}

// readAndReport is the process that peakOf looks at.
func readAndReport() {
	if err := filesOf(os.Args[2])(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(kilobytes << 10)
}
