package archive

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"kustody/kafka"
)

// isSidecar tells a sidecar from a segment and from signatures.
func isSidecar(key string) bool { return strings.HasSuffix(key, ".json") }

// adopt reads the sidecars of one run among keys. A sidecar that does not verify is no checkpoint of
// ours: that is an error, never a silent skip, since skipping would leave a planted object unspoken.
func (a *Archive) adopt(ctx context.Context, keys []string, run string, id kafka.TopicID, partition int32, deep bool) ([]Sidecar, []Held, error) {
	type found struct {
		side Sidecar
		held Held
	}
	var all []found
	for _, key := range keys {
		d, err := get[Sidecar](ctx, a, key, KindSidecar)
		if err != nil {
			return nil, nil, err
		}
		s := d.Doc
		if s.RunID != run {
			continue
		}
		if s.BackupID != a.BackupID || s.TopicID != id || s.Partition != partition || SidecarKey(s.Key) != key {
			return nil, nil, broken(key, "speaks of %s of %s, partition %d", s.Key, s.BackupID, s.Partition)
		}
		all = append(all, found{*s, Held{Segment: s.Segment, SidecarSHA256: d.SHA256, RunID: run}})
	}
	slices.SortFunc(all, func(x, y found) int { return cmp.Compare(x.side.Sequence, y.side.Sequence) })
	var sides []Sidecar
	var held []Held
	for i, f := range all {
		if f.side.Sequence != i {
			return nil, nil, broken(SidecarKey(f.side.Key), "is number %d of its partition, and number %d is missing", f.side.Sequence, i)
		}
		if err := a.VerifySegment(ctx, f.held.Segment, deep); err != nil {
			return nil, nil, err
		}
		sides, held = append(sides, f.side), append(held, f.held)
	}
	return sides, held, nil
}

// missing says that an error means "not there".
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
