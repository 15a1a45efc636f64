package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strconv"
	"sync"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// write changes objects as it is told.
//
//	check NUMBER NAMESPACE   one of the checks; without a number there, the names of all
//	churn SEED COUNT WORKERS NAMESPACE   random changes; answers with what must be there afterwards
func write(ctx context.Context, config *rest.Config) error {
	client := typed(config, protobufThenJSON)
	say(map[string]string{"ready": "yes"})
	return commands(func(words []string) (any, error) {
		switch {
		case len(words) == 3 && words[0] == "check":
			return runCheck(ctx, config, client, words[1], words[2])
		case len(words) == 5 && words[0] == "churn":
			return churn(ctx, config, client, words[1:])
		}
		return nil, fmt.Errorf("not a command: %q", words)
	})
}

func runCheck(ctx context.Context, config *rest.Config, client *kubernetes.Clientset, number, namespace string) (any, error) {
	at, err := strconv.Atoi(number)
	if err != nil {
		names := []string{}
		for _, one := range checks {
			names = append(names, one.name)
		}
		return names, nil
	}
	if at < 0 || at >= len(checks) {
		return nil, fmt.Errorf("there is no check %d", at)
	}
	return map[string]string{"passed": checks[at].name}, checks[at].run(ctx, config, client, namespace)
}

type churned struct {
	// Resource and key to the number the object carries.
	Values map[string]int `json:"values"`
	// How often each kind of change was made.
	Changes map[string]int `json:"changes"`
}

func churn(ctx context.Context, config *rest.Config, client *kubernetes.Clientset, words []string) (any, error) {
	numbers := [3]int{}
	for at := range numbers {
		number, err := strconv.Atoi(words[at])
		if err != nil {
			return nil, err
		}
		numbers[at] = number
	}
	seed, count, workers := numbers[0], numbers[1], numbers[2]
	results := make([]churned, workers)
	failures := make([]error, workers)
	var group sync.WaitGroup
	for at := range workers {
		group.Go(func() {
			one := &worker{
				random:  rand.New(rand.NewSource(int64(seed*1000 + at))),
				prefix:  fmt.Sprintf("w%d-%d-", seed, at),
				changed: churned{Values: map[string]int{}, Changes: map[string]int{}},
			}
			one.resources = resourcesOf(config, client, words[3])
			failures[at] = one.work(ctx, count/workers)
			results[at] = one.changed
		})
	}
	group.Wait()
	all := churned{Values: map[string]int{}, Changes: map[string]int{}}
	for at, result := range results {
		if failures[at] != nil {
			return nil, failures[at]
		}
		maps.Copy(all.Values, result.Values)
		for change, times := range result.Changes {
			all.Changes[change] += times
		}
	}
	return all, nil
}

// worker changes objects whose names begin with its prefix, so that nobody else writes them.
type worker struct {
	random    *rand.Rand
	prefix    string
	made      int
	live      []string
	resources []resource
	changed   churned
}

func (one *worker) work(ctx context.Context, count int) error {
	for range count {
		if err := one.change(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (one *worker) change(ctx context.Context) error {
	kind := one.resources[one.random.Intn(len(one.resources))]
	value := one.random.Intn(9_000) + 1
	own := []string{}
	for _, name := range one.live {
		if _, found := one.changed.Values[kind.key(name)]; found {
			own = append(own, name)
		}
	}
	if len(own) == 0 || one.random.Intn(4) == 0 && len(own) < 40 {
		one.made++
		name := fmt.Sprintf("%s%d", one.prefix, one.made)
		if err := kind.create(ctx, name, value); err != nil {
			return fmt.Errorf("create %s: %w", kind.key(name), err)
		}
		one.live = append(one.live, name)
		one.changed.Values[kind.key(name)] = value
		one.changed.Changes[kind.name+" create"]++
		return nil
	}
	name := own[one.random.Intn(len(own))]
	if one.random.Intn(6) == 0 {
		if err := kind.remove(ctx, name); err != nil {
			return fmt.Errorf("delete %s: %w", kind.key(name), err)
		}
		delete(one.changed.Values, kind.key(name))
		one.live = slices.DeleteFunc(one.live, func(other string) bool { return other == name })
		one.changed.Changes[kind.name+" delete"]++
		return nil
	}
	way := kind.ways[one.random.Intn(len(kind.ways))]
	if err := way.set(ctx, name, value); err != nil {
		return fmt.Errorf("%s %s: %w", way.name, kind.key(name), err)
	}
	one.changed.Values[kind.key(name)] = value
	one.changed.Changes[kind.name+" "+way.name]++
	return nil
}
