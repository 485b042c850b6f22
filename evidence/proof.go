package evidence

import (
	"fmt"
	"math/bits"
)

// Prover computes the proof that one leaf is in a tree, from all leaf hashes in order. Memory grows
// with the logarithm of the leaves. Not safe for concurrent use.
type Prover struct {
	index, size, next int64
	parts             []proofPart // ascending by from; together all leaves but index
}

type proofPart struct {
	from, to int64
	order    int // place in the proof, from the leaf upward
	tree     Tree
}

// NewProver prepares the proof of leaf index in a tree of size leaves.
func NewProver(index, size int64) (*Prover, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("prove leaf %d: the tree has %d leaves", index, size)
	}
	p := &Prover{index: index, size: size}
	var left, right []proofPart
	for from, to := int64(0), size; to-from > 1; {
		split := from + largestPowerBelow(to-from)
		if index < split {
			right = append(right, proofPart{from: split, to: to})
			to = split
		} else {
			left = append(left, proofPart{from: from, to: split})
			from = split
		}
		n := len(left) + len(right)
		if index < split {
			right[len(right)-1].order = n
		} else {
			left[len(left)-1].order = n
		}
	}
	p.parts = left
	for i := len(right) - 1; i >= 0; i-- {
		p.parts = append(p.parts, right[i])
	}
	return p, nil
}

// AddHash takes the leaf hash of the next leaf.
func (p *Prover) AddHash(h Hash) {
	i := p.next
	p.next++
	for n := range p.parts {
		if part := &p.parts[n]; i >= part.from && i < part.to {
			part.tree.AddHash(h)
			return
		}
	}
}

// Proof is the audit path of RFC 6962 (2.1.1), from the leaf upward. It fails while leaves are missing.
func (p *Prover) Proof() ([]Hash, error) {
	if p.next != p.size {
		return nil, fmt.Errorf("prove leaf %d: %d of %d leaves seen", p.index, p.next, p.size)
	}
	proof := make([]Hash, len(p.parts))
	for n := range p.parts {
		proof[len(p.parts)-p.parts[n].order] = p.parts[n].tree.Root()
	}
	return proof, nil
}

// VerifyInclusion says whether proof shows that the leaf with this leaf hash is number index of the
// size leaves under root (RFC 9162, 2.1.3.2).
func VerifyInclusion(leaf Hash, index, size int64, proof []Hash, root Hash) bool {
	if index < 0 || index >= size {
		return false
	}
	at, last := uint64(index), uint64(size-1)
	r := leaf
	for i := range proof {
		if last == 0 {
			return false
		}
		if at&1 == 1 || at == last {
			r = nodeHash(&proof[i], &r)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			r = nodeHash(&r, &proof[i])
		}
		at, last = at>>1, last>>1
	}
	return last == 0 && r == root
}

// largestPowerBelow is the largest power of two smaller than n, which is at least 2.
func largestPowerBelow(n int64) int64 {
	return 1 << (bits.Len64(uint64(n-1)) - 1)
}
