package audit

import (
	"context"
	"fmt"
)

// A list is one that is read page by page, P being what a page looks like. It is read
// again from where its last page began, which for a list that only grows is enough.
type list[T, P any] struct {
	source source
	path   string
	open   func(P) (items []T, next string)

	items  []T
	cursor string // of the last page
	before int    // items before that page
}

// read reads on to the end of the list, which must not have become shorter.
func (l *list[T, P]) read(ctx context.Context) error {
	had := len(l.items)
	if err := l.readOn(ctx); err != nil {
		return err
	}
	if len(l.items) < had {
		return fmt.Errorf("GET %s%s: had %d pieces and has %d: somebody threw its data away", l.source.base, l.path, had, len(l.items))
	}
	return nil
}

// readOn reads from the beginning of the last page.
func (l *list[T, P]) readOn(ctx context.Context) error {
	l.items = l.items[:l.before]
	for {
		var page P
		if err := l.source.get(ctx, l.path, l.cursor, &page); err != nil {
			return err
		}
		items, next := l.open(page)
		l.items = append(l.items, items...)
		if next == "" {
			return nil
		}
		if len(items) == 0 || len(l.items) > MaxRecords {
			return fmt.Errorf("GET %s%s: has no end within %d pieces", l.source.base, l.path, len(l.items))
		}
		l.cursor, l.before = next, len(l.items)
	}
}

// reread reads the list from its beginning.
func (l *list[T, P]) reread(ctx context.Context) error {
	l.items, l.cursor, l.before = nil, "", 0
	return l.read(ctx)
}
