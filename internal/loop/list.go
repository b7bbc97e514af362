package loop

// A list is an intrusive doubly linked list: its nodes are fields of what it
// holds, so that linking and unlinking allocate nothing and take O(1).
type list[T any] struct {
	first, last *node[T]
	len         int
}

// A node links its owner into at most one list. The zero node is unlinked.
type node[T any] struct {
	next, prev *node[T]
	in         *list[T]
	owner      T
}

func (l *list[T]) empty() bool { return l.first == nil }

func (l *list[T]) push(n *node[T]) {
	if n.in != nil {
		panic("loop: a node is linked twice")
	}
	l.len++
	n.in, n.prev = l, l.last
	if l.last == nil {
		l.first = n
	} else {
		l.last.next = n
	}
	l.last = n
}

// pop unlinks the first node and returns it, or nil.
func (l *list[T]) pop() *node[T] {
	n := l.first
	if n != nil {
		n.unlink()
	}
	return n
}

// unlink takes the node out of its list, if it is in one.
func (n *node[T]) unlink() {
	l := n.in
	if l == nil {
		return
	}
	l.len--
	if n.prev == nil {
		l.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.next, n.prev, n.in = nil, nil, nil
}
