package storage

import (
	"bytes"
	"context"
)

// Lock takes a lease that is renewed until it is released.
func (m *Memory) Lock(ctx context.Context, key string, h Holder) (*Lock, error) {
	if err := ValidateKey(key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	o, clock := m.lease, m.clock
	m.mu.Unlock()
	return takeLease(ctx, m, key, h, o, clock)
}

// Holder reads the lease.
func (m *Memory) Holder(ctx context.Context, key string) (Holder, bool, error) {
	if err := ValidateKey(key); err != nil {
		return Holder{}, false, err
	}
	data, _, err := m.readLease(ctx, OpHolder, key)
	if err != nil {
		return Holder{}, false, err
	}
	m.mu.Lock()
	o, clock := m.lease.applyDefaults(), m.clock
	m.mu.Unlock()
	h, held := leaseHolder(data, clock.Now(), o.Margin)
	if !held {
		return Holder{}, false, nil
	}
	return h, true, nil
}

func (m *Memory) readLease(ctx context.Context, op Op, key string) ([]byte, string, error) {
	f, err := m.begin(ctx, op, key)
	if err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	o := m.objects[key]
	m.mu.Unlock()
	if o == nil {
		return nil, "", m.end(f, op, key)
	}
	return bytes.Clone(o.data), o.version, m.end(f, op, key)
}

func (m *Memory) swapLease(ctx context.Context, op Op, key string, data []byte, version string) (string, error) {
	f, err := m.begin(ctx, op, key)
	if err != nil {
		return "", err
	}
	next, err := m.swap(op, key, data, version)
	if err != nil {
		return "", err
	}
	return next, m.end(f, op, key)
}

func (m *Memory) swap(op Op, key string, data []byte, version string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[key]
	switch {
	case o == nil && version != "", o != nil && o.version != version:
		return "", errLeaseChanged
	case o == nil:
		if err := m.vacant(key); err != nil {
			return "", m.fail(op, key, err)
		}
	}
	return m.set(key, data), nil
}
