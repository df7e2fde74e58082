// Package cards holds the product's cards: one file per noun with the functions
// that build them from entities, and the payloads of their actions beside
// them. Cards know types, never services.
package cards

import (
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Sample is one card in one state, for golden files and the gallery.
type Sample struct {
	// Name is stable: "lead.card/claimed". It names the golden file.
	Name string
	// Title says in the gallery what is to be seen.
	Title crm.Text
	Card  card.Card
}

// Samples are all cards in all states, in one language. Each noun's file adds
// its own list here.
func Samples(l crm.Lang) []Sample {
	var all []Sample
	for _, f := range []func(crm.Lang) []Sample{
		helpSamples,
		ruleSamples,
		chooseSamples,
		leadSamples,
		recycleSamples,
		assignSamples,
		reportSamples,
		metricSamples,
		accountSamples,
		poolSamples,
		mergeSamples,
		attachmentSamples,
		dealSamples,
		importSamples,
		activitySamples,
		contractSamples,
		approvalSamples,
		bindSamples,
		leaveSamples,
		handoverSamples,
		pushSamples,
		intakeSamples,
		channelSamples,
	} {
		all = append(all, f(l)...)
	}
	return all
}
