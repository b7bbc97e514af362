// Package page shows people what a load has shown, as one HTML page that needs nothing but itself: no
// script, no fonts, nothing fetched. It works by day and by night, on a phone and on paper.
//
// A [Sheet] has all that is told; nothing is measured or judged here. Charts are those of
// [brownout/internal/chart], each with a table of its figures. Texts that come from outside, as the codes of
// a server's errors do, are cut, escaped and freed of control characters.
package page
