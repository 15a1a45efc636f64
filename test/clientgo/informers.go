package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

type followed struct {
	informer cache.SharedIndexInformer
	added    atomic.Int64
	updated  atomic.Int64
	deleted  atomic.Int64
	// Handlers were told of an object that is not newer than what they had been told before.
	stale atomic.Int64
}

// inform follows pods and configmaps with typed informers and policies with a dynamic one.
//
//	store RESOURCE   every object of the informer's store
//	versions RESOURCE   name to resourceVersion
//	counts RESOURCE   what its handlers were told
func inform(ctx context.Context, config *rest.Config) error {
	typedOnes := informers.NewSharedInformerFactory(typed(config, protobufThenJSON), 0)
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	dynamicOnes := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	all := map[string]*followed{
		"pods":                   {informer: typedOnes.Core().V1().Pods().Informer()},
		"configmaps":             {informer: typedOnes.Core().V1().ConfigMaps().Informer()},
		"clusternetworkpolicies": {informer: dynamicOnes.ForResource(policies).Informer()},
	}
	for _, one := range all {
		if err := one.count(); err != nil {
			return err
		}
	}
	started := time.Now()
	typedOnes.Start(ctx.Done())
	dynamicOnes.Start(ctx.Done())
	typedOnes.WaitForCacheSync(ctx.Done())
	dynamicOnes.WaitForCacheSync(ctx.Done())
	say(map[string]any{"syncedMs": time.Since(started).Milliseconds()})
	return commands(func(words []string) (any, error) {
		one, known := all[words[len(words)-1]]
		if !known || len(words) != 2 {
			return nil, fmt.Errorf("not a command: %q", words)
		}
		switch words[0] {
		case "store":
			return one.informer.GetStore().List(), nil
		case "versions":
			return versions(one.informer.GetStore().List())
		case "counts":
			return one.counts(), nil
		}
		return nil, fmt.Errorf("not a command: %q", words)
	})
}

func versions(objects []any) (map[string]string, error) {
	found := map[string]string{}
	for _, object := range objects {
		accessor, err := meta.Accessor(object)
		if err != nil {
			return nil, err
		}
		key, err := cache.MetaNamespaceKeyFunc(object)
		if err != nil {
			return nil, err
		}
		found[key] = accessor.GetResourceVersion()
	}
	return found, nil
}

func (one *followed) count() error {
	_, err := one.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { one.added.Add(1) },
		UpdateFunc: func(before, after any) {
			one.updated.Add(1)
			old, errOld := meta.Accessor(before)
			now, errNow := meta.Accessor(after)
			if errOld != nil || errNow != nil || compareVersions(old.GetResourceVersion(), now.GetResourceVersion()) > 0 {
				one.stale.Add(1)
			}
		},
		DeleteFunc: func(any) { one.deleted.Add(1) },
	})
	return err
}

func compareVersions(one, other string) int {
	if len(one) != len(other) {
		return len(one) - len(other)
	}
	switch {
	case one < other:
		return -1
	case one > other:
		return 1
	}
	return 0
}

func (one *followed) counts() map[string]int64 {
	return map[string]int64{
		"added":   one.added.Load(),
		"updated": one.updated.Load(),
		"deleted": one.deleted.Load(),
		"stale":   one.stale.Load(),
	}
}
