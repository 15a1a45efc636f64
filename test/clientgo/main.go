// Client-go as its users run it, against the API server a kubeconfig names. Each line on standard input is a command,
// each line on standard output an answer in JSON. It ends when standard input does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/klog/v2"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: %s informers|write|elect KUBECONFIG [ARGUMENT ...]", os.Args[0]))
	}
	klog.LogToStderr(true)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	config := load(os.Args[2])
	var err error
	switch os.Args[1] {
	case "informers":
		err = inform(ctx, config)
	case "write":
		err = write(ctx, config)
	case "elect":
		err = elect(ctx, cancel, config, os.Args[3], os.Args[4])
	default:
		err = fmt.Errorf("unknown part %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
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
	if _, err := fmt.Fprintf(os.Stdout, "%s\n", line); err != nil {
		fail(err)
	}
}

// commands answers each line of standard input with what do makes of its words, until there are no more.
func commands(do func(words []string) (any, error)) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := do(strings.Fields(lines.Text()))
		if err != nil {
			say(map[string]string{"error": err.Error()})
			continue
		}
		say(answer)
	}
	return lines.Err()
}
