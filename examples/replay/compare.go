package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A difference is one field that was recorded otherwise than it was simulated.
type difference struct {
	field, want, got string
}

// nothing stands for a field that is not there.
const nothing = "nothing"

// compare returns the fields in which two JSON values differ. A field that only
// one of them has is a difference.
func compare(field string, want, got any) []difference {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return compareObjects(field, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok {
			return compareArrays(field, want, got)
		}
	default:
		if want == got {
			return nil
		}
	}
	return []difference{{field, text(want), text(got)}}
}

func compareObjects(field string, want, got map[string]any) (differences []difference) {
	names := slices.Sorted(maps.Keys(want))
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		at := name
		if field != "" {
			at = field + "." + name
		}
		w, inWant := want[name]
		g, inGot := got[name]
		switch {
		case !inWant:
			differences = append(differences, difference{at, nothing, text(g)})
		case !inGot:
			differences = append(differences, difference{at, text(w), nothing})
		default:
			differences = append(differences, compare(at, w, g)...)
		}
	}
	return differences
}

func compareArrays(field string, want, got []any) (differences []difference) {
	for i := range max(len(want), len(got)) {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case i >= len(want):
			differences = append(differences, difference{at, nothing, text(got[i])})
		case i >= len(got):
			differences = append(differences, difference{at, text(want[i]), nothing})
		default:
			differences = append(differences, compare(at, want[i], got[i])...)
		}
	}
	return differences
}

// text returns a value as JSON.
func text(value any) string {
	content, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(content)
}
