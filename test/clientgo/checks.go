package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
)

type check struct {
	name string
	run  func(ctx context.Context, config *rest.Config, client *kubernetes.Clientset, namespace string) error
}

var checks = []check{
	{"errors have the types client-go tells apart", checkErrors},
	{"a writer with an old version is refused", checkConflict},
	{"three kinds of patches, and status apart", checkPatches},
	{"server-side apply: ownership, conflict, force, extraction", checkApply},
	{"preconditions and collections of deletes", checkDeletes},
	{"pages of a list are of one moment", checkPages},
	{"protobuf alone is answered, with the same objects as JSON", checkMediaTypes},
}

func configMap(namespace, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
}

func pod(namespace, name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec: corev1.PodSpec{
			NodeName:   "node-1",
			Containers: []corev1.Container{{Name: "main", Image: "registry.example/app:1"}},
		},
	}
}

// is fails unless the error is there and of the kind.
func is(what string, err error, kind func(error) bool) error {
	if err == nil {
		return fmt.Errorf("%s: was not refused", what)
	}
	if !kind(err) {
		return fmt.Errorf("%s: refused with %q (%s)", what, err, apierrors.ReasonForError(err))
	}
	return nil
}

func want(what string, found, wanted any) error {
	if fmt.Sprint(found) != fmt.Sprint(wanted) {
		return fmt.Errorf("%s: %v in place of %v", what, found, wanted)
	}
	return nil
}

func checkErrors(ctx context.Context, _ *rest.Config, client *kubernetes.Clientset, namespace string) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	_, missing := maps.Get(ctx, "nobody", metav1.GetOptions{})
	if _, err := maps.Create(ctx, configMap(namespace, "twice", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	_, twice := maps.Create(ctx, configMap(namespace, "twice", nil), metav1.CreateOptions{})
	_, invalid := maps.Create(ctx, configMap(namespace, "Not_A_Name", nil), metav1.CreateOptions{})
	_, nowhere := client.CoreV1().ConfigMaps("no-such-namespace").
		Create(ctx, configMap("no-such-namespace", "one", nil), metav1.CreateOptions{})
	return errors.Join(
		is("get", missing, apierrors.IsNotFound),
		is("create again", twice, apierrors.IsAlreadyExists),
		is("create with a wrong name", invalid, apierrors.IsInvalid),
		is("create in a namespace that is not there", nowhere, apierrors.IsNotFound),
	)
}

func checkConflict(ctx context.Context, _ *rest.Config, client *kubernetes.Clientset, namespace string) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	first, err := maps.Create(ctx, configMap(namespace, "raced", nil), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	second := first.DeepCopy()
	second.Data = map[string]string{"a": "second"}
	if _, err := maps.Update(ctx, second, metav1.UpdateOptions{}); err != nil {
		return err
	}
	first.Data = map[string]string{"a": "first"}
	_, late := maps.Update(ctx, first, metav1.UpdateOptions{})
	now, err := maps.Get(ctx, "raced", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return errors.Join(is("update", late, apierrors.IsConflict), want("data", now.Data, second.Data))
}

func checkPatches(ctx context.Context, _ *rest.Config, client *kubernetes.Clientset, namespace string) error {
	pods := client.CoreV1().Pods(namespace)
	if _, err := pods.Create(ctx, pod(namespace, "patched", map[string]string{"a": "b"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	patch := func(kind types.PatchType, body string, subresources ...string) error {
		_, err := pods.Patch(ctx, "patched", kind, []byte(body), metav1.PatchOptions{}, subresources...)
		return err
	}
	err := errors.Join(
		patch(types.StrategicMergePatchType, `{"spec":{"containers":[{"name":"main","image":"registry.example/app:2"}]}}`),
		patch(types.MergePatchType, `{"metadata":{"labels":{"a":null,"c":"d"}},"status":{"phase":"Failed"}}`),
		patch(types.JSONPatchType, `[{"op":"test","path":"/metadata/labels/c","value":"d"},{"op":"add","path":"/metadata/annotations","value":{"e":"f"}}]`),
		patch(types.StrategicMergePatchType, `{"status":{"podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True"}]},"metadata":{"labels":{"c":"x"}}}`, "status"),
	)
	if err != nil {
		return err
	}
	found, err := pods.Get(ctx, "patched", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return errors.Join(
		want("containers", len(found.Spec.Containers), 1),
		want("image", found.Spec.Containers[0].Image, "registry.example/app:2"),
		want("restart policy", found.Spec.RestartPolicy, corev1.RestartPolicyAlways),
		want("annotations", found.Annotations, map[string]string{"e": "f"}),
		want("phase", found.Status.Phase, corev1.PodPending),
		want("address", found.Status.PodIP, "10.0.0.1"),
		want("conditions", len(found.Status.Conditions), 1),
	)
}

func checkApply(ctx context.Context, _ *rest.Config, client *kubernetes.Clientset, namespace string) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	one := corev1apply.ConfigMap("applied", namespace).WithData(map[string]string{"a": "1", "b": "1"})
	two := corev1apply.ConfigMap("applied", namespace).WithData(map[string]string{"b": "2", "c": "2"})
	if _, err := maps.Apply(ctx, one, metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, refused := maps.Apply(ctx, two, metav1.ApplyOptions{FieldManager: "two"})
	both, err := maps.Apply(ctx, two, metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	ofOne, errOne := corev1apply.ExtractConfigMap(both, "one")
	ofTwo, errTwo := corev1apply.ExtractConfigMap(both, "two")
	if err := errors.Join(errOne, errTwo); err != nil {
		return err
	}
	again, err := maps.Apply(ctx, ofTwo, metav1.ApplyOptions{FieldManager: "two"})
	if err != nil {
		return err
	}
	// What its only owner leaves out goes.
	less, err := maps.Apply(ctx, corev1apply.ConfigMap("applied", namespace), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	return errors.Join(
		is("apply of another's field", refused, apierrors.IsConflict),
		want("both", both.Data, map[string]string{"a": "1", "b": "2", "c": "2"}),
		want("of one", ofOne.Data, map[string]string{"a": "1"}),
		want("of two", ofTwo.Data, map[string]string{"b": "2", "c": "2"}),
		want("version after nothing changed", again.ResourceVersion, both.ResourceVersion),
		want("what is left", less.Data, map[string]string{"b": "2", "c": "2"}),
	)
}

func checkDeletes(ctx context.Context, _ *rest.Config, client *kubernetes.Clientset, namespace string) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	for number := range 5 {
		made := configMap(namespace, fmt.Sprintf("gone-%d", number), nil)
		made.Labels = map[string]string{"gone": fmt.Sprint(number % 2)}
		if _, err := maps.Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	other := types.UID("another")
	refused := maps.Delete(ctx, "gone-0", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	if err := maps.Delete(ctx, "gone-0", metav1.DeleteOptions{}); err != nil {
		return err
	}
	again := maps.Delete(ctx, "gone-0", metav1.DeleteOptions{})
	selected := metav1.ListOptions{LabelSelector: "gone=1"}
	if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, selected); err != nil {
		return err
	}
	left, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "gone"})
	if err != nil {
		return err
	}
	names := []string{}
	for _, item := range left.Items {
		names = append(names, item.Name)
	}
	return errors.Join(
		is("delete of another uid", refused, apierrors.IsConflict),
		is("delete again", again, apierrors.IsNotFound),
		want("left", names, []string{"gone-2", "gone-4"}),
	)
}

func checkPages(ctx context.Context, _ *rest.Config, client *kubernetes.Clientset, namespace string) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	for number := range 25 {
		made := configMap(namespace, fmt.Sprintf("page-%02d", number), nil)
		made.Labels = map[string]string{"page": "yes"}
		if _, err := maps.Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	pages, names := 0, []string{}
	list := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		pages++
		if pages == 2 {
			// After the first page: the list is of the moment before.
			if err := maps.Delete(ctx, "page-20", metav1.DeleteOptions{}); err != nil {
				return nil, err
			}
		}
		return maps.List(ctx, options)
	})
	list.PageSize = 7
	list.PageBufferSize = 0
	err := list.EachListItem(ctx, metav1.ListOptions{LabelSelector: "page=yes"}, func(object runtime.Object) error {
		names = append(names, object.(*corev1.ConfigMap).Name)
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(want("pages", pages, 4), want("items", len(names), 25), want("one of them", names[20], "page-20"))
}

func checkMediaTypes(ctx context.Context, config *rest.Config, _ *kubernetes.Clientset, namespace string) error {
	list := func(accept string) ([]corev1.Namespace, error) {
		found, err := typed(config, accept).CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		return found.Items, nil
	}
	inProtobuf, err := list(runtime.ContentTypeProtobuf)
	if err != nil {
		return err
	}
	inJSON, err := list(runtime.ContentTypeJSON)
	if err != nil {
		return err
	}
	if len(inProtobuf) == 0 || !equality.Semantic.DeepEqual(inProtobuf, inJSON) {
		return fmt.Errorf("as protobuf %v, as JSON %v", inProtobuf, inJSON)
	}
	_, absent := typed(config, runtime.ContentTypeProtobuf).CoreV1().ConfigMaps(namespace).Get(ctx, "absent", metav1.GetOptions{})
	return is("what is absent", absent, apierrors.IsNotFound)
}
