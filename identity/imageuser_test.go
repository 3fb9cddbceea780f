package identity_test

import (
	"testing"

	"github.com/drystart/drystart/identity"
)

func TestParseImageUser(t *testing.T) {
	tests := []struct {
		name, reason string
		user         string
		uid          *int64
		username     string
	}{
		{"empty", "An image without a USER has neither.", "", nil, ""},
		{"zero", "The plain root.", "0", new(int64(0)), ""},
		{"two zeros", "Leading zeros do not make a name.", "00", new(int64(0)), ""},
		{"plus zero", "A sign does not make a name.", "+0", new(int64(0)), ""},
		{"minus zero", "Minus zero is zero.", "-0", new(int64(0)), ""},
		{"zero with group", "The group does not hide the root.", "0:x", new(int64(0)), ""},
		{"number", "The usual USER.", "1000", new(int64(1000)), ""},
		{"number and colon", "An empty group is dropped.", "1000:", new(int64(1000)), ""},
		{"number and group", "A named group is dropped.", "1000:g", new(int64(1000)), ""},
		{"number and two groups", "Only the first colon counts.", "1000:0:9", new(int64(1000)), ""},
		{"plus", "A sign is part of a number.", "+5", new(int64(5)), ""},
		{"leading zeros", "Leading zeros are not octal.", "007", new(int64(7)), ""},
		{"negative", "No range is checked here.", "-1", new(int64(-1)), ""},
		{"above 31 bits", "The first uid that no runtime takes.", "2147483648", new(int64(2147483648)), ""},
		{"above 32 bits", "It must not be cut to root.", "4294967296", new(int64(4294967296)), ""},
		{"largest", "The last number of 64 bits.", "9223372036854775807", new(int64(9223372036854775807)), ""},
		{"overflow", "A number that overflows is a name.", "9223372036854775808", nil, "9223372036854775808"},
		{"negative overflow", "It overflows on the other side too.", "-9223372036854775809", nil, "-9223372036854775809"},
		{"leading blank", "Blanks are kept.", " 1000", nil, " 1000"},
		{"trailing blank", "Blanks are kept.", "1000 ", nil, "1000 "},
		{"hexadecimal", "Only decimals are numbers.", "0x10", nil, "0x10"},
		{"underscore", "Go literals are no numbers here.", "1_000", nil, "1_000"},
		{"exponent", "Only integers are numbers.", "1e3", nil, "1e3"},
		{"arabic digits", "Only ASCII digits are digits.", "١٢", nil, "١٢"},
		{"sign alone", "A sign without digits is a name.", "+", nil, "+"},
		{"colon", "Nothing before the colon is no user.", ":", nil, ""},
		{"colon and number", "A group alone is no user.", ":1000", nil, ""},
		{"colon and name", "A group alone is no user.", ":g", nil, ""},
		{"name", "The usual name.", "app", nil, "app"},
		{"name and colon", "An empty group is dropped.", "app:", nil, "app"},
		{"name and group", "The group is dropped.", "app:g", nil, "app"},
		{"name and two groups", "Only the first colon counts.", "a:b:c", nil, "a"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			want := identity.ImageUser{UID: test.uid, Username: test.username, User: test.user}
			same(t, want, identity.ParseImageUser(test.user))
		})
	}
}
