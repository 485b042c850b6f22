package engine

import (
	"context"
	"fmt"
)

// Refused is a job that could not begin: its configuration cannot be used, a cluster is out of reach.
// It ends at once with err, so that a face shows it as it shows every other job, with a summary last.
// Of several joined errors each is a fact of its own.
func Refused(ctx context.Context, kind string, env Env, err error) *Job {
	return start(ctx, kind, env, func(_ context.Context, j *Job) (Summary, error) {
		parts := joined(err)
		if len(parts) < 2 {
			return Summary{}, err
		}
		for _, part := range parts {
			j.Error(part)
		}
		return Summary{}, &Problem{Exit: ExitCode(err), Err: fmt.Errorf("the %s cannot begin for %d reasons", kind, len(parts))}
	})
}

// joined takes an error apart that errors.Join made, also one inside a Problem.
func joined(err error) []error {
	if p, ok := err.(*Problem); ok {
		err = p.Err
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}
