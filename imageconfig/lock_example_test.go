package imageconfig_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
)

// A lock that is in the repository needs no registry.
func ExampleReadLock() {
	file := must(os.Open("testdata/drystart.lock"))
	defer func() { check(file.Close()) }()
	lock := must(imageconfig.ReadLock(file))
	image := must(lock.Image(context.Background(), "nginx:1.28", linux))
	fmt.Println("USER", image.Config.Config.User)

	// What was not recorded is not known; it is not taken to be absent.
	files := must(image.Files(context.Background()))
	_, err := fs.Lstat(files, "etc/shadow")
	fmt.Println(err)
	fmt.Println(errors.Is(err, imageconfig.ErrNotLocked), errors.Is(err, fs.ErrNotExist))
	// Output:
	// USER nginx
	// lstat etc/shadow: it is not in the lock; make the lock again
	// true false
}

// What is asked of a Recorder is in its lock.
func ExampleRecorder() {
	recorder := &imageconfig.Recorder{Source: imageconfig.Map{
		"registry.example/app:v1": imageconfig.Declared("app", fstest.MapFS{
			"etc/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n"), Mode: 0o644},
		}),
	}}
	image := must(recorder.Image(context.Background(), "registry.example/app:v1", linux))
	files := must(image.Files(context.Background()))
	must(fs.ReadFile(files, "etc/passwd"))

	lock, err := recorder.Lock()
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	must(lock.WriteTo(&out))
	fmt.Print(out.String())
	// Output:
	// {
	//   "version": 1,
	//   "images": [
	//     {
	//       "reference": "registry.example/app:v1",
	//       "platform": "linux/amd64",
	//       "runnable": true,
	//       "config": {
	//         "user": "app"
	//       },
	//       "files": {
	//         ".": "dr-xr-xr-x 0:0",
	//         "etc": "dr-xr-xr-x 0:0",
	//         "etc/passwd": "-rw-r--r-- 0:0 27"
	//       },
	//       "text": {
	//         "etc/passwd": [
	//           "app:x:1000:1000::/:/bin/sh",
	//           ""
	//         ]
	//       }
	//     }
	//   ]
	// }
}
