package engine

import (
	"crypto/sha256"
	"encoding/hex"
)

// drillTopic is the name of the topic that a drill restores a source topic into. Brokers take 249
// characters: of a longer name the end makes way for a hash of all of it.
func drillTopic(id, source string) string {
	name := id + "." + source
	if len(name) <= maxTopicName {
		return name
	}
	sum := sha256.Sum256([]byte(source))
	tail := "-" + hex.EncodeToString(sum[:8])
	return name[:maxTopicName-len(tail)] + tail
}
