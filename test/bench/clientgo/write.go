package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// namespace is where objects are changed and created.
const namespace = "bench"

// atOnce runs a function for each number below count, so many at a time.
func atOnce(width, count int, do func(at int) error) error {
	numbers := make(chan int, count)
	for at := range count {
		numbers <- at
	}
	close(numbers)
	errors := make(chan error, width)
	var group sync.WaitGroup
	for range width {
		group.Go(func() {
			for at := range numbers {
				if err := do(at); err != nil {
					errors <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errors)
	return <-errors
}

// churn changes a label of one pod after the other, at so many changes a second.
func churn(ctx context.Context, config *rest.Config, objects, rate, seconds int) (any, error) {
	client := kubernetes.NewForConfigOrDie(config)
	started := time.Now()
	count := rate * seconds
	err := atOnce(64, count, func(at int) error {
		when := started.Add(time.Duration(at) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(when))
		patch := fmt.Sprintf(`{"metadata":{"labels":{"%s":"%d"}}}`, sent, time.Now().UnixMilli())
		_, err := client.CoreV1().Pods(namespace).Patch(ctx, fmt.Sprintf("plain-%d", at%objects),
			types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"count": count, "perSecond": float64(count) / time.Since(started).Seconds()}, nil
}

// create makes so many network policies, so many at a time.
func create(ctx context.Context, config *rest.Config, count, width int) (any, error) {
	policies := kubernetes.NewForConfigOrDie(config).NetworkingV1().NetworkPolicies(namespace)
	cpu, started := cpuMs(), time.Now()
	err := atOnce(width, count, func(at int) error {
		_, err := policies.Create(ctx, policy(at), metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ms": float64(time.Since(started).Microseconds()) / 1000, "cpuMs": cpuMs() - cpu}, nil
}

func policy(at int) *networkingv1.NetworkPolicy {
	labels := map[string]string{"app": fmt.Sprintf("app-%d", at%50)}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("policy-%d", at)},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: labels},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: labels}}},
			}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		},
	}
}
