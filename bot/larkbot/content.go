package larkbot

import (
	"encoding/json"
	"strings"
)

// content is the text of a message and the files that it carries.
func content(kind, raw string) (string, []fileKey) {
	var c struct {
		Text        string `json:"text"`
		ImageKey    string `json:"image_key"`
		FileKey     string `json:"file_key"`
		FileName    string `json:"file_name"`
		Recognition string `json:"recognition"`
	}
	if kind == "post" {
		return post(raw)
	}
	if json.Unmarshal([]byte(raw), &c) != nil {
		return "", nil
	}
	switch kind {
	case "text":
		return c.Text, nil
	case "image":
		return "", []fileKey{{key: c.ImageKey, kind: "image"}}
	case "file":
		return "", []fileKey{{key: c.FileKey, kind: "file", name: fileName(c.FileName)}}
	case "audio":
		if c.Recognition != "" {
			return c.Recognition, nil
		}
		return c.Text, nil // where the platform recognised what was said
	}
	return "", nil
}

// fileName is a name without folders.
func fileName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	if s == "" {
		return "file"
	}
	return s
}

// post is a message of paragraphs with links, mentions and pictures. Some
// clients put it under a language.
func post(raw string) (string, []fileKey) {
	type part struct {
		Tag      string `json:"tag"`
		Text     string `json:"text"`
		Href     string `json:"href"`
		UserID   string `json:"user_id"`
		UserName string `json:"user_name"`
		ImageKey string `json:"image_key"`
		FileKey  string `json:"file_key"`
		FileName string `json:"file_name"`
	}
	type body struct {
		Title   string   `json:"title"`
		Content [][]part `json:"content"`
	}
	var p body
	if json.Unmarshal([]byte(raw), &p) != nil || (p.Title == "" && len(p.Content) == 0) {
		var byLang map[string]body
		if json.Unmarshal([]byte(raw), &byLang) != nil {
			return "", nil
		}
		for _, lang := range []string{"zh_cn", "en_us", "ja_jp"} {
			if x, ok := byLang[lang]; ok {
				p = x
				break
			}
		}
	}
	var lines []string
	var files []fileKey
	if p.Title != "" {
		lines = append(lines, p.Title)
	}
	for _, paragraph := range p.Content {
		var b strings.Builder
		for _, x := range paragraph {
			switch x.Tag {
			case "a":
				b.WriteString(x.Text)
				if x.Href != "" && x.Href != x.Text {
					b.WriteString(" " + x.Href)
				}
			case "at":
				b.WriteString(x.UserID) // "@_user_1", or a user id that means nothing
			case "img":
				files = append(files, fileKey{key: x.ImageKey, kind: "image"})
			case "file":
				files = append(files, fileKey{key: x.FileKey, kind: "file", name: fileName(x.FileName)})
			default:
				b.WriteString(x.Text)
			}
		}
		if s := strings.TrimSpace(b.String()); s != "" {
			lines = append(lines, s)
		}
	}
	return strings.Join(lines, "\n"), files
}
