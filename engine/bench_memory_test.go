//go:build bench

package engine

func (y *yard) memory() {}
