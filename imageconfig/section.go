package imageconfig

import "errors"

var errNoSection = errors.New("the store gives no parts of blobs")
