package dashboards

// laidOut gives the panels of a dashboard their numbers and places: from left to right as far as there
// is room, rows below each other, each below a line with its title.
func (d Dashboard) laidOut() Dashboard {
	y, id := 0, 0
	for i := range d.Rows {
		if d.Rows[i].Title != "" {
			y++
		}
		y = flow(d.Rows[i].Panels, y)
		for j := range d.Rows[i].Panels {
			id++
			d.Rows[i].Panels[j].ID = id
		}
	}
	return d
}

// flow places panels from a line on and returns the line below them.
func flow(panels []Panel, y int) int {
	x, high := 0, 0
	for i := range panels {
		g := &panels[i].Grid
		if x+g.W > Columns {
			x, y, high = 0, y+high, 0
		}
		g.X, g.Y = x, y
		x, high = x+g.W, max(high, g.H)
	}
	return y + high
}
