package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

// resource is one kind of objects, each of which carries a number, and the ways to set that number.
type resource struct {
	name      string
	namespace string
	create    func(ctx context.Context, name string, value int) error
	remove    func(ctx context.Context, name string) error
	ways      []way
}

type way struct {
	name string
	set  func(ctx context.Context, name string, value int) error
}

func (one resource) key(name string) string {
	if one.namespace == "" {
		return one.name + " " + name
	}
	return one.name + " " + one.namespace + "/" + name
}

func resourcesOf(config *rest.Config, client *kubernetes.Clientset, namespace string) []resource {
	return []resource{
		configMaps(client.CoreV1().ConfigMaps(namespace), namespace),
		pods(client.CoreV1().Pods(namespace), namespace),
		policyObjects(untyped(config)),
	}
}

const manager = "writer"

func configMaps(client typedcorev1.ConfigMapInterface, namespace string) resource {
	patch := func(kind types.PatchType, format string) func(context.Context, string, int) error {
		return func(ctx context.Context, name string, value int) error {
			_, err := client.Patch(ctx, name, kind, fmt.Appendf(nil, format, value), metav1.PatchOptions{})
			return err
		}
	}
	return resource{
		name:      "configmaps",
		namespace: namespace,
		create: func(ctx context.Context, name string, value int) error {
			data := map[string]string{"value": strconv.Itoa(value), "text": "ünï <&> \u2028 \"quoted\""}
			_, err := client.Create(ctx, configMap(namespace, name, data), metav1.CreateOptions{})
			return err
		},
		remove: func(ctx context.Context, name string) error { return client.Delete(ctx, name, metav1.DeleteOptions{}) },
		ways: []way{
			{"update", func(ctx context.Context, name string, value int) error {
				found, err := client.Get(ctx, name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				found.Data["value"] = strconv.Itoa(value)
				_, err = client.Update(ctx, found, metav1.UpdateOptions{})
				return err
			}},
			{"merge patch", patch(types.MergePatchType, `{"data":{"value":"%d"}}`)},
			{"JSON patch", patch(types.JSONPatchType, `[{"op":"replace","path":"/data/value","value":"%d"}]`)},
			{"apply", func(ctx context.Context, name string, value int) error {
				wanted := corev1apply.ConfigMap(name, namespace).WithData(map[string]string{"value": strconv.Itoa(value)})
				_, err := client.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: manager, Force: true})
				return err
			}},
		},
	}
}

func pods(client typedcorev1.PodInterface, namespace string) resource {
	return resource{
		name:      "pods",
		namespace: namespace,
		create: func(ctx context.Context, name string, value int) error {
			labels := map[string]string{"value": strconv.Itoa(value)}
			_, err := client.Create(ctx, pod(namespace, name, labels), metav1.CreateOptions{})
			return err
		},
		remove: func(ctx context.Context, name string) error {
			options := metav1.DeleteOptions{}
			// Every second one goes at once, the others as with a kubelet.
			if name[len(name)-1]%2 == 0 {
				options = *metav1.NewDeleteOptions(0)
			}
			return client.Delete(ctx, name, options)
		},
		ways: []way{
			{"strategic patch", func(ctx context.Context, name string, value int) error {
				body := fmt.Appendf(nil, `{"metadata":{"labels":{"value":"%d"}}}`, value)
				_, err := client.Patch(ctx, name, types.StrategicMergePatchType, body, metav1.PatchOptions{})
				return err
			}},
			{"update of both parts", func(ctx context.Context, name string, value int) error {
				return retry.RetryOnConflict(retry.DefaultRetry, func() error { return updateBoth(ctx, client, name, value) })
			}},
		},
	}
}

func updateBoth(ctx context.Context, client typedcorev1.PodInterface, name string, value int) error {
	found, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	found.Labels["value"] = strconv.Itoa(value)
	found, err = client.Update(ctx, found, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	found.Status.Phase = corev1.PodRunning
	found.Status.PodIP = fmt.Sprintf("10.1.%d.%d", value/250, value%250)
	found.Status.PodIPs = []corev1.PodIP{{IP: found.Status.PodIP}}
	started := metav1.Now()
	found.Status.StartTime = &started
	_, err = client.UpdateStatus(ctx, found, metav1.UpdateOptions{})
	return err
}

func policyObjects(client dynamic.ResourceInterface) resource {
	policy := func(name string, value int) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": policies.GroupVersion().String(),
			"kind":       "ClusterNetworkPolicy",
			"metadata":   map[string]any{"name": name},
			"spec": map[string]any{
				"priority":  int64(value),
				"tier":      "application",
				"appliedTo": []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": name}}}},
				"ingress": []any{map[string]any{
					"action": "Allow",
					"name":   "in",
					"ports":  []any{map[string]any{"protocol": "TCP", "port": int64(80)}},
				}},
			},
		}}
	}
	return resource{
		name: "clusternetworkpolicies",
		create: func(ctx context.Context, name string, value int) error {
			_, err := client.Create(ctx, policy(name, value), metav1.CreateOptions{})
			return err
		},
		remove: func(ctx context.Context, name string) error { return client.Delete(ctx, name, metav1.DeleteOptions{}) },
		ways: []way{
			{"update", func(ctx context.Context, name string, value int) error {
				found, err := client.Get(ctx, name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				if err := unstructured.SetNestedField(found.Object, int64(value), "spec", "priority"); err != nil {
					return err
				}
				_, err = client.Update(ctx, found, metav1.UpdateOptions{})
				return err
			}},
			{"merge patch", func(ctx context.Context, name string, value int) error {
				body := fmt.Appendf(nil, `{"spec":{"priority":%d}}`, value)
				_, err := client.Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{})
				return err
			}},
			{"apply", func(ctx context.Context, name string, value int) error {
				options := metav1.ApplyOptions{FieldManager: manager, Force: true}
				_, err := client.Apply(ctx, name, policy(name, value), options)
				return err
			}},
		},
	}
}
