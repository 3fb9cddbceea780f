package faulty

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An Exchange is a request to a registry that has to be answered.
type Exchange struct {
	W        http.ResponseWriter
	R        *http.Request
	Registry *Registry
	// Began is called by an answer without an end, once all is done that it does
	// before it waits for the client to give up.
	Began func()
}

// An Answer answers a request.
type Answer func(*Exchange)

// Right answers as a registry without faults.
func Right(e *Exchange) { e.Registry.rightly(e.W, e.R) }

// right returns the right answer.
func (e *Exchange) right() *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.Registry.rightly(w, e.R)
	return w
}

// send writes a body and its end; a client that hangs up is what faults are about.
func (e *Exchange) send(body []byte) { _, _ = e.W.Write(body) }

// flush sends what was written so far.
func (e *Exchange) flush() { _ = http.NewResponseController(e.W).Flush() }

// Status answers with a status and headers: a name, its value, and so on.
func Status(status int, headers ...string) Answer {
	return StatusBody(status, "", headers...)
}

// StatusBody answers with a status, a body and headers.
func StatusBody(status int, body string, headers ...string) Answer {
	return func(e *Exchange) {
		for i := 0; i+1 < len(headers); i += 2 {
			e.W.Header().Set(headers[i], headers[i+1])
		}
		e.W.WriteHeader(status)
		e.send([]byte(body))
		e.flush()
		e.Began()
	}
}

// Instead answers with another body.
func Instead(mediaType types.MediaType, body string) Answer {
	return StatusBody(http.StatusOK, body, "Content-Type", string(mediaType))
}

// Header changes one header of the right answer; an empty value leaves it out.
func Header(name, value string) Answer {
	return Changed(func(header http.Header, body []byte) []byte {
		header[name] = nil // no default
		if value != "" {
			header.Set(name, value)
		}
		return body
	})
}

// Changed changes the right answer.
func Changed(change func(header http.Header, body []byte) []byte) Answer {
	return func(e *Exchange) {
		right := e.right()
		header := right.Header()
		body := change(header, right.Body.Bytes())
		maps.Copy(e.W.Header(), header)
		e.W.WriteHeader(right.Code)
		e.send(body)
	}
}

// Altered changes one byte of the right answer, in the middle.
var Altered = Changed(func(_ http.Header, body []byte) []byte {
	if len(body) == 0 {
		return body // to HEAD
	}
	altered := bytes.Clone(body)
	altered[len(altered)/2] ^= 1
	return altered
})

// Zipped compresses the right answer and says so.
var Zipped = Changed(func(header http.Header, body []byte) []byte {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	header.Set("Content-Encoding", "gzip")
	header.Set("Content-Length", strconv.Itoa(zipped.Len()))
	return zipped.Bytes()
})

// NoHead answers GET only.
func NoHead(e *Exchange) {
	if e.R.Method == http.MethodHead {
		e.W.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	Right(e)
}

// Hold does not answer at all.
func Hold(e *Exchange) {
	e.Began()
	<-e.R.Context().Done()
}

// Announced is an answer that says on a channel with room for one that it has
// begun.
func Announced(answer Answer, began chan<- struct{}) Answer {
	return func(e *Exchange) {
		e.Began = func() {
			select {
			case began <- struct{}{}:
			default: // it is known
			}
		}
		answer(e)
	}
}

// Stall answers with the right headers and half of the body, then no more.
func Stall(e *Exchange) {
	e.half(true)
	e.Began()
	<-e.R.Context().Done()
}

// Cut answers with half of the body and closes the connection; the headers
// promise all of it.
func Cut(e *Exchange) {
	e.half(true)
	panic(http.ErrAbortHandler)
}

// CutChunked is Cut where no length is promised.
func CutChunked(e *Exchange) {
	e.half(false)
	panic(http.ErrAbortHandler)
}

// half sends half of the right body.
func (e *Exchange) half(promise bool) {
	right := e.right()
	body := right.Body.Bytes()
	maps.Copy(e.W.Header(), right.Header())
	e.W.Header().Del("Content-Length")
	if promise {
		e.W.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	e.W.WriteHeader(right.Code)
	e.send(body[:len(body)/2])
	e.flush()
}

// Endless answers with the right body and spaces without an end.
func Endless(e *Exchange) {
	right := e.right()
	maps.Copy(e.W.Header(), right.Header())
	e.W.Header().Del("Content-Length")
	e.W.WriteHeader(right.Code)
	e.send(right.Body.Bytes())
	e.flush()
	e.Began()
	spaces := bytes.Repeat([]byte(" "), 1<<16)
	for {
		if _, err := e.W.Write(spaces); err != nil {
			return
		}
	}
}

// Reset resets the connection without an answer.
func Reset(e *Exchange) {
	connection, ok := e.hijack()
	if !ok {
		return
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // makes Close send RST instead of FIN
	}
	_ = connection.Close()
}

// Raw answers with bytes that no HTTP server adds anything to, and closes the
// connection.
func Raw(answer string) Answer {
	return func(e *Exchange) {
		connection, ok := e.hijack()
		if !ok {
			return
		}
		_, _ = io.WriteString(connection, answer)
		_ = connection.Close()
	}
}

// Closing answers rightly as an HTTP/1.0 server does: the end of the body is the
// end of the connection.
func Closing(e *Exchange) {
	right := e.right()
	connection, ok := e.hijack()
	if !ok {
		return
	}
	header := right.Header()
	header.Del("Content-Length")
	var answer bytes.Buffer
	answer.WriteString("HTTP/1.0 " + strconv.Itoa(right.Code) + " " + http.StatusText(right.Code) + "\r\n")
	_ = header.Write(&answer) // a buffer takes everything
	answer.WriteString("\r\n")
	answer.Write(right.Body.Bytes())
	_, _ = connection.Write(answer.Bytes())
	_ = connection.Close()
}

func (e *Exchange) hijack() (net.Conn, bool) {
	connection, _, err := http.NewResponseController(e.W).Hijack()
	return connection, err == nil
}

// Redirect sends the client where to returns.
func Redirect(status int, to func(e *Exchange) string) Answer {
	return func(e *Exchange) {
		e.W.Header().Set("Location", to(e))
		e.W.WriteHeader(status)
	}
}

// Itself is the address of the request itself.
func Itself(e *Exchange) string { return e.R.URL.String() }

// Moved is an address without a host, on the same one.
func Moved(e *Exchange) string { return moved + e.R.URL.Path }

// Elsewhere is the same path on the other host.
func Elsewhere(e *Exchange) string { return "http://" + e.Registry.Elsewhere + e.R.URL.Path }

// A Document is a manifest or an index as it stands.
type Document struct {
	Type types.MediaType
	Body []byte
}

// RawManifest returns the document itself.
func (d Document) RawManifest() ([]byte, error) { return d.Body, nil }

// MediaType returns what it is said to be.
func (d Document) MediaType() (types.MediaType, error) { return d.Type, nil }
