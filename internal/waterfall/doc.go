// Package waterfall draws what happened during one request: its steps below each other, each where it was
// in time, those that only waited told apart from those that worked.
//
// A [Fall] becomes HTML, which a page puts into a <figure>, and [CSS] into its style. Which colours things
// have is the page's to say, in these custom properties:
//
//	--wait --work --call   steps in which something waits, works, or is asked of somebody else
//	--fail                 the border of what failed
//	--text --card --rule   letters, the ground, and its border
//
// Texts are escaped, but not cut: who has them from outside cuts them. Everything here may be called by
// any goroutine.
package waterfall
