package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"iter"
	"maps"
	"slices"
	"testing"
)

// shrink writes the PNG of a page anew, in a third of the bytes: with a palette. A page has few colours, and many shades of
// them where letters end: those that the palette has no room for become what is nearest.
func shrink(picture []byte) ([]byte, error) {
	page, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	palette := commonColours(page)
	small, places := image.NewPaletted(page.Bounds(), palette), map[color.RGBA]uint8{}
	for x, y := range points(page) {
		c := colourAt(page, x, y)
		if _, known := places[c]; !known {
			places[c] = uint8(palette.Index(c))
		}
		small.SetColorIndex(x, y, places[c])
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small)
	return out.Bytes(), err
}

// commonColours returns the colours that an image has most of, as many as a palette has room for. Of those that are alike it
// has one: the many shades of letters would leave no room for the colour of a thin line.
func commonColours(page image.Image) color.Palette {
	const (
		room  = 256
		alike = 6 // in red, green and blue
	)
	counts := map[color.RGBA]int{}
	for x, y := range points(page) {
		counts[colourAt(page, x, y)]++
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], bytes.Compare([]byte{a.R, a.G, a.B}, []byte{b.R, b.G, b.B}))
	})
	var kept []color.RGBA
	var palette color.Palette
	for _, c := range colours {
		if len(kept) < room && !slices.ContainsFunc(kept, func(other color.RGBA) bool { return apart(c, other) < alike }) {
			kept, palette = append(kept, c), append(palette, c)
		}
	}
	return palette
}

// points yields where the pixels of an image are, row by row.
func points(page image.Image) iter.Seq2[int, int] {
	return func(yield func(x, y int) bool) {
		b := page.Bounds()
		for i := range b.Dx() * b.Dy() {
			if !yield(b.Min.X+i%b.Dx(), b.Min.Y+i/b.Dx()) {
				return
			}
		}
	}
}

// colourAt returns the colour of a pixel. Pages are not transparent.
func colourAt(page image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(page.At(x, y)).(color.RGBA)
}

// What a picture has much of stays as it is, a shade that it has little of becomes one that is near, and a colour that is like
// no other stays, however little there is of it.
func TestPicturesShrink(t *testing.T) {
	t.Parallel()
	const shades = 10 // rows of them
	page := image.NewRGBA(image.Rect(0, 0, 100, 50))
	for x, y := range points(page) {
		c := color.RGBA{0xee, 0xee, 0xee, 0xff}
		if y < shades { // each of them once
			c = color.RGBA{uint8(x % 10), uint8(x / 10), uint8(y), 0xff}
		}
		if x == 0 && y == 2*shades {
			c = color.RGBA{0xff, 0, 0, 0xff}
		}
		page.SetRGBA(x, y, c)
	}
	var whole bytes.Buffer
	if err := png.Encode(&whole, page); err != nil {
		t.Fatal(err)
	}
	text, err := shrink(whole.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	small, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, is := small.(*image.Paletted); !is || small.Bounds() != page.Bounds() {
		t.Fatalf("%v became %T of %v", page.Bounds(), small, small.Bounds())
	}
	for x, y := range points(page) {
		was, is := page.RGBAAt(x, y), colourAt(small, x, y)
		if off := apart(was, is); off >= shades || off > 0 && y >= shades {
			t.Fatalf("at %d, %d: %v became %v", x, y, was, is)
		}
	}
}

// apart is how unlike two colours are.
func apart(a, b color.RGBA) uint8 {
	return max(distance(a.R, b.R), distance(a.G, b.G), distance(a.B, b.B))
}

func distance(a, b uint8) uint8 { return max(a, b) - min(a, b) }
