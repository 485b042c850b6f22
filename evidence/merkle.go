package evidence

import (
	"crypto/sha256"
	"hash"
	"math/bits"
)

// Hash is one SHA-256 value.
type Hash = [sha256.Size]byte

// Tree computes the Merkle tree hash of RFC 6962 (2.1) over leaves that arrive one after the other.
// It holds one hash per level, so memory does not grow with the leaves, and adding one allocates
// nothing. The zero value is an empty tree. Not safe for concurrent use.
type Tree struct {
	size uint64
	// level[i] is the hash of a complete subtree of 2^i leaves where bit i of size is set.
	level [64]Hash
	sha   hash.Hash
	sum   Hash
}

// Add appends a leaf by its content.
func (t *Tree) Add(leaf []byte) {
	if t.sha == nil {
		t.sha = sha256.New()
	}
	t.sha.Reset()
	t.sum[0] = 0 // the prefix that keeps leaves apart from nodes
	t.sha.Write(t.sum[:1])
	t.sha.Write(leaf)
	t.sha.Sum(t.sum[:0])
	t.AddHash(t.sum)
}

// AddHash appends a leaf by its leaf hash (LeafHash).
func (t *Tree) AddHash(h Hash) {
	merge := bits.TrailingZeros64(^t.size) // complete subtrees that the new leaf closes
	for i := range merge {
		h = nodeHash(&t.level[i], &h)
	}
	t.level[merge] = h
	t.size++
}

// Len is the number of leaves.
func (t *Tree) Len() int64 { return int64(t.size) }

// Root is the tree hash of the leaves so far; of no leaves it is the sha256 of nothing. More leaves
// may be added afterwards.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	low := bits.TrailingZeros64(t.size)
	root := t.level[low]
	for i := low + 1; i < 64; i++ {
		if t.size>>i&1 == 1 {
			root = nodeHash(&t.level[i], &root)
		}
	}
	return root
}

// LeafHash is SHA-256(0x00 ‖ leaf).
func LeafHash(leaf []byte) Hash {
	var t Tree
	t.Add(leaf)
	return t.level[0]
}

// nodeHash is SHA-256(0x01 ‖ left ‖ right).
func nodeHash(left, right *Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}
