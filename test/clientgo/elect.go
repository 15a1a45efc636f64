package main

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	leaseDuration = 3 * time.Second
	renewDeadline = 2 * time.Second
	retryPeriod   = 300 * time.Millisecond
)

// elect takes part in the election of the Lease NAMESPACE/NAME and says what becomes of it. Any command gives the lease
// back, and so does the end of standard input; of a process that is killed the lease runs out.
func elect(ctx context.Context, cancel func(), config *rest.Config, lease, identity string) error {
	namespace, name, _ := strings.Cut(lease, "/")
	client := typed(config, protobufThenJSON)
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
	}
	tell := func(event, who string) { say(map[string]string{"event": event, "who": who}) }
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   leaseDuration,
		RenewDeadline:   renewDeadline,
		RetryPeriod:     retryPeriod,
		ReleaseOnCancel: true,
		Name:            name,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { tell("leads", identity) },
			OnStoppedLeading: func() { tell("stopped", identity) },
			OnNewLeader:      func(who string) { tell("sees", who) },
		},
	})
	if err != nil {
		return err
	}
	go func() {
		_ = commands(func([]string) (any, error) {
			cancel()
			return map[string]string{"event": "resigns", "who": identity}, nil
		})
		cancel()
	}()
	elector.Run(ctx)
	return nil
}
