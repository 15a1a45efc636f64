// Client-go as its users run it, measured: an informer of pods, changes at a steady pace, objects created. Each line on
// standard input is a command, each line on standard output an answer in JSON; it ends when standard input does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: %s informer|write KUBECONFIG [trim]", os.Args[0]))
	}
	klog.LogToStderr(true)
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[2])
	if err != nil {
		fail(err)
	}
	// Without it client-go keeps itself to 5 requests a second.
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	do := commandsOf(config)
	say(map[string]any{"ready": true})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := do(strings.Fields(lines.Text()))
		if err != nil {
			fail(err)
		}
		say(answer)
	}
}

func commandsOf(config *rest.Config) func(words []string) (any, error) {
	ctx := context.Background()
	if os.Args[1] == "informer" {
		informer := newInformer(config, len(os.Args) > 3 && os.Args[3] == "trim")
		return func(words []string) (any, error) {
			switch words[0] {
			case "sync":
				return informer.sync(ctx, number(words[1]))
			case "window":
				return informer.window(), nil
			case "end":
				return informer.end(), nil
			}
			return nil, fmt.Errorf("unknown command %q", words[0])
		}
	}
	return func(words []string) (any, error) {
		switch words[0] {
		case "churn":
			return churn(ctx, config, number(words[1]), number(words[2]), number(words[3]))
		case "create":
			return create(ctx, config, number(words[1]), number(words[2]))
		}
		return nil, fmt.Errorf("unknown command %q", words[0])
	}
}

func number(word string) int {
	value, err := strconv.Atoi(word)
	if err != nil {
		fail(err)
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func say(answer any) {
	line, err := json.Marshal(answer)
	if err != nil {
		fail(err)
	}
	fmt.Fprintf(os.Stdout, "%s\n", line)
}
