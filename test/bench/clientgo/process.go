package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// bytesRead is what the process has read so far, from sockets for nearly all of it.
func bytesRead() int64 { return field("/proc/self/io", "rchar:") }

// peakRSS is the highest resident set so far, in bytes.
func peakRSS() int64 { return field("/proc/self/status", "VmHWM:") * 1024 }

func field(file, name string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		fail(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, name) {
			var value int64
			if _, err := fmt.Sscan(strings.TrimPrefix(line, name), &value); err != nil {
				fail(err)
			}
			return value
		}
	}
	fail(fmt.Errorf("%s has no %s", file, name))
	return 0
}

func cpuMs() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	ms := func(t syscall.Timeval) float64 { return float64(t.Sec)*1000 + float64(t.Usec)/1000 }
	return ms(usage.Utime) + ms(usage.Stime)
}
