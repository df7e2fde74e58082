package dingcard

import (
	"fmt"
	"maps"
	"strings"
)

// Image is a picture that must be uploaded before the card is sent. Its
// Placeholder stands in the markdown where the media id belongs.
type Image struct {
	Placeholder string
	// Key names a file of the file store, if Data is empty; else Data is the
	// PNG or JPEG itself.
	Key  string
	Data []byte
	Alt  string
	// mark is the whole of the picture's markdown; label replaces it if there
	// is no picture.
	mark, label string
}

// picture adds a picture with a placeholder for its media id.
func (r *renderer) picture(i Image) {
	i.Placeholder = fmt.Sprintf("media-%d", len(r.images)+1)
	name := r.lang.T("图片", "Image")
	alt := name
	i.label = "［" + name + "］"
	if i.Alt != "" {
		alt = escapeLine(i.Alt)
		i.label = "［" + name + r.lang.T("：", ": ") + alt + "］"
	}
	i.mark = "![" + alt + "](" + i.Placeholder + ")"
	r.images = append(r.images, i)
	r.add(i.mark)
}

// Fill puts the media ids of uploaded pictures in, by placeholder. A picture
// without an id (its upload failed) is replaced by its alternative text, so the
// card can be sent all the same.
func (o Out) Fill(ids map[string]string) Out {
	put := func(s string) string {
		for _, i := range o.Images {
			with := i.label
			if id := ids[i.Placeholder]; id != "" {
				with = strings.TrimSuffix(i.mark, i.Placeholder+")") + id + ")"
			}
			s = strings.ReplaceAll(s, i.mark, with)
		}
		return s
	}
	if o.Params != nil {
		o.Params = maps.Clone(o.Params)
		o.Params["markdown"] = put(o.Params["markdown"])
	}
	if o.Message != nil {
		m := *o.Message
		m.Text = put(m.Text)
		o.Message = &m
	}
	o.Images = nil
	return o
}
