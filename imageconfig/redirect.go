package imageconfig

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
)

// maxRedirects is how many redirects are followed for one request.
const maxRedirects = 10

// checkRedirect follows a registry to where it keeps its blobs, but not from
// HTTPS to plain HTTP, and not from the public network into a private one.
func checkRedirect(request *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case via[len(via)-1].URL.Scheme == "https" && request.URL.Scheme != "https":
		return errors.New("a redirect from https to " + request.URL.Scheme)
	case request.URL.Hostname() != first.Hostname() && isPrivate(request.URL.Hostname()) && !isPrivate(first.Hostname()):
		return errors.New("a redirect to the private address " + request.URL.Hostname())
	default:
		return nil
	}
}

// isPrivate reports whether a host is the address of one that only this machine
// or its network reaches, such as a cloud's metadata service.
func isPrivate(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	address = address.Unmap()
	return address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast() || address.IsUnspecified()
}
