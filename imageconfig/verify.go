package imageconfig

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// verified returns a reader that fails with ErrInvalid, at the end or as soon as
// it is clear, unless the content has the descriptor's size and digest. A
// descriptor without a size promises none.
func verified(content io.ReadCloser, descriptor v1.Descriptor) io.ReadCloser {
	v := &verifier{ReadCloser: content, promised: descriptor.Digest, size: descriptor.Size, hash: sha256.New()}
	if v.size <= 0 {
		v.size = unlimited
	}
	return v
}

type verifier struct {
	io.ReadCloser
	promised v1.Hash
	size     int64 // the promised size, or unlimited
	read     int64
	hash     hash.Hash
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	v.read += int64(n)
	_, _ = v.hash.Write(p[:n]) // a hash never fails
	if v.size != unlimited && v.read > v.size {
		return n, invalid("%s is longer than the %d bytes that its manifest promises", v.promised, v.size)
	}
	if err == io.EOF {
		return n, v.atEnd()
	}
	return n, err
}

func (v *verifier) atEnd() error {
	if v.size != unlimited && v.read < v.size {
		return invalid("%s ends after %d of the %d bytes that its manifest promises", v.promised, v.read, v.size)
	}
	if sum := hex.EncodeToString(v.hash.Sum(nil)); v.promised.Algorithm != "sha256" || sum != v.promised.Hex {
		return invalid("content of digest sha256:%s came for %s", sum, v.promised)
	}
	return io.EOF
}
