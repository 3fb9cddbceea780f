package identity_test

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/identity"
)

var decimal = regexp.MustCompile(`^[+-]?[0-9]+$`)

// statedImageUser says in other words what ParseImageUser does: what stands
// before the first colon is a number where it is written as a decimal and fits
// into 64 bits.
func statedImageUser(user string) identity.ImageUser {
	want := identity.ImageUser{User: user}
	name := strings.SplitN(user, ":", 2)[0]
	if decimal.MatchString(name) {
		number, _ := new(big.Int).SetString(strings.TrimPrefix(name, "+"), 10)
		if number != nil && number.IsInt64() {
			want.UID = new(number.Int64())
			return want
		}
	}
	want.Username = name
	return want
}

// FuzzParseImageUser checks for each string:
//
//  1. ParseImageUser does not panic, and keeps the string.
//  2. At most one of UID and Username is set; none only where nothing stands
//     before the first colon.
//  3. The answer is that of statedImageUser.
//  4. The canonical form of a user, which the request is made of, is read as the
//     same user. A group that is added changes nothing.
func FuzzParseImageUser(f *testing.F) {
	for _, user := range []string{
		"", "0", "00", "+0", "-0", "0:x", "1000", "1000:", "1000:g", "1000:0:9", "+5", "007", "-1",
		"2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"-9223372036854775809", " 1000", "1000 ", "0x10", "1_000", "1e3", "١٢", ":", ":1000", ":g",
		"app", "app:", "app:g", "a:b:c", "+", "-", "+-1", "1.0", "\xff", "\x00",
	} {
		f.Add(user)
	}
	f.Fuzz(func(t *testing.T, user string) {
		got := identity.ParseImageUser(user)
		if got.User != user {
			t.Errorf("User is %q, want %q", got.User, user)
		}
		if got.UID != nil && got.Username != "" {
			t.Errorf("%q is both uid %d and name %q", user, *got.UID, got.Username)
		}
		if none := got.UID == nil && got.Username == ""; none != (user == "" || user[0] == ':') {
			t.Errorf("%q has no user: %t", user, none)
		}
		same(t, statedImageUser(user), got)

		canonical, err := identity.Containerd{}.UserString(asks(user))
		if err != nil {
			t.Fatal(err)
		}
		if got.UID == nil && got.Username == "" {
			same(t, "0", canonical)
			return
		}
		for _, again := range []string{canonical, canonical + ":", canonical + ":0"} {
			parsed := identity.ParseImageUser(again)
			parsed.User = user
			same(t, got, parsed)
		}
	})
}

// FuzzProcess checks for each pair of account files, each user and each request:
//
//  1. Process does not panic.
//  2. It gives a process or an error, never both. The error is none of
//     UnreadableError, for these files can be read.
//  3. The ids of a process are known, and each is a number that 32 bits hold.
//     Groups are sorted, each number once, and hold the GID.
//  4. A requested group is the GID, whatever the files hold. A requested number
//     is the UID.
//  5. Strict takes nothing of /etc/group: its groups are the GID and the request's.
//  6. The same input gives the same answer, and stays as it was.
func FuzzProcess(f *testing.F) {
	for _, user := range []string{"", "app", "1000", "12345", "toor", "-1", "4294967296", "9223372036854775808", "missing"} {
		f.Add([]byte(passwd), []byte(group), user, int64(0), int64(0), byte(0))
		f.Add([]byte(passwd), []byte(group), user, int64(2000), int64(50), byte(7))
	}
	f.Add([]byte("app:x:abc:1000\n"), []byte("a:x:oops:app\n"), "app", int64(0), int64(0), byte(0))
	f.Add([]byte("# c\n+::::::\n"), []byte("#a:x:5:+\n"), "+", int64(0), int64(-1), byte(2))
	f.Add([]byte("big:x:4294967296:-5\r\n"), []byte("a:x:99999999999999999999:big,\r\n"), "big", int64(-1), int64(0), byte(4))
	f.Add([]byte("app"), []byte("a:x::app"), "app", int64(5), int64(6), byte(8))
	f.Fuzz(func(t *testing.T, passwd, group []byte, user string, runAsUser, runAsGroup int64, flags byte) {
		request := asks(user)
		if flags&1 != 0 {
			request.RunAsUser, request.RunAsUsername = fromContainer(runAsUser, "runAsUser"), ""
		}
		if flags&2 != 0 {
			request.RunAsGroup = fromContainer(runAsGroup, "runAsGroup")
		}
		if flags&4 != 0 {
			request.SupplementalGroups = []identity.ID{fromPod(runAsUser, "fsGroup"), fromPod(runAsGroup, "supplementalGroups")}
		}
		request.Strict = flags&8 != 0
		checkProcess(t, passwd, group, request)
	})
}

func checkProcess(t *testing.T, passwd, group []byte, request identity.Request) {
	t.Helper()
	files := accounts(string(passwd), string(group))
	requestBefore := request
	requestBefore.SupplementalGroups = append([]identity.ID(nil), request.SupplementalGroups...)

	got, err := identity.Containerd{}.Process(files, request)
	again, errAgain := identity.Containerd{}.Process(files, request)
	if !got.Equal(again) || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
		t.Errorf("two answers: %v, %v and %v, %v", got, err, again, errAgain)
	}
	same(t, requestBefore, request)
	if !bytes.Equal(passwd, files["etc/passwd"].Data) || !bytes.Equal(group, files["etc/group"].Data) {
		t.Error("the files were changed")
	}
	if err != nil {
		same(t, identity.Process{}, got)
		var unreadable *identity.UnreadableError
		if errors.As(err, &unreadable) {
			t.Errorf("files that can be read are not: %v", err)
		}
		return
	}
	checkIDs(t, got)
	if _, known := request.RunAsUser.Number(); known {
		same(t, request.RunAsUser, got.UID)
	}
	if _, known := request.RunAsGroup.Number(); known {
		same(t, request.RunAsGroup, got.GID)
	}
	if request.Strict {
		for _, id := range got.Groups {
			if id.Origin().Source == identity.SourceGroup {
				t.Errorf("strict has group %s from %s", id, id.Origin())
			}
		}
	}
}

func checkIDs(t *testing.T, process identity.Process) {
	t.Helper()
	last, hasGID := int64(-1), false
	for _, id := range append([]identity.ID{process.UID, process.GID}, process.Groups...) {
		number, known := id.Number()
		if !known || number < 0 || number > math.MaxUint32 {
			t.Errorf("%s from %s is no number of 32 bits", id, id.Origin())
		}
	}
	for _, id := range process.Groups {
		number, _ := id.Number()
		if number <= last {
			t.Errorf("groups are not sorted, or not unique: %v", process.Groups)
		}
		last = number
		hasGID = hasGID || cmp.Equal(id, process.GID)
	}
	if !hasGID {
		t.Errorf("groups %v do not hold the gid %s", process.Groups, process.GID)
	}
}
