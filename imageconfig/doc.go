// Package imageconfig says what a container image is to the node that starts
// it: its OCI config and its files.
//
// A [Source] finds images by name. There is one for registries ([Registry]), for
// an OCI layout ([Layout]), for what docker save and its like write ([Archive]),
// for a Docker daemon or Podman ([Daemon]), for what containerd keeps on a node
// ([ContentStore]), for a lock file ([Lock]), for images in memory ([Map]), for
// anything else ([SourceFunc]), and one that asks others in turn ([Chain]).
// [FromV1] and [FromIndex] take what ko and go-containerregistry build. No source
// knows a Pod.
//
// # What is read, and when
//
// Finding an image reads its manifest and its config. The layers are read when
// [Image.Files] is used, from the top down, and only as far as the question
// asked needs them. Each layer is read once for its names and its small account
// files; opening another file reads its layer once more. What is read is checked
// against the digests that the manifest and the config promise. Only a [Daemon]
// gives all layers or none, and is believed about the config. Reading streams:
// what is held in memory are names, not content. Layers are uncompressed, gzip or
// zstd, whatever their media type says.
//
// Of an eStargz or a zstd:chunked layer only its table of contents and the files
// that are opened are read, if the manifest promises the table's digest and parts
// of a blob can be had. The table is then what the manifest promises, and a file
// what the table promises; that the table tells the truth about the layer is not
// checked, nor is the diffID. A node that knows nothing of such tables unpacks the
// layer instead: an image that lies in its table is another one there. A table
// that cannot be used is done without: then the whole layer is read, and checked.
//
// # Registries
//
// A [Registry] asks for what decides and for nothing else, and for each thing
// once: see there what a look-up costs. What it has read it may keep in a [Cache].
// Which servers it asks, its [Endpoints] say: the registry itself, or what
// containerd ([HostsTOML]) or CRI-O ([RegistriesConf]) are told of mirrors, CAs
// and plain HTTP. That an image does not exist is certain only where each of them
// says so. Everything ends with the context.
//
// # Credentials
//
// A [Registry] has a keychain: that of docker login, explicit [Credentials], or
// any other. What a look-up has besides, such as what a Pod's pull secrets hold,
// comes with its context: see [WithCredentials]. No credential is part of an
// error.
//
// # What the files are
//
// The files of an image are what a node's overlay shows: later layers over
// earlier ones, whiteouts and opaque directories applied, hard links resolved
// within their layer. Each layer is unpacked as containerd does: a link among an
// entry's directories is followed inside of that layer.
//
// # Locks
//
// A [Lock] is what others said before: for each reference and platform the
// digests, the USER, the command, PATH and the working directory, and each path
// that was looked at, with what stood there or that nothing did. A [Recorder]
// makes it, people commit it, and [ReadLock] reads it without a network. It
// answers what was asked when it was made. Anything else is [ErrNotHeld] or
// [ErrNotLocked], so that what depends on it is undecided; so is what could not
// be found out when it was made.
//
// # Errors
//
// What a source cannot answer it says with an [*Error] whose kind errors.Is
// tells apart: the registry has no such image ([ErrNotFound]), wants other
// credentials ([ErrUnauthorized]); the registry or the daemon did not answer
// ([ErrUnreachable]); the source does not hold the image ([ErrNotHeld]); the
// image has nothing for the platform ([ErrNoPlatform]); what came is not an
// image, or not the one that was promised ([ErrInvalid]). A [*NodeError] is
// different: it states what the node met.
//
// # Limits
//
// What would take a node's time or memory is [ErrInvalid]: manifests and configs
// above 8 MiB, more than four indexes before an image, archives with more than
// 65536 files, layers with more than a million entries or 64 MiB of names, and
// layers that unpack to more than 200 times their size, if that is more than
// 1 GiB; of the images of [FromV1], which are the caller's own, the last is not
// asked, and what a [Daemon] saves of an image is limited as one layer is. So are
// entries that leave the image's root, links above 4095 bytes, zstd streams that
// refer back more than 128 MiB, and digests other than SHA-256.
package imageconfig
