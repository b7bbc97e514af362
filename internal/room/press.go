package room

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// A button does what a form asks for, and returns what to say about it and the page to go back to. An
// error that is a refusal or a *shop.Error says why nothing was done.
type button func(*http.Request) (done, error)

// A done is what came of a button.
type done struct {
	Message string `json:"message"`
	back    string // the path of a page, with a place in it
}

// press presses a button, if the request may.
func (r *Room) press(w http.ResponseWriter, q *http.Request, do button) {
	if err := q.ParseForm(); err != nil {
		r.refuse(w, q, unreadable(err))
		return
	}
	if err := r.checkPress(q); err != nil {
		r.config.Log.Warn("a press was refused", slog.String("path", q.URL.Path), slog.String("why", err.Error()))
		r.refuse(w, q, refusal{http.StatusForbidden, sentence(err.Error())})
		return
	}
	d, err := do(q)
	r.changed()
	if err != nil {
		r.refuse(w, q, refusalOf(err))
		return
	}
	r.config.Log.Info("pressed", slog.String("path", q.URL.Path), slog.String("done", d.Message))
	if wantsJSON(q) {
		respond(w, http.StatusOK, d)
		return
	}
	http.Redirect(w, q, d.back, http.StatusSeeOther)
}

// unreadable is why a form cannot be read.
func unreadable(err error) refusal {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refusal{http.StatusRequestEntityTooLarge, "The form is larger than any."}
	}
	return refusal{http.StatusBadRequest, "The form cannot be read."}
}

// wantsJSON says whether a script asks, which stays on its page.
func wantsJSON(q *http.Request) bool { return q.Header.Get("Accept") == "application/json" }

// A refusal is why a request is not answered as it wants to be.
type refusal struct {
	status int
	text   string // a sentence
}

// Error implements error.
func (r refusal) Error() string { return r.text }

// refusalOf makes a refusal of any error: an admin port's tells the place, if that is a field of a form.
func refusalOf(err error) refusal {
	if known, ok := errors.AsType[refusal](err); ok {
		return known
	}
	e, ok := errors.AsType[*shop.Error](err)
	if !ok {
		return refusal{http.StatusBadGateway, sentence(err.Error())}
	}
	text := e.Message
	if field, in := strings.CutPrefix(e.Pointer, "/"); in {
		text = strings.TrimPrefix(field, "params/") + " " + text
	}
	return refusal{service.Status(e.Code), sentence(text)}
}

// refuse says why a request is not answered, as a page or to a script.
func (r *Room) refuse(w http.ResponseWriter, q *http.Request, why refusal) {
	if wantsJSON(q) {
		respond(w, why.status, done{Message: why.text})
		return
	}
	r.render(w, q, why.status, frame{Title: http.StatusText(why.status), Page: "refusal", Still: why.text})
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v) // who is gone needs no answer
}

// themes are what a browser's pages may look like; "" is as its system has it.
var themes = map[string]bool{"": true, "light": true, "dark": true}

// themeCookie keeps which one.
const themeCookie = "brownout-theme"

// pressTheme changes how pages look in a browser, and nothing else.
func (r *Room) pressTheme(w http.ResponseWriter, q *http.Request) {
	r.press(w, q, func(q *http.Request) (done, error) {
		theme := q.PostFormValue("theme")
		if !themes[theme] {
			return done{}, refusal{http.StatusBadRequest, "There is no such theme."}
		}
		http.SetCookie(w, &http.Cookie{Name: themeCookie, Value: theme, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		return done{"The page looks as you want it.", backTo(q.PostFormValue("back"))}, nil
	})
}

// backTo returns a path of the room, whatever it is told: an address elsewhere is not one, nor is what becomes
// one in a browser, which takes \ for / and leaves tabs and ends of lines out.
func backTo(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\t\r\n") {
		return "/"
	}
	return path
}

// theme returns what a browser's pages look like.
func theme(q *http.Request) string {
	c, err := q.Cookie(themeCookie)
	if err != nil || !themes[c.Value] {
		return ""
	}
	return c.Value
}
