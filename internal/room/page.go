package room

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

// lookTime bounds a look at the shop, whatever does not answer.
const lookTime = 6 * time.Second

// A screen is a page, a part of which is rendered again while it is open.
type screen struct {
	path   string // as http.ServeMux has it
	name   string // of its template
	period time.Duration
	read   func(*http.Request) (question, error)
}

// A question is what a page is asked for. An error of reading one is a refusal.
type question struct {
	title string
	key   string                             // tells it from others of its screen; short, for it is kept
	still func(context.Context) (any, error) // what does not live; nil if nothing
	live  func(context.Context) (any, error) // what does; nil if nothing
}

// A frame is what every page has around its own.
type frame struct {
	Title    string
	Page     string // the name of its template
	Path     string // where it is, with its query
	Theme    string
	Token    string
	Nav      []link
	State    template.HTML
	LivePath string // where its news come from; "" if it has none
	Live     template.HTML
	Still    any
}

// A link leads to a page.
type link struct {
	Path, Name string
	Here       bool
}

// sections are the pages that all others have a link to.
var sections = [...]link{
	{Path: "/", Name: "Map"}, {Path: "/loop/gateway", Name: "Loops"}, {Path: "/protections", Name: "Protections"},
	{Path: "/faults", Name: "Faults"}, {Path: "/drills", Name: "Drills"}, {Path: "/dashboards/overview", Name: "Dashboards"},
	{Path: "/traces", Name: "Traces"}, {Path: "/runs", Name: "Runs"},
}

// nav returns the sections, and says which of them a path is in.
func nav(at string) []link {
	all := sections
	for i := range all {
		first, _, _ := strings.Cut(strings.TrimPrefix(all[i].Path, "/"), "/")
		here, _, _ := strings.Cut(strings.TrimPrefix(at, "/"), "/")
		all[i].Here = first == here
	}
	return all[:]
}

// parsePages reads all templates: one set for each page, with the frame in it.
func parsePages() (map[string]*template.Template, error) {
	common, err := template.New("").Funcs(words()).ParseFS(pageFiles, "pages/frame.html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, file := range files {
		set, err := common.Clone()
		if err == nil {
			_, err = set.ParseFS(pageFiles, file)
		}
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(path.Base(file), ".html")] = set
	}
	return pages, nil
}

// show answers with a page.
func (r *Room) show(w http.ResponseWriter, q *http.Request, s screen) {
	asked, err := s.read(q)
	if err != nil {
		r.refuse(w, q, refusalOf(err))
		return
	}
	f := frame{Title: asked.title, Page: s.name}
	if asked.still != nil {
		ctx, cancel := context.WithTimeout(q.Context(), lookTime)
		defer cancel()
		if f.Still, err = asked.still(ctx); err != nil {
			r.refuse(w, q, refusalOf(err))
			return
		}
	}
	if asked.live != nil {
		f.LivePath = "/live" + q.URL.RequestURI()
		f.Live = r.liveOf(q.Context(), s, asked)
	}
	r.render(w, q, http.StatusOK, f)
}

// render writes a page.
func (r *Room) render(w http.ResponseWriter, q *http.Request, status int, f frame) {
	f.Path, f.Theme, f.Token, f.Nav = pathOf(q), theme(q), r.token(w, q), nav(q.URL.Path)
	f.State = r.state(q.Context())
	var page bytes.Buffer
	if err := r.pages[f.Page].ExecuteTemplate(&page, "frame", f); err != nil {
		r.config.Log.Error("a page could not be rendered", slog.String("page", f.Page), slog.Any("error", err))
		http.Error(w, "The page could not be rendered; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // who is gone needs no answer
}

// pathOf is where the page of a request is: what is posted to may have none.
func pathOf(q *http.Request) string {
	if q.Method == http.MethodPost {
		return "/"
	}
	return q.URL.RequestURI()
}

// liveOf returns the part of a page that lives, as it is now, or was since less than a period.
func (r *Room) liveOf(ctx context.Context, s screen, asked question) template.HTML {
	html, err := r.looks.get(ctx, s.name+" "+asked.key, s.period*9/10, func() (string, error) {
		ctx, cancel := context.WithTimeout(r.ctx, lookTime)
		defer cancel()
		data, err := asked.live(ctx)
		if err != nil {
			return "", err
		}
		return r.part(s.name, "live", data)
	})
	if err != nil {
		html = r.trouble(err)
	}
	return template.HTML(html)
}

// part renders a part of a page.
func (r *Room) part(page, name string, data any) (string, error) {
	var b strings.Builder
	if err := r.pages[page].ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("the page cannot be rendered: %w", err)
	}
	return b.String(), nil
}

// trouble is what stands where something could not be had.
func (r *Room) trouble(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("the shop did not answer in time")
	}
	html, late := r.part("refusal", "trouble", sentence(err.Error()))
	if late != nil {
		r.config.Log.Error("a page could not be rendered", slog.Any("error", late))
	}
	return html
}
