// Package identity answers who a container's process is: which user, which
// group, which supplementary groups, and whether runAsNonRoot lets it start.
//
// It holds the rules alone. It reads no registry and no disk: what it needs of
// an image is the config's USER string and, as an [io/fs.FS], the image's files.
// Each upstream function is one function here. They run in this order:
//
//  1. [ParseImageUser]: the container runtime splits the image's USER at the
//     first colon. What stands before it is a number (then it is a uid) or a
//     name. What stands after it, the group, never reaches the kubelet.
//  2. [EffectiveSecurityContext]: the kubelet overlays the container's
//     securityContext on the Pod's, field by field.
//  3. [VerifyRunAsNonRoot]: the gate. It changes no user; it lets the container
//     pass or refuses it with one of four errors.
//  4. [ContainerRequest]: what the kubelet asks of the runtime. runAsUser wins
//     over the image's user, an image without a user is uid 0, fsGroup comes
//     first among the supplementary groups.
//  5. [Containerd.Process]: the runtime turns the request into numbers with the
//     image's /etc/passwd and /etc/group.
//  6. [CheckIDMap] and [SetupUser]: the last checks before the process becomes
//     that user.
//
// # Unknown is not root
//
// No type of this package has a zero value that says uid 0: see [ID].
//
// # What the two files may hold
//
// /etc/passwd and /etc/group are parsed by [github.com/moby/sys/user], as
// containerd does. It drops conversion errors: the line "app:x:oops:oops" makes
// the user app uid 0. That is what a node does, so that is what this package
// answers.
package identity
