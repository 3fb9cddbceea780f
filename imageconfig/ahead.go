package imageconfig

import "io"

const (
	// blockBytes is how much of a layer one goroutine hands to the other at most.
	blockBytes = 64 << 10
	// blocksAhead is how many such blocks there are.
	blocksAhead = 8
)

// An aheadReader reads a stream in a goroutine, so that what a layer has been
// unpacked to is hashed and parsed while more of it is unpacked. Close ends the
// goroutine.
type aheadReader struct {
	stream io.ReadCloser
	stop   func() // ends a read of the stream that waits for more; may be nil
	filled chan block
	unused chan []byte
	closed chan struct{}
	now    block
	left   []byte // of now
}

// A block is what one read gave.
type block struct {
	buffer []byte
	n      int
	err    error
}

func readingAhead(stream io.ReadCloser, stop func()) *aheadReader {
	a := &aheadReader{
		stream: stream,
		stop:   stop,
		filled: make(chan block, blocksAhead),
		unused: make(chan []byte, blocksAhead),
		closed: make(chan struct{}),
	}
	for range blocksAhead {
		a.unused <- make([]byte, blockBytes)
	}
	go a.fill()
	return a
}

// fill reads the stream until it fails or ends, or nobody wants more of it.
func (a *aheadReader) fill() {
	defer close(a.filled)
	for {
		select {
		case <-a.closed:
			return
		case buffer := <-a.unused:
			n, err := a.stream.Read(buffer)
			a.filled <- block{buffer, n, err} // has room for all blocks
			if err != nil {
				return
			}
		}
	}
}

func (a *aheadReader) Read(p []byte) (int, error) {
	for len(a.left) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.buffer != nil {
			a.unused <- a.now.buffer
		}
		a.now = <-a.filled
		a.left = a.now.buffer[:a.now.n]
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

// Close waits for the goroutine and closes the stream. It is called once.
func (a *aheadReader) Close() error {
	close(a.closed)
	if a.stop != nil {
		a.stop()
	}
	for range a.filled {
	}
	return a.stream.Close()
}
