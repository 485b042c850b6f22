package embedded

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
)

// wire stands between the cluster and its connections. It reads the frames that go by, so that it
// can end a connection instead of delivering an answer, or hold a broker's answers back.
type wire struct {
	mu        sync.Mutex
	drops     map[int16]int            // answers of this API still to be dropped
	paused    map[string]chan struct{} // by port; closed when the broker goes on
	listeners map[string]*listener     // by port
}

func newWire() *wire {
	return &wire{drops: map[int16]int{}, paused: map[string]chan struct{}{}, listeners: map[string]*listener{}}
}

var errDropped = errors.New("connection dropped on purpose")

func (w *wire) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	ln := &listener{Listener: l, wire: w, port: hostPort(l.Addr().String()), conns: map[*conn]bool{}}
	w.mu.Lock()
	w.listeners[ln.port] = ln
	w.mu.Unlock()
	return ln, nil
}

func (w *wire) drop(key int16, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drops[key] += times
}

func (w *wire) takeDrop(key int16) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.drops[key] == 0 {
		return false
	}
	w.drops[key]--
	return true
}

func (w *wire) pause(port string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused[port] == nil {
		w.paused[port] = make(chan struct{})
	}
}

func (w *wire) resume(port string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch := w.paused[port]; ch != nil {
		close(ch)
		delete(w.paused, port)
	}
}

// open ends every pause.
func (w *wire) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for port, ch := range w.paused {
		close(ch)
		delete(w.paused, port)
	}
}

func (w *wire) gate(port string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.paused[port]
}

// cut ends every connection of a broker.
func (w *wire) cut(port string) {
	w.mu.Lock()
	ln := w.listeners[port]
	w.mu.Unlock()
	if ln != nil {
		ln.closeConns()
	}
}

func (w *wire) closeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ln := range w.listeners {
		ln.closeConns()
	}
}

type listener struct {
	net.Listener
	wire *wire
	port string

	mu    sync.Mutex
	conns map[*conn]bool
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, ln: l, done: make(chan struct{})}
	l.mu.Lock()
	l.conns[c] = true
	l.mu.Unlock()
	return c, nil
}

func (l *listener) closeConns() {
	l.mu.Lock()
	conns := l.conns
	l.conns = map[*conn]bool{}
	l.mu.Unlock()
	for c := range conns {
		c.Close()
	}
}

// conn notes the API key of each request that passes, in order: answers come in the same order.
// Under TLS what passes is cipher text; nothing is noted then and nothing can be dropped.
type conn struct {
	net.Conn
	ln   *listener
	once sync.Once
	done chan struct{}

	head []byte // of the request that is passing: its size and its key
	left int    // bytes of that request still to pass

	mu   sync.Mutex
	keys []int16
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.note(p[:n])
	return n, err
}

func (c *conn) note(p []byte) {
	for len(p) > 0 {
		if c.left > 0 {
			skip := min(c.left, len(p))
			c.left, p = c.left-skip, p[skip:]
			continue
		}
		take := min(6-len(c.head), len(p))
		c.head, p = append(c.head, p[:take]...), p[take:]
		if len(c.head) < 6 {
			return
		}
		c.left = int(binary.BigEndian.Uint32(c.head)) - 2
		c.mu.Lock()
		c.keys = append(c.keys, int16(binary.BigEndian.Uint16(c.head[4:])))
		c.mu.Unlock()
		c.head = c.head[:0]
	}
}

// Write passes one answer on: the cluster writes each with one call.
func (c *conn) Write(p []byte) (int, error) {
	if gate := c.ln.wire.gate(c.ln.port); gate != nil {
		select {
		case <-gate:
		case <-c.done:
			return 0, net.ErrClosed
		}
	}
	if key, ok := c.nextKey(); ok && c.ln.wire.takeDrop(key) {
		c.Close()
		return 0, errDropped
	}
	return c.Conn.Write(p)
}

func (c *conn) nextKey() (int16, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) == 0 {
		return 0, false
	}
	key := c.keys[0]
	c.keys = c.keys[1:]
	return key, true
}

// Close ends the connection and releases whoever waits on it.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.ln.mu.Lock()
		delete(c.ln.conns, c)
		c.ln.mu.Unlock()
	})
	return c.Conn.Close()
}
