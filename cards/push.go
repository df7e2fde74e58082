package cards

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Message is a withheld card as the digest tells it.
type Message struct {
	ID int64
	At time.Time
	// Card is what would have been sent, as it looks now.
	Card card.Card
}

// maxMessages keeps the digest within what every platform shows.
const maxMessages = 15

// maxPartAbout bounds how many records of one part the digest follows; a list
// names many, a card about something a few.
const maxPartAbout = 8

// Messages is the digest of the cards that were withheld because the day's
// budget was used up (CH-03): of each what it says, and a button that opens it
// whole. It follows the records of its parts: a record that the reader loses
// leaves the digest, as it leaves the card that was withheld.
func Messages(l crm.Lang, list []Message, budget int, zone *time.Location) card.Card {
	n := strconv.Itoa(len(list))
	c := card.Card{Lang: l, Title: l.T("汇总："+n+" 条消息", "Digest: "+n+" messages"), Tone: card.Info}
	if len(list) == 0 {
		c.Title = l.T("没有未读的汇总消息", "No withheld messages")
		c.Blocks = []card.Block{card.P(l.T("最近没有为您合并的消息。", "Nothing was withheld for you lately."))}
		return c
	}
	for i, x := range list[:min(len(list), maxMessages)] {
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		spans := []card.Span{{Text: x.At.In(zone).Format("01-02 15:04") + " · " + x.Card.Title, Bold: true}}
		if s := firstText(x.Card); s != "" {
			spans = append(spans, card.Span{Text: "\n" + s})
		}
		id := strconv.FormatInt(x.ID, 10)
		about := id
		if len(x.Card.About) > 0 {
			about = x.Card.About[0].String()
		}
		c.About = append(c.About, x.Card.About[:min(len(x.Card.About), maxPartAbout)]...)
		c.Blocks = append(c.Blocks, card.Text{Spans: spans}, card.Buttons{Items: []card.Button{CommandButton(l.T("查看 ", "Show ")+about, l.T("/消息 ", "/messages ")+id)}})
	}
	slices.SortFunc(c.About, func(a, b crm.Ref) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	c.About = slices.Compact(c.About)
	if more := len(list) - maxMessages; more > 0 {
		ids := make([]string, 0, more)
		for _, x := range list[maxMessages:] {
			ids = append(ids, strconv.FormatInt(x.ID, 10))
		}
		c.Blocks = append(c.Blocks, card.Divider{}, card.Note{Text: l.T("还有 "+strconv.Itoa(more)+" 条，发送 /消息 加编号查看："+strings.Join(ids, "、"), strconv.Itoa(more)+" more; send /messages with a number: "+strings.Join(ids, ", "))})
	}
	c.Blocks = append(c.Blocks, card.Note{Text: l.T("每天主动推送最多 "+strconv.Itoa(budget)+" 张卡片，其余合并在这里（CH-03）。", "At most "+strconv.Itoa(budget)+" cards a day come unasked; the others are gathered here (CH-03).")})
	return c
}

// firstText is the card's first words, short enough for a list.
func firstText(c card.Card) string {
	for _, b := range c.Blocks {
		t, ok := b.(card.Text)
		if !ok {
			continue
		}
		var s strings.Builder
		for _, x := range t.Spans {
			s.WriteString(x.Text)
		}
		if line := strings.Join(strings.Fields(s.String()), " "); line != "" {
			return clipRunes(line, 80)
		}
	}
	return clipRunes(c.Subtitle, 80)
}

func pushSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	given := card.Card{About: []crm.Ref{crm.LeadID(12).Ref()}, Title: l.T("L-12 已转给您", "L-12 is now yours"), Blocks: []card.Block{card.P(l.T("由 王磊 转交", "passed on by Wang Lei"))}}
	var many []Message
	for i := range maxMessages + 2 {
		many = append(many, Message{int64(100 + i), now.Add(time.Duration(i) * time.Minute), given})
	}
	return []Sample{
		{"push.digest/some", crm.Text{Zh: "合并的推送", En: "withheld cards"}, Messages(l, many[:2], 6, zone)},
		{"push.digest/many", crm.Text{Zh: "很多合并的推送", En: "many withheld cards"}, Messages(l, many, 6, zone)},
		{"push.digest/none", crm.Text{Zh: "没有合并的推送", En: "nothing withheld"}, Messages(l, nil, 6, zone)},
	}
}
