// Package manifest reads the manifests that the example programs take.
package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// ReadPods reads the Pods of YAML or JSON files, by readFile. An error names the
// file and the document.
func ReadPods(files []string, readFile func(string) ([]byte, error)) ([]*corev1.Pod, error) {
	var pods []*corev1.Pod
	for _, file := range files {
		content, err := readFile(file)
		if err != nil {
			return nil, err
		}
		found, err := decodePods(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		pods = append(pods, found...)
	}
	return pods, nil
}

// decodePods reads each document of one file.
func decodePods(content []byte) ([]*corev1.Pod, error) {
	var pods []*corev1.Pod
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		pod, err := decodePod(document)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		if pod != nil {
			pods = append(pods, pod)
		}
	}
	if len(pods) == 0 {
		return nil, errors.New("there is no Pod")
	}
	return pods, nil
}

// decodePod decodes a document; one that is empty has no Pod.
func decodePod(document []byte) (*corev1.Pod, error) {
	var kind *metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return nil, err
	}
	if kind == nil {
		return nil, nil //nolint:nilnil // said above
	}
	if kind.APIVersion != "v1" || kind.Kind != "Pod" {
		return nil, fmt.Errorf("it is apiVersion %q, kind %q; these programs take Pods alone", kind.APIVersion, kind.Kind)
	}
	pod := &corev1.Pod{}
	return pod, yaml.UnmarshalStrict(document, pod)
}
