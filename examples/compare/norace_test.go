//go:build !race

package compare

// raceDetector is whether the race detector slows everything down.
const raceDetector = false
