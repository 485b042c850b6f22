// The kafkacluster command starts a real three-node Kafka on loopback, runs a program that may use it,
// and ends the cluster again, whatever happens to the program or to kafkacluster itself.
//
//	kafkacluster -- go test -tags full ./...
//
// The program finds the cluster through the environment variable KUSTODY_TEST_KAFKA, as the tests of
// this project do. Its exit code is passed on. Without a program, kafkacluster prints the line that a
// shell needs and waits to be interrupted. Where Java or Maven is missing the program runs without a
// cluster, said on standard error; in CI (CI is not empty) that is a failure.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"kustody/kafka/kafkatest"
)

// graceful is how long the program may take to end after a signal was passed on to it.
const graceful = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kafkacluster:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		return 2, fmt.Errorf("unknown flag %s; usage: kafkacluster [-- program argument…]", args[0])
	}
	if names := kafkatest.Missing(); len(names) > 0 && len(args) > 0 && os.Getenv("CI") == "" {
		fmt.Fprintf(os.Stderr, "kafkacluster: LEFT OUT: no real Kafka, since %s cannot be found\n", strings.Join(names, " and "))
		return execute(ctx, args, nil)
	}
	began := time.Now()
	cluster, err := kafkatest.Launch(ctx, kafkatest.Options{})
	if err != nil {
		return 1, err
	}
	defer func() {
		if downErr := cluster.Shutdown(); downErr != nil {
			code, err = max(code, 1), errors.Join(err, downErr)
		}
	}()
	fmt.Fprintf(os.Stderr, "kafkacluster: Kafka %s is up after %.1f s: %s\n", kafkatest.Version, time.Since(began).Seconds(), cluster.Bootstrap())
	env := kafkatest.StateEnv + "=" + cluster.StateFile()
	if len(args) == 0 {
		fmt.Printf("export %s\n", env)
		<-ctx.Done()
		return 0, nil
	}
	return execute(ctx, args, []string{env})
}

// execute runs the program with an empty standard input and returns its exit code. It gets a process
// group of its own: a signal that ends ctx is passed on to all of it as SIGTERM, since a "go test" that
// is told to end leaves its test programs running.
func execute(ctx context.Context, args, env []string) (int, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = graceful
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 130, fmt.Errorf("interrupted while %s ran", args[0])
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil // a program that was killed has code -1
	case err != nil:
		return 1, fmt.Errorf("run %s: %w", args[0], err)
	}
	return 0, nil
}
