package identity_test

import (
	"testing"

	"github.com/drystart/drystart/identity"
)

// What a node makes of lines that no tool would write.
func TestProcessOddPasswd(t *testing.T) {
	tests := []struct {
		name, reason string
		passwd, user string
		uid, gid     identity.ID
	}{
		{"word for a number", "A conversion error is dropped: the user is root.", "app:x:abc:1000\n", "app", fromPasswd(0, "app"), fromPasswd(1000, "app")},
		{"hexadecimal", "Only decimals are numbers.", "app:x:0x10:0x10\n", "app", fromPasswd(0, "app"), fromPasswd(0, "app")},
		{"blank before a number", "Numbers are not trimmed.", "app:x: 12:1000\n", "app", fromPasswd(0, "app"), fromPasswd(1000, "app")},
		{"empty numbers", "Nothing is zero.", "app:x:::::\n", "app", fromPasswd(0, "app"), fromPasswd(0, "app")},
		{"name alone", "Fields that are not there are zero.", "app\n", "app", fromPasswd(0, "app"), fromPasswd(0, "app")},
		{"no gid", "Fields that are not there are zero.", "app:x:5\n", "app", fromPasswd(5, "app"), fromPasswd(0, "app")},
		{"sign", "The conversion takes a sign.", "app:x:+5:+6\n", "app", fromPasswd(5, "app"), fromPasswd(6, "app")},
		{"33 bits", "It is cut to 32 bits: the user is root.", "big:x:4294967296:5\n", "big", fromPasswd(0, "big"), fromPasswd(5, "big")},
		{"33 bits in the gid", "The gid is cut too.", "big:x:5:4294967297\n", "big", fromPasswd(5, "big"), fromPasswd(1, "big")},
		{"31 bits and one", "What a request may not ask for, a file may.", "big:x:2147483648:5\n", "big", fromPasswd(2147483648, "big"), fromPasswd(5, "big")},
		{"negative", "A negative number is cut to 32 bits.", "neg:x:-5:-6\n", "neg", fromPasswd(4294967291, "neg"), fromPasswd(4294967290, "neg")},
		{"overflow", "It is the largest number of 64 bits, then cut.", "huge:x:99999999999999999999:5\n", "huge", fromPasswd(4294967295, "huge"), fromPasswd(5, "huge")},
		{"negative overflow", "The smallest number of 64 bits is cut to 0.", "huge:x:-99999999999999999999:5\n", "huge", fromPasswd(0, "huge"), fromPasswd(5, "huge")},
		{"cut uid by number", "A number is compared before the cut.", "big:x:4294967296:5\n", "0", fromImage(0, "0"), fromDefault("0")},
		{"cut gid by number", "The gid of a number's entry is cut.", "a:x:7:4294967301\n", "7", fromImage(7, "7"), fromPasswd(5, "a")},
		{"comment", "A comment is a user of uid 0; it takes root's place.", "# users\nroot:x:0:9\n", "0", fromImage(0, "0"), fromPasswd(0, "# users")},
		{"comment by name", "A comment can even be asked for.", "# users\n", "# users", fromPasswd(0, "# users"), fromPasswd(0, "# users")},
		{"NIS line", "It is a user named plus.", "+::::::\nroot:x:0:9\n", "0", fromImage(0, "0"), fromPasswd(0, "+")},
		{"NIS user", "It can be asked for.", "+::::::\n", "+", fromPasswd(0, "+"), fromPasswd(0, "+")},
		{"CRLF", "The line is trimmed.", "\r\napp:x:5:6\r\n", "app", fromPasswd(5, "app"), fromPasswd(6, "app")},
		{"CRLF after the gid", "The trim saves the last number.", "app:x:5:6\r\nb:x:7:8\r\n", "b", fromPasswd(7, "b"), fromPasswd(8, "b")},
		{"indented", "The line is trimmed.", "\n \t app:x:5:6  \n", "app", fromPasswd(5, "app"), fromPasswd(6, "app")},
		{"no newline", "The last line needs none.", "a:x:1:2\napp:x:5:6", "app", fromPasswd(5, "app"), fromPasswd(6, "app")},
		{"many fields", "Fields beyond the seventh are dropped.", "app:x:5:6:a:b:c:d:e\n", "app", fromPasswd(5, "app"), fromPasswd(6, "app")},
		{"empty file", "A number needs no entry.", "", "7", fromImage(7, "7"), fromDefault("7")},
		{"bad line before root", "Its zero is the first uid 0.", "oops\nroot:x:0:9\n", "0", fromImage(0, "0"), fromPasswd(0, "oops")},
		{"name that is not UTF-8", "Names are bytes.", "\xff:x:5:6\n", "\xff", fromPasswd(5, "\xff"), fromPasswd(6, "\xff")},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			got, err := identity.Containerd{}.Process(accounts(test.passwd, ""), asks(test.user))
			if err != nil {
				t.Fatal(err)
			}
			same(t, identity.Process{UID: test.uid, GID: test.gid, Groups: []identity.ID{test.gid}}, got)
		})
	}
}

func TestProcessOddGroup(t *testing.T) {
	const app = "app:x:1000:1000\n"
	type ids = []identity.ID
	gid := fromPasswd(1000, "app")
	tests := []struct {
		name, reason string
		passwd       string
		group        string
		groups       []identity.ID
	}{
		{"listed", "The usual case.", app, "a:x:5:app\n", ids{fromGroup(5, "a"), gid}},
		{"listed among others", "The place in the list does not count.", app, "a:x:5:x,app,y\n", ids{fromGroup(5, "a"), gid}},
		{"not listed", "Names are compared whole.", app, "a:x:5:apple,ap,xapp\n", ids{gid}},
		{"group of the gid", "The gid's group needs no list.", app, "app:x:1000:\n", ids{gid}},
		{"group of the user's name", "It is left out, whatever its number.", app, "app:x:77:app\n", ids{gid}},
		{"blanks in the list", "Members are not trimmed.", app, "a:x:5:x, app\nb:x:6:app ,x\n", ids{gid}},
		{"blank at the end", "The line is trimmed.", app, "a:x:5:x,app \n", ids{fromGroup(5, "a"), gid}},
		{"CRLF", "The line is trimmed.", app, "a:x:5:app\r\n", ids{fromGroup(5, "a"), gid}},
		{"comment", "In this file a comment is none.", app, "#a:x:5:app\n  #b:x:6:app\n", ids{gid}},
		{"word for a number", "A conversion error is dropped: root's group.", app, "a:x:oops:app\n", ids{fromGroup(0, "a"), gid}},
		{"33 bits", "It is cut to 32 bits: root's group.", app, "a:x:4294967296:app\n", ids{fromGroup(0, "a"), gid}},
		{"negative", "A negative number is cut to 32 bits.", app, "a:x:-5:app\n", ids{gid, fromGroup(4294967291, "a")}},
		{"overflow", "It is the largest number of 64 bits, then cut.", app, "a:x:99999999999999999999:app\n", ids{gid, fromGroup(4294967295, "a")}},
		{"no name", "The name need not be there.", app, ":x:5:app\n", ids{fromGroup(5, ""), gid}},
		{"no list", "A line without a list lists nobody.", app, "a:x:5\na\n", ids{gid}},
		{"two of one number", "Of equal numbers the first line stays.", app, "a:x:5:app\nb:x:5:app\n", ids{fromGroup(5, "a"), gid}},
		{"numeric member", "Members are names, not numbers.", app, "a:x:5:1000\n", ids{gid}},
		{"user in both forms", "The name comes from the first entry of the uid.", "zed:x:1000:1000\n" + app, "a:x:5:app\nb:x:6:zed\n", ids{fromGroup(6, "b"), fromPasswd(1000, "zed")}},
		{"no entry", "Without an entry there is no name to look for.", "", "a:x:5:app,1000\n", ids{fromDefault("1000")}},
		{"long line", "The limit here is far above the other file's.", app, "a:x:5:" + member(70_000) + ",app\n", ids{fromGroup(5, "a"), gid}},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			got, err := identity.Containerd{}.Process(accounts(test.passwd, test.group), asks("1000"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, test.groups, got.Groups)
			same(t, fromImage(1000, "1000"), got.UID)
		})
	}
}
