package simulate

import (
	"encoding/binary"
	"errors"
	"maps"
	"strconv"
	"sync/atomic"
)

const (
	// maxCommands is how many look-ups are kept with an image.
	maxCommands = 64
	// maxQuestion is how many bytes one that is kept may have.
	maxQuestion = 1 << 10
)

// commands are the commands that have been looked up in an image: nil for one
// that can be executed, else a commandError. They are safe for concurrent use.
type commands struct {
	known atomic.Pointer[map[string]error]
}

// command looks a command up, or remembers how that ended.
func (f *findings) command(argv0 string, l lookup) error {
	var room [256]byte
	question := l.question(room[:0], argv0)
	known := f.commands.known.Load()
	if known != nil {
		if err, ok := (*known)[string(question)]; ok {
			return err
		}
	}
	l.mounts = mountPaths(l.spec)
	err := l.command(argv0)
	var decided *commandError
	if len(question) > maxQuestion || err != nil && !errors.As(err, &decided) {
		return err
	}
	next := map[string]error{}
	if known != nil && len(*known) < maxCommands {
		next = maps.Clone(*known)
	}
	next[string(question)] = err
	f.commands.known.Store(&next) // what another one has added meanwhile is forgotten
	return err
}

// question returns all that the answer depends on, besides the image's files.
func (l *lookup) question(room []byte, argv0 string) []byte {
	text := func(text string) { room = append(binary.AppendUvarint(room, uint64(len(text))), text...) }
	number := func(number int64) { room = binary.AppendVarint(room, number) }
	flag := func(flag bool) { room = strconv.AppendBool(room, flag) }
	text(argv0)
	text(l.dir)
	text(l.path)
	number(int64(len(l.spec.VolumeMounts)))
	for i := range l.spec.VolumeMounts {
		text(l.spec.VolumeMounts[i].MountPath)
	}
	number(int64(len(l.spec.VolumeDevices)))
	for i := range l.spec.VolumeDevices {
		text(l.spec.VolumeDevices[i].DevicePath)
	}
	flag(l.directoryIsDenied)
	flag(l.user.override)
	number(l.user.uid)
	for _, group := range l.user.groups {
		gid, _ := group.Number()
		number(gid)
	}
	return room
}
