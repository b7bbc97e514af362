// Package htmltest lets tests ask what a page of HTML shows.
package htmltest

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A Node is a part of a page.
type Node struct{ *html.Node }

// Parse reads a page or a fragment of one, as browsers do. The test ends if that cannot be done.
func Parse(t testing.TB, text string) Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return Node{root}
}

// All returns the elements below a node, in the order of the page: those of a name, if one is given, and
// of a class, if one is given.
func (n Node) All(name, class string) (found []Node) {
	for d := range n.Descendants() {
		e := Node{d}
		if d.Type == html.ElementNode && (name == "" || d.Data == name) && (class == "" || slices.Contains(strings.Fields(e.Attribute("class")), class)) {
			found = append(found, e)
		}
	}
	return found
}

// Attribute returns the value of an attribute, "" if there is none.
func (n Node) Attribute(name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Text returns the words that stand in a node, with a blank between any two of them.
func (n Node) Text() string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// Texts returns the text of each of some nodes.
func Texts(of []Node) (all []string) {
	for _, n := range of {
		all = append(all, n.Text())
	}
	return all
}

// voids are the elements of these pages that nothing closes.
var voids = []string{"meta", "br"}

// Closed fails the test if a page does not close what it opens, in order.
func Closed(t testing.TB, page string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(page))
	var open []string
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("left open: %q", open)
			}
			return
		case html.StartTagToken:
			if name, _ := tokens.TagName(); !slices.Contains(voids, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> where %q are open", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}
