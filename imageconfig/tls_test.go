package imageconfig_test

import (
	"crypto/x509"
	"net/http/httptest"
	"os"
	"testing"
)

// certificateFiles returns a test server's certificate and key as files.
func certificateFiles(t testing.TB, server *httptest.Server) map[string]string {
	t.Helper()
	own := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pemOf("CERTIFICATE", own.Certificate[0])
	return map[string]string{"ca.pem": certificate, "cert.pem": certificate, "key.pem": pemOf("PRIVATE KEY", key)}
}

// copyOf returns a copy of a directory.
func copyOf(t testing.TB, place string) string {
	t.Helper()
	copied := t.TempDir() + "/copy"
	if err := os.CopyFS(copied, os.DirFS(place)); err != nil {
		t.Fatal(err)
	}
	return copied
}
