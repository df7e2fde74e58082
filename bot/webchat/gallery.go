package webchat

import (
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"crmbot/cards/htmlcard"
	"crmbot/internal/crm"
)

type galleryCard struct {
	Name, Title string
	Index       int
	HTML        template.HTML
	Lossy       []string
}

type galleryGroup struct {
	Name  string
	Cards []galleryCard
}

// gallery shows every card in every state.
func (s *Server) gallery(w http.ResponseWriter, r *http.Request) {
	l, list := samples(r)
	var groups []galleryGroup
	for i, x := range list {
		html, lossy, err := htmlcard.Render(x.Card, htmlcard.Options{ID: "s" + strconv.Itoa(i)})
		if err != nil {
			slog.Error("gallery", "sample", x.Name, "err", err)
			http.Error(w, x.Name+": "+err.Error(), http.StatusInternalServerError)
			return
		}
		g := galleryCard{Name: x.Name, Title: x.Title.In(l), Index: i, HTML: html}
		for _, y := range lossy {
			g.Lossy = append(g.Lossy, y.Block+" → "+y.Shown)
		}
		noun, _, _ := strings.Cut(x.Name, "/")
		noun, _, _ = strings.Cut(noun, ".")
		if n := len(groups); n == 0 || groups[n-1].Name != noun {
			groups = append(groups, galleryGroup{Name: noun})
		}
		groups[len(groups)-1].Cards = append(groups[len(groups)-1].Cards, g)
	}
	theme := r.URL.Query().Get("theme")
	if theme != "dark" {
		theme = "light"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	err := pages.ExecuteTemplate(w, "gallery.html", map[string]any{"Groups": groups, "English": l == crm.English, "Dark": theme == "dark", "Theme": theme, "Forms": forms, "Count": len(list)})
	if err != nil {
		slog.Error("gallery", "err", err)
	}
}

// galleryRaw is one sample as a platform would get it.
func (s *Server) galleryRaw(w http.ResponseWriter, r *http.Request) {
	s.json(func(r *http.Request) (any, error) {
		form, err := wantedForm(r)
		if err != nil {
			return nil, err
		}
		_, list := samples(r)
		i, err := strconv.Atoi(r.URL.Query().Get("index"))
		if err != nil || i < 0 || i >= len(list) {
			return nil, crm.NotFound("没有这张卡片", "there is no such card")
		}
		return rawCard(list[i].Card, form)
	})(w, r)
}
