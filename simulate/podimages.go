package simulate

import "github.com/drystart/drystart/imageconfig"

// podImages are the images that a Pod has met so far, and those that were on the
// node before it. They are few: they are found by looking at each.
type podImages struct {
	known []podImage
	room  [4]podImage // of known, for most Pods
	files imageFS     // see filesOf
}

// A podImage is what is known of one image.
type podImage struct {
	name    imageconfig.Name
	present bool // on the node
	asked   bool // so that there is an answer
	answer  answer
}

// An answer is what the image source said about one reference.
type answer struct {
	image *imageconfig.Image
	err   error
}

// newPodImages returns the images that are on the node before the Pod comes.
func newPodImages(present []string) *podImages {
	images := &podImages{}
	images.known = images.room[:0]
	for _, image := range present {
		if name, err := imageconfig.ParseName(image); err == nil {
			images.of(name).present = true
		}
	}
	return images
}

// of returns what is known of an image, until the next call.
func (p *podImages) of(name imageconfig.Name) *podImage {
	for i := range p.known {
		if p.known[i].name == name {
			return &p.known[i]
		}
	}
	p.known = append(p.known, podImage{name: name})
	return &p.known[len(p.known)-1]
}
