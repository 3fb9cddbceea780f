package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
)

// defaultPath is the PATH of a container whose image has none.
//
// Source: [defaultUnixEnv].
//
// [defaultUnixEnv]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec.go#L42-L44
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// A commandError is runc's error for a command that cannot be executed.
type commandError struct {
	argv0 string
	kind  error // ErrCommandNotFound and its like
	err   error
}

func (e *commandError) Error() string { return fmt.Sprintf("exec: %q: %v", e.argv0, e.err) }
func (e *commandError) Unwrap() error { return e.kind }

// errNotInPath is the text for a name that no directory of PATH has.
var errNotInPath = errors.New("executable file not found in $PATH")

// command looks a command up as Go's exec.LookPath does in the container. The
// error is a commandError, or says what is not known.
//
// Source: [exec.LookPath].
//
// [exec.LookPath]: https://github.com/golang/go/blob/go1.26.0/src/os/exec/lp_unix.go
func (l *lookup) command(argv0 string) error {
	if !path.IsAbs(l.dir) {
		return fmt.Errorf("the working directory %q is not absolute", l.dir)
	}
	if strings.Contains(argv0, "/") {
		return l.executable(argv0, argv0)
	}
	if argv0 == "" || argv0 == "." || argv0 == ".." {
		return &commandError{argv0, ErrCommandNotFound, errNotInPath}
	}
	if strings.Contains(l.path, "$(") {
		return errors.New("PATH is made of variables: " + l.path)
	}
	for dir := range strings.SplitSeq(l.path, ":") {
		err := l.executable(argv0, path.Join(firstOf(dir, "."), argv0))
		var unusable *commandError
		switch {
		case errors.As(err, &unusable):
			continue
		case err == nil && !path.IsAbs(dir):
			return &commandError{argv0, ErrCommandNotExecutable, errors.New("cannot run executable found relative to current directory")}
		default:
			return err
		}
	}
	return &commandError{argv0, ErrCommandNotFound, errNotInPath}
}

// executable reports whether the process's user can execute a file.
func (l *lookup) executable(argv0, name string) error {
	at, err := l.stat(name)
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		kind := ErrCommandNotFound
		if errno == syscall.EACCES {
			kind = ErrCommandNotExecutable
		}
		return &commandError{argv0, kind, &fs.PathError{Op: "stat", Path: name, Err: errno}}
	case err != nil:
		return err
	case at.IsDir() && l.directoryIsDenied:
		return &commandError{argv0, ErrCommandIsDirectory, syscall.EACCES}
	case at.IsDir():
		return &commandError{argv0, ErrCommandIsDirectory, syscall.EISDIR}
	case !l.user.mayExecute(at):
		return &commandError{argv0, ErrCommandNotExecutable, syscall.EACCES}
	default:
		return nil
	}
}

// searchPath returns the PATH that a container's process is started with.
func searchPath(spec *corev1.Container, imageEnv []string) string {
	search := defaultPath
	for _, variable := range imageEnv {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			search = value
		}
	}
	for _, variable := range spec.Env {
		if variable.Name != "PATH" {
			continue
		}
		search = variable.Value
		if variable.ValueFrom != nil {
			search = "$(PATH)" // whatever it comes from is not known here
		}
	}
	return search
}
