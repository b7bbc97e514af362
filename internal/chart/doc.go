// Package chart draws measures over time as pieces of a page: SVG whose text keeps its size while
// lines stretch with the page, and a table of the figures for who cannot see it, and for who wants
// the numbers.
//
// A [Figure] is a chart, or charts above each other on one scale; lines may stand on each other, as areas.
// A [Tile] is one value, large, with the line of how it came about. A [Histogram] is how often values came, whenever
// that was. All become HTML; a page puts that into an element of its own, and [CSS] into its style. Which colours things have is the page's to say, in these
// custom properties, as [PageCSS] does:
//
//	--text --quiet     letters, and letters of less weight
//	--card --rule      the ground of a plot, and its border
//	--grid             lines of a scale
//	--fault --edge     a span that is shaded, and its border in a legend
//	--base             a span that is marked by a strip
//	--good --warn --bad    what is as it should be, what is not, and what hurts
//	--c0 … --c7        lines
//
// Nothing depends on colour alone: lines have dashes of their own, tiles say how they stand, and the
// spans that are shaded stand in words below the table.
//
// # What is given
//
// Points are in the order of time. Those that are no numbers are gaps, and so are stretches without a
// point; those outside of From and To are not drawn. Texts are escaped, but not cut: who has them from
// outside cuts them.
//
// # Bounds
//
// A figure draws at most [MaxLines] lines, those which reach furthest, and says how many it leaves out; where
// lines stand on each other, it adds them up in one.
// Of a line it draws at most [MaxPoints] points, of each stretch of time the lowest and the highest, so
// that a peak stays a peak. A chart has at most 64 shades, the first, and its figure says how many it leaves out; and
// 64 marks and 8 thresholds.
//
// Everything here may be called by any goroutine.
package chart
