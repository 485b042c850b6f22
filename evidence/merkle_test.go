package evidence

import (
	"encoding/hex"
	"fmt"
	"testing"
)

// Test vectors of Certificate Transparency's reference implementation, used by all RFC 6962 logs.
var (
	ctLeaves = []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	ctRoots  = []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	// Audit paths from the same source: leaf, tree size, path.
	ctPaths = []struct {
		leaf, size int64
		path       []string
	}{
		{0, 1, nil},
		{0, 8, []string{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{5, 8, []string{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2, 3, []string{"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
		{1, 5, []string{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	}
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	must(t, err)
	return b
}

func TestMerkleVectors(t *testing.T) {
	var tree Tree
	for n := 0; ; n++ {
		if root := tree.Root(); hex.EncodeToString(root[:]) != ctRoots[n] || tree.Len() != int64(n) {
			t.Errorf("%d leaves: root %x, want %s", n, root, ctRoots[n])
		}
		if n == len(ctLeaves) {
			return
		}
		tree.Add(unhex(t, ctLeaves[n]))
	}
}

func TestInclusionVectors(t *testing.T) {
	for _, v := range ctPaths {
		p, err := NewProver(v.leaf, v.size)
		must(t, err)
		for _, leaf := range ctLeaves[:v.size] {
			p.AddHash(LeafHash(unhex(t, leaf)))
		}
		proof, err := p.Proof()
		must(t, err)
		if len(proof) != len(v.path) {
			t.Fatalf("leaf %d of %d: %d hashes, want %d", v.leaf, v.size, len(proof), len(v.path))
		}
		for i := range proof {
			if hex.EncodeToString(proof[i][:]) != v.path[i] {
				t.Errorf("leaf %d of %d: hash %d is %x, want %s", v.leaf, v.size, i, proof[i], v.path[i])
			}
		}
	}
}

// naiveRoot is the definition in RFC 6962, 2.1.
func naiveRoot(leaves [][]byte) Hash {
	switch len(leaves) {
	case 0:
		return Hash(unhex(nil, ctRoots[0]))
	case 1:
		return LeafHash(leaves[0])
	}
	k := largestPowerBelow(int64(len(leaves)))
	left, right := naiveRoot(leaves[:k]), naiveRoot(leaves[k:])
	return nodeHash(&left, &right)
}

func TestInclusionOfEveryLeaf(t *testing.T) {
	for size := int64(1); size <= 33; size++ {
		var leaves [][]byte
		var tree Tree
		for i := range size {
			leaves = append(leaves, fmt.Appendf(nil, "leaf %d", i))
			tree.Add(leaves[i])
		}
		root := tree.Root()
		if root != naiveRoot(leaves) {
			t.Fatalf("size %d: streamed and defined root differ", size)
		}
		for i := range size {
			p, err := NewProver(i, size)
			must(t, err)
			for _, leaf := range leaves {
				p.AddHash(LeafHash(leaf))
			}
			proof, err := p.Proof()
			must(t, err)
			if !VerifyInclusion(LeafHash(leaves[i]), i, size, proof, root) {
				t.Fatalf("leaf %d of %d does not verify", i, size)
			}
			for _, wrong := range []bool{
				VerifyInclusion(LeafHash([]byte("other")), i, size, proof, root),
				size > 1 && VerifyInclusion(LeafHash(leaves[i]), (i+1)%size, size, proof, root),
				VerifyInclusion(LeafHash(leaves[i]), i, size, append(proof, root), root),
				size > 1 && VerifyInclusion(LeafHash(leaves[i]), i, size, proof[:len(proof)-1], root),
			} {
				if wrong {
					t.Fatalf("leaf %d of %d: a wrong proof verifies", i, size)
				}
			}
		}
	}
}

func TestProverRefuses(t *testing.T) {
	if _, err := NewProver(3, 3); err == nil {
		t.Error("leaf 3 of 3 exists")
	}
	p, err := NewProver(0, 3)
	must(t, err)
	p.AddHash(Hash{})
	if _, err := p.Proof(); err == nil {
		t.Error("a proof with leaves missing")
	}
}

func TestTreeAllocatesNothing(t *testing.T) {
	var tree Tree
	leaf := make([]byte, 100)
	tree.Add(leaf)
	if n := testing.AllocsPerRun(1000, func() { tree.Add(leaf) }); n != 0 {
		t.Errorf("%v allocations per leaf", n)
	}
}

func BenchmarkTreeAdd(b *testing.B) {
	var tree Tree
	leaf := make([]byte, 120)
	b.SetBytes(120)
	for b.Loop() {
		tree.Add(leaf)
	}
}
