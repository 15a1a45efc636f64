package main

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// sent is the label that tells when a change was sent, in milliseconds since 1970.
const sent = "bench/sent"

type informer struct {
	factory informers.SharedInformerFactory
	shared  cache.SharedIndexInformer
	added   chan struct{}

	mutex    sync.Mutex
	latency  []float64
	startCPU float64
	baseHeap uint64
}

func newInformer(config *rest.Config, trims bool) *informer {
	client := kubernetes.NewForConfigOrDie(config)
	factory := informers.NewSharedInformerFactory(client, 0)
	shared := factory.Core().V1().Pods().Informer()
	if trims {
		if err := shared.SetTransform(trim); err != nil {
			fail(err)
		}
	}
	it := &informer{factory: factory, shared: shared, added: make(chan struct{}, 1<<17)}
	if _, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { it.added <- struct{}{} },
		UpdateFunc: func(_, object any) { it.updated(object.(*corev1.Pod)) },
	}); err != nil {
		fail(err)
	}
	return it
}

// trim keeps what the adapter keeps of a pod.
func trim(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: pod.Labels, DeletionTimestamp: pod.DeletionTimestamp,
		},
		Spec: corev1.PodSpec{NodeName: pod.Spec.NodeName, HostNetwork: pod.Spec.HostNetwork},
		Status: corev1.PodStatus{
			Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, PodIPs: pod.Status.PodIPs,
			Conditions: pod.Status.Conditions, Message: pod.Status.Message, Reason: pod.Status.Reason,
		},
	}, nil
}

// sync starts the informer, and answers when its handler has been told of so many pods.
func (it *informer) sync(ctx context.Context, count int) (any, error) {
	it.baseHeap = heap()
	bytes, cpu, started := bytesRead(), cpuMs(), time.Now()
	it.factory.Start(ctx.Done())
	for range count {
		<-it.added
	}
	elapsed := time.Since(started)
	answer := map[string]any{
		"ms": float64(elapsed.Microseconds()) / 1000, "bytes": bytesRead() - bytes, "cpuMs": cpuMs() - cpu,
		"peakRssBytes": peakRSS(), "stallMs": nil,
	}
	answer["heapBytes"] = int64(heap()) - int64(it.baseHeap)
	runtime.KeepAlive(it.shared)
	return answer, nil
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func (it *informer) updated(pod *corev1.Pod) {
	wanted, err := strconv.ParseInt(pod.Labels[sent], 10, 64)
	if err != nil {
		return
	}
	it.mutex.Lock()
	it.latency = append(it.latency, float64(time.Now().UnixMicro())/1000-float64(wanted))
	it.mutex.Unlock()
}

// window begins to count changes.
func (it *informer) window() any {
	it.mutex.Lock()
	defer it.mutex.Unlock()
	it.latency = nil
	it.startCPU = cpuMs()
	return map[string]any{}
}

func (it *informer) end() any {
	it.mutex.Lock()
	defer it.mutex.Unlock()
	slices.Sort(it.latency)
	at := func(share float64) float64 {
		if len(it.latency) == 0 {
			return -1
		}
		return it.latency[min(len(it.latency)-1, int(share*float64(len(it.latency))))]
	}
	return map[string]any{
		"events": len(it.latency), "p50Ms": at(0.5), "p99Ms": at(0.99), "maxMs": at(1), "cpuMs": cpuMs() - it.startCPU,
	}
}
