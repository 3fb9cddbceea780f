package identity_test

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// spoil changes all that a securityContext points to.
func spoil(context *corev1.SecurityContext) { spoilValue(reflect.ValueOf(context).Elem()) }

func spoilValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoilValue(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			spoilValue(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoilValue(v.Index(i))
		}
	case reflect.String:
		v.SetString(v.String() + " spoiled")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		panic("no way to spoil a " + v.Kind().String())
	}
}

func TestSpoil(t *testing.T) {
	// A spoil that leaves something would hide shared memory.
	context := fullContainer()
	spoil(context)
	untouched := fullContainer()
	same(t, untouched.Privileged, new(!*context.Privileged))
	same(t, *untouched.RunAsUser+1, *context.RunAsUser)
	same(t, untouched.Capabilities.Add[0]+" spoiled", context.Capabilities.Add[0])
	same(t, untouched.SELinuxOptions.Level+" spoiled", context.SELinuxOptions.Level)
	same(t, *untouched.WindowsOptions.RunAsUserName+" spoiled", *context.WindowsOptions.RunAsUserName)
}
