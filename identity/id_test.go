package identity_test

import (
	"testing"

	"github.com/drystart/drystart/identity"
)

func TestID(t *testing.T) {
	uid := fromPasswd(1000, "app")
	tests := []struct {
		name, reason string
		id           identity.ID
		known        bool
		number       int64
		text         string
	}{
		{"zero value", "Unknown must never look like root.", identity.ID{}, false, 0, "unknown"},
		{"root", "A known zero is root.", fromImage(0, "0"), true, 0, "0"},
		{"number", "The usual case.", uid, true, 1000, "1000"},
		{"negative", "An ID holds any int64.", fromImage(-1, "-1"), true, -1, "-1"},
		{"largest", "An ID holds any int64.", fromImage(1<<63-1, "x"), true, 1<<63 - 1, "9223372036854775807"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			number, known := test.id.Number()
			same(t, test.known, known)
			same(t, test.number, number)
			same(t, test.known, test.id.Is(test.number))
			same(t, false, test.id.Is(^test.number))
			same(t, test.text, test.id.String())
		})
	}
}

func TestIDEqual(t *testing.T) {
	tests := []struct {
		name, reason string
		a, b         identity.ID
		equal        bool
	}{
		{"unknown", "Two unknown IDs say the same.", identity.ID{}, identity.ID{}, true},
		{"unknown and root", "Unknown is not root.", identity.ID{}, identity.NewID(0, identity.Origin{}), false},
		{"same", "Number and origin agree.", fromPasswd(5, "a"), fromPasswd(5, "a"), true},
		{"other number", "The number counts.", fromPasswd(5, "a"), fromPasswd(6, "a"), false},
		{"other source", "The source counts.", fromPasswd(5, "a"), fromGroup(5, "a"), false},
		{"other name", "The origin's name counts.", fromPasswd(5, "a"), fromPasswd(5, "b"), false},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			same(t, test.equal, test.a.Equal(test.b))
			same(t, test.equal, test.b.Equal(test.a))
		})
	}
}
