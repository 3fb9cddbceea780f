package identity_test

import (
	"testing"

	"github.com/drystart/drystart/identity"
)

func TestOriginString(t *testing.T) {
	tests := []struct {
		name, reason string
		origin       identity.Origin
		want         string
	}{
		{"zero", "The zero origin says nothing.", identity.Origin{}, "unknown"},
		{"no such source", "A number without a name is unknown.", identity.Origin{Source: 99, Name: "x"}, "unknown"},
		{"container", "The field is named.", fromContainer(1, "runAsUser").Origin(), "the container's securityContext.runAsUser"},
		{"pod", "The field has its path.", fromPod(1, "fsGroup").Origin(), "spec.securityContext.fsGroup"},
		{"image", "The whole USER is shown.", fromImage(1, "1:2").Origin(), `the image's USER "1:2"`},
		{"image without a user", "An empty USER has words of its own.", fromImage(0, "").Origin(), "the image has no USER"},
		{"passwd", "The entry is named.", fromPasswd(1, "app").Origin(), `/etc/passwd entry "app"`},
		{"group", "The entry is named.", fromGroup(1, "wheel").Origin(), `/etc/group entry "wheel"`},
		{"odd name", "A name that is no word is quoted.", fromPasswd(0, "# \x00").Origin(), `/etc/passwd entry "# \x00"`},
		{"default", "The uid without an entry is named.", fromDefault("7").Origin(), "no entry of /etc/passwd has uid 7"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			same(t, test.want, test.origin.String())
		})
	}
}
