package room

import (
	"bytes"
	_ "embed"
	"net/http"
	"time"

	"brownout/internal/chart"
	"brownout/internal/waterfall"
)

//go:embed static/room.css
var styleText string

//go:embed static/room.js
var scriptText string

//go:embed static/icon.svg
var iconText string

// An asset is what pages load.
type asset struct{ kind, text string }

// assetOf returns an asset by its name.
func assetOf(name string) (asset, bool) {
	switch name {
	case "room.css":
		return asset{"text/css; charset=utf-8", styleText + string(chart.CSS()) + string(waterfall.CSS())}, true
	case "room.js":
		return asset{"text/javascript; charset=utf-8", scriptText}, true
	case "icon.svg":
		return asset{"image/svg+xml", iconText}, true
	}
	return asset{}, false
}

func (r *Room) serveAsset(w http.ResponseWriter, q *http.Request) {
	found, ok := assetOf(q.PathValue("name"))
	if !ok {
		r.refuse(w, q, refusal{http.StatusNotFound, "There is no such file."})
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Cache-Control", "no-cache") // another room at this port may have another
	http.ServeContent(w, q, "", time.Time{}, bytes.NewReader([]byte(found.text)))
}
