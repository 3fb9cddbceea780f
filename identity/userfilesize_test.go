package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/drystart/drystart/identity"
)

const (
	maxBytes     = 10_485_760
	tooLongLine  = "bufio.Scanner: token too long"
	passwdTooBig = `"etc/passwd" exceeds 10485760 bytes`
	groupTooBig  = `"etc/group" exceeds 10485760 bytes`
)

// member returns a name of that length.
func member(length int) string { return strings.Repeat("m", length) }

// padded returns a text that is followed by empty lines up to that size.
func padded(text string, size int) string { return text + strings.Repeat("\n", size-len(text)) }

func TestProcessFileSize(t *testing.T) {
	const app = "app:x:1000:1000\n"
	tests := []struct {
		name, reason  string
		passwd, group string
		user          string
		strict        bool
		want          string
	}{
		{"passwd of 10 MiB", "The limit itself is allowed.", padded(app, maxBytes), "", "app", false, ""},
		{"passwd above 10 MiB", "One byte more is not, though the entry stands first.", padded(app, maxBytes+1), "", "app", false, passwdTooBig},
		{"passwd above, by number", "A number reads the file as well.", padded(app, maxBytes+1), "", "0", false, passwdTooBig},
		{"passwd far above", "The answer does not depend on by how much.", padded(app, maxBytes+100_000), "", "app", true, passwdTooBig},
		{"group of 10 MiB", "The limit itself is allowed.", app, padded("a:x:5:x\n", maxBytes), "app", false, ""},
		{"group above 10 MiB", "The other file has the same limit.", app, padded("a:x:5:x\n", maxBytes+1), "app", false, groupTooBig},
		{"group above, strict", "Strict does not read that file.", app, padded("a:x:5:x\n", maxBytes+1), "app", true, ""},
		{"passwd line of 64 KiB", "With its end it is too long by one.", app + "b:" + member(65_534) + "\n", "", "app", false, tooLongLine},
		{"passwd line below", "The longest line that is read.", app + "b:" + member(65_533) + "\n", "", "app", false, ""},
		{"passwd line, by number", "A number reads the file as well.", app + member(70_000), "", "1000", false, tooLongLine},
		{"group line of 1 MiB", "With its end it is too long by one.", app, "g:x:5:" + member(1<<20-6) + "\n", "app", false, tooLongLine},
		{"group line below", "The longest line that is read.", app, "g:x:5:" + member(1<<20-7) + "\n", "app", false, ""},
		{"group line, by number", "A number reads the file as well.", app, member(1<<20 + 1), "1000", false, tooLongLine},
		{"group line without an entry", "Without a name that file is not read.", "", member(1<<20 + 1), "1000", false, ""},
		{"group line, strict", "Strict does not read that file.", app, member(1<<20 + 1), "app", true, ""},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			request := asks(test.user)
			request.Strict = test.strict
			_, err := identity.Containerd{}.Process(accounts(test.passwd, test.group), request)
			if test.want == "" {
				if err != nil {
					t.Errorf("unexpected error: %v", err)
				}
				return
			}
			failsWith(t, test.want, err)
			var unreadable *identity.UnreadableError
			same(t, false, errors.As(err, &unreadable))
			same(t, false, errors.Is(err, identity.ErrNoUsersFound))
		})
	}
}
