// Package simulate says what a node would make of a Pod: whether its containers
// start, who their processes are, and if not, in which words the kubelet says so.
//
// A [Kubelet] is a node without a machine. [Kubelet.Start] takes a Pod and
// returns an [Outcome]: a verdict for each container, the Pod's status and its
// events, as the kubelet would publish them.
//
// # The order
//
// The first step that fails ends the attempt, as on a node:
//
//  1. Node admission: the Pod's operating system, its supplementalGroupsPolicy.
//     Then the pull secrets: those that are missing are told of, here or, since
//     1.37, at the end, if a pull has failed.
//  2. The sandbox: on containerd, a Pod with a runAsGroup and no runAsUser of
//     its own fails here.
//  3. Init containers and sidecars, one after the other; then the regular
//     containers, each whatever becomes of the others; then ephemeral ones. For
//     each of them:
//  4. The image's name, then its pull policy, presence and pull. A pull tries
//     the credentials of the pull secrets whose key names the image: the keys in
//     reverse alphabetical order, so that a path comes before its host, and under
//     one key the secrets in their order. Then it tries what the node has. If
//     there is nothing to try, it asks once without.
//  5. The configuration: the image's user, and runAsNonRoot.
//  6. The creation: a command, then the user in the image's /etc/passwd and
//     /etc/group.
//  7. The start: the user namespace, the change of user, the command's file.
//
// # What Started means
//
// The kubelet and the runtime let the process start. What the process does then
// is not emulated: nginx that cannot write its cache as uid 1000 starts, and
// exits. Init containers are taken to succeed and probes to pass.
//
// # What is taken as given
//
// The Pod is one that the API server has admitted, on a node that has room for
// it. What it refers to is there: Secrets, ConfigMaps, volumes, devices, runtime
// classes, the profiles of seccomp and AppArmor. A [Cluster] says which Secrets
// and service accounts there are, and what is in them; then the others are
// missing. What the node itself has, such as credentials of a cloud, is not
// known: an image that the registry refuses is undecided.
//
// # What is undecided
//
// A verdict is [Undecided] where something that decides it could not be found
// out: an image whose registry did not answer, files that could not be read, a
// context that has ended, an image for another platform, a command in a volume or
// in a working directory that the image lacks, or one that is made of variables.
// Undecided is never success, and it is never dressed up as a failure of the node.
//
// # Nodes
//
// A [Node] names a Kubernetes release, a runtime and its release, an operating
// system and an architecture; [ParseNode] and [NodeOf] make one. Kubernetes 1.28
// to 1.37, containerd 1.6 to 2.4 and CRI-O 1.31 to 1.36 are known on Linux; on
// Windows the kubelet's check is. A release that is newer than those is taken for
// the newest, and the outcome says so. A [Matrix] starts a Pod on many nodes.
//
// How releases differ is data: the tables in kubelets.go, containerds.go and
// crios.go. A row holds from its release until that of the next row. To add a
// release that behaves otherwise, add a row with what is new and its source; to
// add one that does not, raise the table's newest release. No other code knows a
// release.
//
// # Hazards
//
// A container that starts may still surprise: a group that was dropped, a name
// that is uid 0, groups that come from the image. See [Hazard].
//
// # Texts
//
// Reasons and messages are a node's own. Where a message has what only one
// machine knows, it says <id> for an ID, <t> for a time, <n> for a number and
// <root> for a directory, as the recordings do that this package is tested with.
package simulate
