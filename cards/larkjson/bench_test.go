package larkjson

import "testing"

// BenchmarkRender is the cost of one ordinary card, its validation included.
func BenchmarkRender(b *testing.B) {
	c := approvalCard()
	for b.Loop() {
		if _, _, err := Render(c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenderShrunk is the cost of a card that has to be shrunk.
func BenchmarkRenderShrunk(b *testing.B) {
	c := one(bigTable(900))
	for b.Loop() {
		if _, _, err := Render(c); err != nil {
			b.Fatal(err)
		}
	}
}
