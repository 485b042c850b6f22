package archive

import (
	"context"
	"strings"
	"time"

	"kustody/evidence"
	"kustody/kafka"
)

// KindTeardown is the "kind" of teardown.json.
const KindTeardown = "teardown"

// drillPrefix begins the id of every drill.
const drillPrefix = "drill-"

// NewDrillID makes an id for a drill: that of a restore, and told from one.
func NewDrillID(now time.Time) string { return drillPrefix + NewRestoreID(now) }

// IsDrillID says whether an id has the form of a drill's. People may name a restore so too: only its
// journal says whether it was a drill.
func IsDrillID(id string) bool { return strings.HasPrefix(id, drillPrefix) }

// TeardownKey is where the record of a drill's end lies.
func TeardownKey(restore string) string { return restoresDir + restore + "/teardown.json" }

// Teardown is teardown.json: the topics that a drill made are gone, or were kept on purpose. A drill
// without it left topics behind, which the next one deletes.
type Teardown struct {
	Format    int         `json:"format"`
	Kind      string      `json:"kind"`
	BackupID  string      `json:"backup_id"`
	RestoreID string      `json:"restore_id"`
	CreatedAt time.Time   `json:"created_at"`
	CreatedBy string      `json:"created_by"`
	Tool      Tool        `json:"tool"`
	Kept      bool        `json:"kept"`  // nothing was deleted: the topics were asked to stay
	Swept     bool        `json:"swept"` // by a later drill: the one that made the topics had died
	Topics    []TornTopic `json:"topics"`
}

// TornTopic is one topic of a drill that is gone, or kept.
type TornTopic struct {
	Topic   string        `json:"topic"`
	TopicID kafka.TopicID `json:"topic_id"`
}

// PutTeardown stores the record of a drill's end.
func (a *Archive) PutTeardown(ctx context.Context, t *Teardown) (evidence.File, error) {
	t.Format, t.Kind, t.BackupID = Format, KindTeardown, a.BackupID
	return put(ctx, a, TeardownKey(t.RestoreID), t)
}

// Teardown reads the record of a drill's end; fs.ErrNotExist if there is none.
func (a *Archive) Teardown(ctx context.Context, restore string) (Document[Teardown], error) {
	d, err := restoreDoc[Teardown](ctx, a, restore, TeardownKey, KindTeardown)
	if err == nil {
		err = a.belongs(d.Key, d.Doc.BackupID, d.Doc.RestoreID, restore)
	}
	return d, err
}

// gone says whether the topics of a restore were torn down after it.
func (a *Archive) gone(ctx context.Context, r Restore) (bool, error) {
	if !r.TornDown {
		return false, nil
	}
	d, err := a.Teardown(ctx, r.ID)
	return err == nil && !d.Doc.Kept, err
}
