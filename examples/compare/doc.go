// Package compare measures drystart beside what people use otherwise, both in
// one run. It is a module of its own, so that nobody who imports drystart pays
// for what it is compared with.
//
//   - the configs of 200 images, and the account files of an image of 1 GB,
//     beside crane config and crane export as libraries;
//   - the start of a Pod in memory, beside the evaluator of
//     k8s.io/pod-security-admission.
//
// It has no code but tests and benchmarks:
//
//	cd examples/compare && go test -bench .
//
// The registry is a process of its own, so that its allocations and its memory
// are not counted.
package compare
