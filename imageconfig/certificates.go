package imageconfig

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A keyPair names the files of a client's certificate. An empty key: it is in
// the certificate's file.
type keyPair struct{ cert, key string }

// skipVerify returns settings that do not verify the server's certificate: those
// given, else the default ones.
func skipVerify(settings *tls.Config) *tls.Config {
	if settings == nil {
		return &tls.Config{InsecureSkipVerify: true}
	}
	settings = settings.Clone()
	settings.InsecureSkipVerify = true
	return settings
}

// addCA reads a CA. It comes to those of the machine that this runs on.
func (n nodeFiles) addCA(settings *tls.Config, file string) error {
	content, err := n.read(file)
	if err != nil {
		return err
	}
	if settings.RootCAs == nil {
		if settings.RootCAs, err = x509.SystemCertPool(); err != nil {
			return err
		}
	}
	if !settings.RootCAs.AppendCertsFromPEM(content) {
		return fileError(file, errNoCertificate)
	}
	return nil
}

var errNoCertificate = errors.New("has no certificate that can be read")

// addKeyPair reads a client's certificate.
func (n nodeFiles) addKeyPair(settings *tls.Config, pair keyPair) error {
	cert, err := n.read(pair.cert)
	if err != nil {
		return err
	}
	key := cert
	if pair.key != "" {
		if key, err = n.read(pair.key); err != nil {
			return err
		}
	}
	loaded, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fileError(pair.cert, err)
	}
	settings.Certificates = append(settings.Certificates, loaded)
	return nil
}

// A registryTLS is what a directory of certificates says about a registry.
type registryTLS struct {
	settings, insecure *tls.Config // insecure does not verify the server
	err                error
}

// setupCertificates reads what containers-certs.d(5) says about a registry: its
// CAs, *.crt, and the client's certificates, *.cert with *.key.
//
// Source: [SetupCertificates].
//
// [SetupCertificates]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/tlsclientconfig/tlsclientconfig.go#L20-L79
func (n nodeFiles) setupCertificates(dir string) (*tls.Config, error) {
	entries, err := n.list(dir)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{}
	for _, entry := range entries {
		name := entry.Name()
		stem := strings.TrimSuffix(name, path.Ext(name))
		var err error
		switch file := path.Join(dir, name); path.Ext(name) {
		case ".crt":
			if err = n.addCA(settings, file); errors.Is(err, errNoCertificate) {
				err = nil // this runtime does not mind
			}
		case ".cert":
			if !holds(entries, stem+".key") {
				return nil, fileError(file, errors.New("has no .key beside it; a CA is a .crt"))
			}
			err = n.addKeyPair(settings, keyPair{file, path.Join(dir, stem+".key")})
		case ".key":
			if !holds(entries, stem+".cert") {
				err = fileError(file, errors.New("has no .cert beside it"))
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return settings, nil
}

func holds(entries []fs.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(entry fs.DirEntry) bool { return entry.Name() == name })
}
